"""The forward pass of documents that are padded to one length: the library's own Flax module."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from xlt_flax.errors import UserError
from xlt_flax.modeling.dropout import Dropout
from xlt_flax.modeling.encoders import Batch, Encoder, Forward, Params
from xlt_flax.modeling.heads import Projection
from xlt_flax.modeling.vocabulary import word_embedding

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_MEAN_HEAD = 1  # the stream of random keys for what the library's module does not drop


def padded_forward(
    encoder: Encoder,
    shape: PretrainedConfig,
    dtype: str,
    pooling: str = "cls",
    remat: bool = False,
) -> Forward:
    """For batches of data.layout.padded: input_ids and attention_mask, int32[rows, length],
    token_type_ids of the same shape where documents are pairs, and document, int32[rows].

    Args:
      encoder: of the shape.
      shape: of the model; the word embedding may hold any number of rows.
      dtype: of matrix products and activations; logits are float32.
      pooling: what the logits are computed of: "cls", the first token, by the model's own head; or
        "mean", the mean of a document's last states, special tokens' too, by the head's projection.
      remat: whether a layer's activations are computed again for the gradient, not kept.

    Raises:
      UserError: the library has no `remat` of the model.
    """
    module_class = encoder.MODEL.module_class  # type: ignore[attr-defined]  # every real one has it
    options = {"dtype": jnp.dtype(dtype)} | _checkpointing(module_class, shape, remat)

    def forward(params: Params, batch: Batch, dropout_key: jax.Array | None) -> jax.Array:
        held = copy.copy(shape)
        held.vocab_size = len(word_embedding(params))
        module = module_class(held, **options)
        if dropout_key is not None:  # else all devices would drop the same
            dropout_key = jax.random.fold_in(dropout_key, batch["document"][0])
        # Weights may be held in less; the library's ELECTRA would add embeddings in that.
        wide = jax.tree.map(lambda weight: weight.astype(jnp.float32), params)
        output = module.apply(
            {"params": wide},
            batch["input_ids"],
            batch["attention_mask"],
            *_types_and_positions(encoder, shape, batch),
            deterministic=dropout_key is None,
            output_hidden_states=pooling == "mean",
            rngs=None if dropout_key is None else {"dropout": dropout_key},
        )
        if pooling == "mean":
            head = encoder.projection(shape)
            return _of_mean(head, params, batch, output.hidden_states[-1], dropout_key)
        return output.logits.astype(jnp.float32)

    return forward


def _checkpointing(module_class: Any, shape: PretrainedConfig, remat: bool) -> dict[str, Any]:
    name = "gradient_checkpointing"
    if not remat:
        return {}
    if name not in module_class.__dataclass_fields__:
        raise UserError(
            "config.train.remat is True, but transformers' own module has no such thing for a "
            f"{shape.model_type} model: give False, or config.model.forward 'packed'"
        )
    return {name: True}


def _types_and_positions(
    encoder: Encoder, shape: PretrainedConfig, batch: Batch
) -> tuple[jax.Array | None, ...]:
    """What the library's module takes after ids and mask, as BERT's does; the last is its mask of
    heads."""
    positions = encoder.position_ids(shape, batch["attention_mask"])
    return () if positions is None else (_token_types(batch, shape), positions, None)


def _token_types(batch: Batch, shape: PretrainedConfig) -> jax.Array:
    """int32[rows, length]; an encoder of one type, as RoBERTa is, has it for both texts."""
    types = batch.get("token_type_ids")
    if types is None or shape.type_vocab_size < 2:
        return jnp.zeros_like(batch["input_ids"])
    return types


def _of_mean(
    head: Projection, params: Params, batch: Batch, states: jax.Array, key: jax.Array | None
) -> jax.Array:
    """float32[rows, labels] of the last states, [rows, length, hidden]."""
    mask = batch["attention_mask"].astype(jnp.float32)
    total = jnp.einsum("rl,rlh->rh", mask, states.astype(jnp.float32))
    mean = total / jnp.maximum(mask.sum(axis=1), 1)[:, None]
    if key is None:
        return head(params, mean, lambda vectors: vectors)
    dropout = Dropout(jax.random.fold_in(key, _MEAN_HEAD), head.dropout)
    return head(params, mean, partial(dropout, numbers=batch["document"].astype(jnp.uint32)))
