"""Encoders of BERT's kind over packed documents: embeddings, layers that normalise after each sum,
and a head. What one of them has of its own is its `Anatomy`.

Attention stays inside each document, positions count anew in each, and the head reads a document's
first token, or the mean of its tokens. Dropout goes by document and position, so that it too is the
same in any packing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from xlt_flax.modeling.attention_dropout import Mask, draw_mask
from xlt_flax.modeling.dropout import Dropout
from xlt_flax.modeling.encoders import Batch, Forward, Params
from xlt_flax.modeling.heads import Drop, Projection
from xlt_flax.modeling.layers import ACTIVATIONS, dense, layer_norm
from xlt_flax.modeling.packed import Packing


class Layer(NamedTuple):
    """A layer's weights by what they do: {"kernel", "bias"} each, or {"scale", "bias"} of norms."""

    query: Params
    key: Params
    value: Params
    output: Params
    output_norm: Params
    widen: Params
    narrow: Params
    norm: Params


@dataclass(frozen=True)
class Anatomy:
    """What is an encoder's own.

    Attributes:
      name: under which the model's tree has the encoder.
      layer: (encoder's tree, number) -> its weights.
      transform: what the head does with first tokens before the projection: (model's tree,
        [documents, hidden], drop) -> [documents, hidden].
      projection: the head's last layer.
      layers, heads: their counts.
      positions: the most tokens of a document.
      activation: one of ACTIVATIONS.
      epsilon: of layer norms.
      dropout, attention_dropout: rates.
      first_position: the row of a document's first token in the position embeddings.
      drops_attention_output: whether dropout also falls on what attention's last product gives.
    """

    name: str
    layer: Callable[[Params, int], Layer]
    transform: Callable[[Params, jax.Array, Drop], jax.Array]
    projection: Projection
    layers: int
    heads: int
    positions: int
    activation: str
    epsilon: float
    dropout: float
    attention_dropout: float
    first_position: int = 0
    drops_attention_output: bool = True


def packed_forward(
    anatomy: Anatomy,
    dtype: str,
    attention_dropout: str,
    pooling: str = "cls",
    remat: bool = False,
) -> Forward:
    """For batches of data.layout.packed; arguments as of `packed_logits`."""

    def forward(params: Params, batch: Batch, dropout_key: jax.Array | None) -> jax.Array:
        return packed_logits(
            params,
            batch,
            anatomy,
            dtype=dtype,
            dropout_rng=dropout_key,
            attention_dropout=attention_dropout,
            pooling=pooling,
            remat=remat,
        )

    return forward


def packed_logits(
    params: Params,
    batch: Batch,
    anatomy: Anatomy,
    *,
    dtype: Any = jnp.float32,
    dropout_rng: jax.Array | None = None,
    attention_dropout: str = "shared",
    attention: str | None = None,
    pooling: str = "cls",
    remat: bool = False,
) -> jax.Array:
    """Logits, float32[documents, num_labels], of one device's packed batch.

    Args:
      params: the library's own tree.
      batch: `input_ids`, int32[rows, row_length], `token_type_ids` of the same shape where
        documents are pairs, and what `Packing` reads. Logits of unused slots mean nothing.
      anatomy: of the encoder.
      dtype: of matrix products and activations; softmax, layer norm and logits are float32.
      dropout_rng: key; None for no dropout.
      attention_dropout: "shared" or "each" (see attention_dropout.py).
      attention: "documents" or "rows" (see `Packing`); None: what suits the backend.
      pooling, remat: as of `padded.padded_forward`.
    """
    batch = {name: jnp.asarray(array) for name, array in batch.items()}
    packing = Packing(batch, anatomy.positions, attention)
    now = _Pass(anatomy, packing, dropout_rng, attention_dropout)
    over = jax.checkpoint if remat else (lambda layer: layer)

    encoder = params[anatomy.name]
    layers = [anatomy.layer(encoder, number) for number in range(anatomy.layers)]
    hidden = _embed(encoder, batch, now, dtype)
    for layer in layers[:-1]:
        hidden = over(now.every_token)(layer, hidden)
    drop = partial(now.dropout, numbers=now.first_numbers, rate=anatomy.projection.dropout)
    if pooling == "mean":
        vectors = packing.mean(over(now.every_token)(layers[-1], hidden))
    else:
        # The head reads first tokens alone, so the last layer is computed for those alone.
        first = over(now.first_tokens)(layers[-1], hidden)
        vectors = anatomy.transform(params, first, drop)
    return anatomy.projection(params, vectors, drop)


class _Pass:
    """What all layers of one forward pass share.

    Args:
      anatomy, packing: of the encoder, and of the batch.
      key: of dropout, or None.
      kind: of attention's dropout.
    """

    def __init__(self, anatomy: Anatomy, packing: Packing, key: jax.Array | None, kind: str):
        self.anatomy, self.packing = anatomy, packing
        self.dropout, self._kind = Dropout(key, anatomy.dropout), kind
        self.numbers = None if key is None else packing.token_numbers()
        self.first_numbers = None if self.numbers is None else self.numbers[packing.first]

    def every_token(self, layer: Layer, hidden: jax.Array) -> jax.Array:
        """[tokens, hidden]: a layer."""
        qkv = _heads(hidden, (layer.query, layer.key, layer.value), self.anatomy.heads)
        context = self.packing.attend(qkv, self._next_mask())
        return self._after_attention(layer, context, hidden, self.numbers)

    def first_tokens(self, layer: Layer, hidden: jax.Array) -> jax.Array:
        """[documents, hidden]: what a layer makes of first tokens."""
        first, heads, mask = hidden[self.packing.first], self.anatomy.heads, self._next_mask()
        query = _heads(first, (layer.query,), heads)[:, 0]
        pairs = _heads(hidden, (layer.key, layer.value), heads)
        context = self.packing.attend_first(query, pairs, mask)
        return self._after_attention(layer, context, first, self.first_numbers)

    def _next_mask(self) -> Mask | None:
        rate, heads = self.anatomy.attention_dropout, self.anatomy.heads
        limit = self.packing.limit
        return draw_mask(self._kind, self.dropout, self.numbers, limit, rate, heads)

    def _after_attention(
        self, layer: Layer, context: jax.Array, residual: jax.Array, numbers: jax.Array | None
    ) -> jax.Array:
        anatomy = self.anatomy
        x = dense(context.reshape(residual.shape), layer.output)
        if anatomy.drops_attention_output:
            x = self.dropout(x, numbers)
        x = layer_norm(x + residual, layer.output_norm, anatomy.epsilon)
        wide = ACTIVATIONS[anatomy.activation](dense(x, layer.widen))
        narrow = self.dropout(dense(wide, layer.narrow), numbers)
        return layer_norm(narrow + x, layer.norm, anatomy.epsilon)


def _embed(encoder: Params, batch: Batch, now: _Pass, dtype: Any) -> jax.Array:
    """[tokens, hidden]"""
    p = encoder["embeddings"]
    total = _rows(p["word_embeddings"], batch["input_ids"].reshape(-1))
    positions = batch["position_ids"].reshape(-1) + now.anatomy.first_position
    total = total + _rows(p["position_embeddings"], positions)
    if "token_type_embeddings" in p:
        known = len(p["token_type_embeddings"]["embedding"])
        total = total + _rows(p["token_type_embeddings"], _token_types(batch, known))
    embedded = layer_norm(total.astype(dtype), p["LayerNorm"], now.anatomy.epsilon)
    embedded = now.dropout(embedded, now.numbers)
    projection = encoder.get("embeddings_project")  # of a table narrower than the layers
    return embedded if projection is None else dense(embedded, projection)


def _rows(p: Params, numbers: jax.Array | int) -> jax.Array:
    """float32[..., width]: rows of a table, which may be held in less."""
    return p["embedding"][numbers].astype(jnp.float32)


def _token_types(batch: Batch, known: int) -> jax.Array | int:
    """int32[tokens]; 0 for all where no document is a pair, or the model has one type alone."""
    types = batch.get("token_type_ids")
    return 0 if types is None or known < 2 else types.reshape(-1)


def _heads(x: jax.Array, projections: tuple[Params, ...], heads: int) -> jax.Array:
    """[tokens, len(projections), heads, head size]: the projections in one matrix product."""
    joined = {
        leaf: jnp.concatenate([p[leaf] for p in projections], axis=-1)
        for leaf in ("kernel", "bias")
    }
    return dense(x, joined).reshape(x.shape[0], len(projections), heads, -1)
