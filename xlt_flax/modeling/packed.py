"""Attention of documents that are packed several to a row: each over its own tokens alone.

Tokens are one flat list here, [rows * row_length, …]; only attention knows documents or rows. What
a padded batch spends on padding is not computed at all.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from xlt_flax.modeling.attention_dropout import Mask
from xlt_flax.modeling.dropout import Keep, drop
from xlt_flax.modeling.encoders import Batch

# On the CPU a document is attended to in the smallest of these windows that holds it. Each costs
# a few tenths of a second of compilation.
WINDOWS = (64, 128, 192, 256, 384)


class Packing:
    """Where documents lie in one device's packed batch, and attention inside each.

    Args:
      batch: `segment_ids` (0 = padding, 1.. = the document's number in its row) and `position_ids`
        (from 0 in each document), int32[rows, row_length]; `cls_index` int32[documents], each
        document's first token in the flattened rows (0 in unused slots); for dropout, `document`
        int32[documents], which of all documents each is.
      positions: the most tokens that a document may have.
      attention: "documents", each in a window of about its own length; or "rows", whole rows under
        a mask; None: what suits the backend.

    Attributes:
      first: int32[documents], each document's first token in the flat list.
      limit: more than any position.
    """

    def __init__(self, batch: Batch, positions: int, attention: str | None = None):
        self._batch, self._most_positions = batch, positions
        self._by_rows = (attention or _suitable_attention()) == "rows"
        self._spans = _spans(batch)
        self.first = self._spans.start
        self.limit = min(batch["segment_ids"].shape[1], positions)

    def token_numbers(self) -> jax.Array:
        """uint32[tokens]: the same number for the same token of the same document, anywhere."""
        position = self._positions()
        document = self._batch["document"][_inside(self._spans, len(position)).argmax(axis=0)]
        return (document * self._most_positions + position).astype(jnp.uint32)

    @jax.named_scope("attend")
    def attend(self, qkv: jax.Array, dropped: Mask | None) -> jax.Array:
        """[tokens or rows, row_length, heads, size]: every token over its document's.

        Args:
          qkv: [tokens, 3, heads, size], queries, keys and values.
          dropped: which weights dropout keeps; None: all.
        """
        return (self._attend_rows if self._by_rows else self._attend_documents)(qkv, dropped)

    @jax.named_scope("attend")
    def attend_first(self, query: jax.Array, pairs: jax.Array, dropped: Mask | None) -> jax.Array:
        """[documents, heads, size]: each document's first token over its own. So few queries that
        one masked product does.

        Args:
          query: [documents, heads, size].
          pairs: [tokens, 2, heads, size], keys and values.
          dropped: as above.
        """
        keep = None if dropped is None else dropped.of_first(self.first, self._positions())
        mask = _inside(self._spans, len(pairs))
        return _attend(query, pairs[:, 0], pairs[:, 1], mask, keep)

    def mean(self, states: jax.Array) -> jax.Array:
        """float32[documents, hidden]: the mean of each document's tokens, of [tokens, hidden]; 0 of
        an unused slot that points at none."""
        inside = _inside(self._spans, len(states)).astype(jnp.float32)
        lengths = jnp.maximum(self._spans.length, 1)[:, None]
        return inside @ states.astype(jnp.float32) / lengths

    def _positions(self) -> jax.Array:
        return self._batch["position_ids"].reshape(-1)

    def _attend_rows(self, qkv: jax.Array, dropped: Mask | None) -> jax.Array:
        """Whole rows under a block-diagonal mask: for accelerators."""
        segments = self._batch["segment_ids"]
        rows, length = segments.shape
        query, key, value = (qkv[:, i].reshape(rows, length, *qkv.shape[2:]) for i in range(3))
        mask = segments[:, :, None] == segments[:, None, :]
        if dropped is None:
            # cuDNN takes 16-bit types alone, and jax.nn has no dropout.
            cudnn = jax.default_backend() == "gpu" and qkv.dtype != jnp.float32
            return jax.nn.dot_product_attention(
                query, key, value, mask=mask[:, None], implementation="cudnn" if cudnn else "xla"
            )
        kept, rate = dropped.of_rows(self._batch["position_ids"])
        return jax.vmap(lambda q, k, v, m, kept: _attend(q, k, v, m, (kept, rate)))(
            query, key, value, mask, kept
        )

    def _attend_documents(self, qkv: jax.Array, dropped: Mask | None) -> jax.Array:
        """Each document by itself, in a window of about its own length: for the CPU."""
        windows = (*(w for w in WINDOWS if w < self.limit), self.limit)
        return _windowed(windows, qkv, self._spans, dropped)


def _suitable_attention() -> str:
    return "documents" if jax.default_backend() == "cpu" else "rows"


class _Spans(NamedTuple):
    """Where each slot's document lies in the flat list of tokens.

    An unused slot points at token 0 and so repeats the document there, if there is one.
    """

    start: jax.Array
    length: jax.Array


def _spans(batch: Batch) -> _Spans:
    segments, start = batch["segment_ids"], batch["cls_index"]
    row = start // segments.shape[1]
    segment = segments.reshape(-1)[start]
    length = jnp.sum(segments[row] == segment[:, None], axis=1, dtype=jnp.int32)
    return _Spans(start, jnp.where(segment > 0, length, 0))


def _inside(spans: _Spans, tokens: int) -> jax.Array:
    """bool[documents, tokens]: which of the flat list's tokens are a document's."""
    token, start = jnp.arange(tokens), spans.start[:, None]
    return (token >= start) & (token < start + spans.length[:, None])


def _attend(
    query: jax.Array, key: jax.Array, value: jax.Array, mask: jax.Array, keep: Keep | None
) -> jax.Array:
    """Softmax attention: [queries, heads, size] over [keys, heads, size]; mask [queries, keys]."""
    scale = np.float32(1 / np.sqrt(query.shape[-1]))
    scores = jnp.einsum("qhd,khd->hqk", query, key, preferred_element_type=jnp.float32) * scale
    scores = jnp.where(mask, scores, jnp.finfo(jnp.float32).min)
    weights = drop(jax.nn.softmax(scores, axis=-1), keep).astype(value.dtype)
    return jnp.einsum("hqk,khd->qhd", weights, value)


class _Window(NamedTuple):
    """A stretch of the flat list that holds one document.

    `before` counts its tokens ahead of the document's first; `inside` is bool[size].
    """

    start: jax.Array
    before: jax.Array
    inside: jax.Array


_Saved = tuple[jax.Array, _Spans, Mask | None]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _windowed(
    windows: tuple[int, ...], qkv: jax.Array, spans: _Spans, dropped: Mask | None
) -> jax.Array:
    def write(window: _Window, tokens: jax.Array, context: jax.Array) -> jax.Array:
        new = _attend_window(window, tokens, dropped)
        return _add(context, jnp.where(window.inside[:, None, None], new, 0), window.start)

    return _over_documents(windows, qkv, spans, write, jnp.zeros_like(qkv[:, 0]))


def _windowed_forward(
    windows: tuple[int, ...], qkv: jax.Array, spans: _Spans, dropped: Mask | None
) -> tuple[jax.Array, _Saved]:
    return _windowed(windows, qkv, spans, dropped), (qkv, spans, dropped)


def _windowed_backward(
    windows: tuple[int, ...], saved: _Saved, gradient: jax.Array
) -> tuple[jax.Array, None, None]:
    qkv, spans, dropped = saved

    def write(window: _Window, tokens: jax.Array, result: jax.Array) -> jax.Array:
        # Computed again from q, k and v: the scores of all documents would not fit a cache.
        _, pull = jax.vjp(lambda tokens: _attend_window(window, tokens, dropped), tokens)
        of_context = jax.lax.dynamic_slice_in_dim(gradient, window.start, len(window.inside))
        (new,) = pull(jnp.where(window.inside[:, None, None], of_context, 0))
        return _add(result, new, window.start)

    return _over_documents(windows, qkv, spans, write, jnp.zeros_like(qkv)), None, None


_windowed.defvjp(_windowed_forward, _windowed_backward)


def _attend_window(window: _Window, tokens: jax.Array, dropped: Mask | None) -> jax.Array:
    keep = (
        None
        if dropped is None
        else dropped.of_window(window.start, window.before, len(window.inside))
    )
    return _attend(tokens[:, 0], tokens[:, 1], tokens[:, 2], window.inside, keep)


def _over_documents(
    windows: tuple[int, ...],
    qkv: jax.Array,
    spans: _Spans,
    write: Callable[[_Window, jax.Array, jax.Array], jax.Array],
    result: jax.Array,
) -> jax.Array:
    """Lets write(window, its part of qkv, result) -> result add each document, once, in the
    smallest window that holds it."""
    repeated = jnp.triu(spans.start[:, None] == spans.start, k=1).any(axis=0)
    fits = jnp.searchsorted(jnp.array(windows), spans.length)
    fits = jnp.where((spans.length == 0) | repeated, len(windows), fits)
    order = jnp.argsort(fits)
    bounds = jnp.searchsorted(fits[order], jnp.arange(len(windows) + 1))
    for i, size in enumerate(windows):

        def body(n: jax.Array, result: jax.Array, size: int = size) -> jax.Array:
            start, length = spans.start[order[n]], spans.length[order[n]]
            at = jnp.minimum(start, qkv.shape[0] - size)  # the window must not pass the end
            token = at + jnp.arange(size)
            window = _Window(at, start - at, (token >= start) & (token < start + length))
            return write(window, jax.lax.dynamic_slice_in_dim(qkv, at, size), result)

        result = jax.lax.fori_loop(bounds[i], bounds[i + 1], body, result)
    return result


def _add(array: jax.Array, new: jax.Array, at: jax.Array) -> jax.Array:
    old = jax.lax.dynamic_slice_in_dim(array, at, new.shape[0])
    return jax.lax.dynamic_update_slice_in_dim(array, old + new, at, 0)
