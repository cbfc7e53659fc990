"""Which weights of one layer's attention dropout keeps: one mask for all, or each its own.

Both kinds go by positions and by document, never by where a document lies, and both answer for the
three forms in which packed.py attends. An answer is a Keep: a mask that broadcasts to
[..., heads, queries, keys], and the rate.
"""

import flax
import jax
import jax.numpy as jnp

from xlt_flax.modeling.dropout import Dropout, Keep, keep_pairs


def draw_mask(
    kind: str,
    dropout: Dropout,
    numbers: jax.Array | None,
    limit: int,
    rate: float,
    heads: int,
) -> "Mask | None":
    """The mask of the next layer; None where nothing is dropped.

    Args:
      kind: "shared" by all heads and documents, as in FlaxBert (`broadcast_dropout`); or "each"
        head of each document has its own, as in PyTorch's BERT.
      dropout: of the step.
      numbers: uint32[tokens], the same for the same token of the same document, anywhere; None
        where nothing is dropped.
      limit: more than any position.
      rate: of dropout.
      heads: of attention.
    """
    if kind == "shared":
        keep = dropout.keep(jnp.arange(limit), limit, rate)
        return keep and SharedMask(jnp.pad(keep[0], ((limit, 0), (limit, 0))), rate)
    key = dropout.next_key(rate)
    return None if key is None or numbers is None else EachMask(key, numbers, heads, rate)


@flax.struct.dataclass
class SharedMask:
    """One mask for all heads and documents, small enough to be drawn whole.

    Attributes:
      kept: bool[2 limit, 2 limit], by position + limit: a window may begin before its document.
      rate: of dropout.
    """

    kept: jax.Array
    rate: float = flax.struct.field(pytree_node=False)

    def of_window(self, start: jax.Array, before: jax.Array, size: int) -> Keep:
        """[size, size]: of tokens from `start` on, `before` of which lie before their document."""
        del start
        first = len(self.kept) // 2 - before
        return jax.lax.dynamic_slice(self.kept, (first, first), (size, size)), self.rate

    def of_rows(self, positions: jax.Array) -> Keep:
        """[rows, 1, length, length], for positions int32[rows, length]."""
        at = positions[:, None] + len(self.kept) // 2
        return self.kept[at[..., :, None], at[..., None, :]], self.rate

    def of_first(self, start: jax.Array, positions: jax.Array) -> Keep:
        """[1, tokens]: of the documents' first tokens over all, of positions int32[tokens]."""
        del start
        limit = len(self.kept) // 2
        return self.kept[limit, limit + positions][None], self.rate


@flax.struct.dataclass
class EachMask:
    """A mask for each head of each document, drawn where it is used: it is as large as attention.

    Attributes:
      key: uint32[2], of the layer.
      numbers: uint32[tokens], see `draw_mask`.
      heads: their count.
      rate: of dropout.
    """

    key: jax.Array
    numbers: jax.Array
    heads: int = flax.struct.field(pytree_node=False)
    rate: float = flax.struct.field(pytree_node=False)

    def of_window(self, start: jax.Array, before: jax.Array, size: int) -> Keep:
        """[heads, size, size]; arguments as above."""
        queries = jax.lax.dynamic_slice_in_dim(self.numbers, start, size)
        return self._keep(queries[:, None], (jnp.arange(size) - before)[None])

    def of_rows(self, positions: jax.Array) -> Keep:
        """[rows, heads, length, length]."""
        queries = self.numbers.reshape(positions.shape)[:, :, None]
        kept, rate = self._keep(queries, positions[:, None, :])
        return jnp.moveaxis(kept, 1, 0), rate

    def of_first(self, start: jax.Array, positions: jax.Array) -> Keep:
        """[heads, documents, tokens], for documents that start at int32[documents]."""
        return self._keep(self.numbers[start][:, None], positions[None])

    def _keep(self, queries: jax.Array, keys: jax.Array) -> Keep:
        return keep_pairs(self.key, queries, keys, self.heads, self.rate), self.rate


Mask = SharedMask | EachMask
