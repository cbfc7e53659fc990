"""The forward pass of documents that are padded to one length: transformers' own module."""

import copy

import jax
import jax.numpy as jnp
from transformers import BertConfig
from transformers.models.bert.modeling_flax_bert import FlaxBertForSequenceClassificationModule

from xlt_flax.modeling.vocabulary import word_embedding


def make_padded_forward(config: BertConfig, dtype: str):
    """Returns forward(params, batch, dropout key or None) -> float32[rows, labels].

    Args:
      config: of the model's shape; the word embedding may hold any number of rows.
      dtype: what matrices are multiplied in; weights and logits are float32.
    """

    def forward(params: dict, batch: dict, dropout_key: jax.Array | None) -> jax.Array:
        shape = copy.copy(config)
        shape.vocab_size = len(word_embedding(params))
        module = FlaxBertForSequenceClassificationModule(shape, dtype=jnp.dtype(dtype))
        input_ids = batch["input_ids"]
        if dropout_key is not None:  # else all devices would drop the same
            dropout_key = jax.random.fold_in(dropout_key, batch["document"][0])
        logits = module.apply(
            {"params": params},
            input_ids,
            batch["attention_mask"],
            jnp.zeros_like(input_ids),
            jnp.broadcast_to(jnp.arange(input_ids.shape[-1]), input_ids.shape),
            None,
            deterministic=dropout_key is None,
            rngs=None if dropout_key is None else {"dropout": dropout_key},
        ).logits
        return logits.astype(jnp.float32)

    return forward
