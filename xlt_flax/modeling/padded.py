"""The forward pass of documents that are padded to one length: the library's own Flax module."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from xlt_flax.modeling.encoders import Batch, Forward, Params
from xlt_flax.modeling.vocabulary import word_embedding

if TYPE_CHECKING:
    from transformers import FlaxPreTrainedModel, PretrainedConfig


def counted_from_0(attention_mask: jax.Array) -> jax.Array:
    """int32[rows, length]: the positions of most encoders."""
    return jnp.broadcast_to(jnp.arange(attention_mask.shape[-1]), attention_mask.shape)


def library_forward(
    model: type[FlaxPreTrainedModel],
    shape: PretrainedConfig,
    dtype: str,
    positions: Callable[[jax.Array], jax.Array] = counted_from_0,
) -> Forward:
    """Returns forward(params, batch, dropout key or None) -> float32[rows, labels].

    A batch has input_ids and attention_mask, int32[rows, length], token_type_ids of the same shape
    where documents are pairs, and document, int32[rows].

    Args:
      model: whose module takes ids, mask, token types, positions and head mask, as BERT's does.
      shape: of the model; the word embedding may hold any number of rows.
      dtype: what matrices are multiplied in; weights and logits are float32.
      positions: of tokens, from the attention mask.
    """

    def forward(params: Params, batch: Batch, dropout_key: jax.Array | None) -> jax.Array:
        held = copy.copy(shape)
        held.vocab_size = len(word_embedding(params))
        make_module = model.module_class  # type: ignore[attr-defined]  # every real one has it
        module = make_module(held, dtype=jnp.dtype(dtype))
        if dropout_key is not None:  # else all devices would drop the same
            dropout_key = jax.random.fold_in(dropout_key, batch["document"][0])
        logits = module.apply(
            {"params": params},
            batch["input_ids"],
            batch["attention_mask"],
            _token_types(batch, shape),
            positions(batch["attention_mask"]),
            None,
            deterministic=dropout_key is None,
            rngs=None if dropout_key is None else {"dropout": dropout_key},
        ).logits
        return logits.astype(jnp.float32)

    return forward


def _token_types(batch: Batch, shape: PretrainedConfig) -> jax.Array:
    """int32[rows, length]; an encoder of one type, as RoBERTa is, has it for both texts."""
    types = batch.get("token_type_ids")
    if types is None or shape.type_vocab_size < 2:
        return jnp.zeros_like(batch["input_ids"])
    return types
