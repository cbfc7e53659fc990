"""The forward pass of documents that are padded to one length: the library's own Flax module."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from xlt_flax.errors import UserError
from xlt_flax.modeling.dropout import Dropout
from xlt_flax.modeling.encoders import Batch, Forward, Params
from xlt_flax.modeling.heads import Projection
from xlt_flax.modeling.vocabulary import word_embedding

if TYPE_CHECKING:
    from transformers import FlaxPreTrainedModel, PretrainedConfig

_MEAN_HEAD = 1  # the stream of random keys for what the library's module does not drop


def counted_from_0(attention_mask: jax.Array) -> jax.Array:
    """int32[rows, length]: the positions of most encoders."""
    return jnp.broadcast_to(jnp.arange(attention_mask.shape[-1]), attention_mask.shape)


def library_forward(
    model: type[FlaxPreTrainedModel],
    shape: PretrainedConfig,
    dtype: str,
    positions: Callable[[jax.Array], jax.Array] | None = counted_from_0,
    *,
    mean_head: Projection | None = None,
    remat: bool = False,
) -> Forward:
    """Returns forward(params, batch, dropout key or None) -> float32[rows, labels].

    A batch has input_ids and attention_mask, int32[rows, length], token_type_ids of the same shape
    where documents are pairs, and document, int32[rows].

    Args:
      model: whose module takes ids, mask, token types, positions and head mask, as BERT's does, or
        ids and mask alone.
      shape: of the model; the word embedding may hold any number of rows.
      dtype: what matrices are multiplied in; weights and logits are float32.
      positions: of tokens, from the attention mask; None: the module takes neither them nor types.
      mean_head: what gives the logits of the mean of a document's last states; None: the model's
        own head gives them.
      remat: whether a layer's activations are computed again for the gradient, not kept.

    Raises:
      UserError: `remat` of a model whose module has it not.
    """
    options = {"dtype": jnp.dtype(dtype)} | _checkpointing(model, shape, remat)

    def forward(params: Params, batch: Batch, dropout_key: jax.Array | None) -> jax.Array:
        held = copy.copy(shape)
        held.vocab_size = len(word_embedding(params))
        module = model.module_class(held, **options)  # type: ignore[attr-defined]  # every real one has it
        if dropout_key is not None:  # else all devices would drop the same
            dropout_key = jax.random.fold_in(dropout_key, batch["document"][0])
        given = () if positions is None else _types_and_positions(batch, shape, positions)
        output = module.apply(
            {"params": params},
            batch["input_ids"],
            batch["attention_mask"],
            *given,
            deterministic=dropout_key is None,
            output_hidden_states=mean_head is not None,
            rngs=None if dropout_key is None else {"dropout": dropout_key},
        )
        if mean_head is None:
            return output.logits.astype(jnp.float32)
        return _of_mean(mean_head, params, batch, output.hidden_states[-1], dropout_key)

    return forward


def _checkpointing(
    model: type[FlaxPreTrainedModel], shape: PretrainedConfig, remat: bool
) -> dict[str, Any]:
    name = "gradient_checkpointing"
    if not remat:
        return {}
    if name not in model.module_class.__dataclass_fields__:  # type: ignore[attr-defined]  # as above
        raise UserError(
            "config.train.remat is True, but transformers' own module has no such thing for a "
            f"{shape.model_type} model: give False, or config.model.forward 'packed'"
        )
    return {name: True}


def _types_and_positions(
    batch: Batch, shape: PretrainedConfig, positions: Callable[[jax.Array], jax.Array]
) -> tuple[jax.Array, jax.Array, None]:
    """What BERT's module takes after ids and mask; the last is its mask of heads."""
    return _token_types(batch, shape), positions(batch["attention_mask"]), None


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
