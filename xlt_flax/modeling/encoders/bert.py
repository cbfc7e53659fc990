"""BERT: padded by the library's module, or packed by the same function of the same weights.

Packed, attention stays inside each document, positions count from 0 in each, and [CLS] is gathered
per document. Dropout goes by document and position, so that it too is the same in any packing.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from transformers import BertConfig, FlaxBertForSequenceClassification

from xlt_flax.modeling.attention_dropout import draw_mask
from xlt_flax.modeling.dropout import Dropout
from xlt_flax.modeling.encoders import Batch, Forward, Params
from xlt_flax.modeling.packed import Packing
from xlt_flax.modeling.padded import library_forward

CONFIG, MODEL = BertConfig, FlaxBertForSequenceClassification
HEAD = "classifier/kernel"
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout")
ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_new": partial(jax.nn.gelu, approximate=True),
    "gelu_pytorch_tanh": partial(jax.nn.gelu, approximate=True),
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "swish": jax.nn.silu,
}


def positions(shape: BertConfig) -> int:
    return shape.max_position_embeddings


def packed_reason(shape: BertConfig) -> str | None:
    if shape.hidden_act not in ACTIVATIONS:
        return f"hidden_act is {shape.hidden_act!r}, not one of {', '.join(ACTIVATIONS)}"
    if getattr(shape, "position_embedding_type", "absolute") != "absolute":
        return f"position_embedding_type is {shape.position_embedding_type!r}, not 'absolute'"
    if shape.is_decoder or shape.add_cross_attention:
        return "it is a decoder, or has cross attention"
    return None


def packed_forward(shape: BertConfig, dtype: str, attention_dropout: str) -> Forward:
    def forward(params: Params, batch: Batch, dropout_key: jax.Array | None) -> jax.Array:
        return packed_logits(
            params,
            batch,
            shape,
            dtype=dtype,
            dropout_rng=dropout_key,
            attention_dropout=attention_dropout,
        )

    return forward


def padded_forward(shape: BertConfig, dtype: str) -> Forward:
    return library_forward(MODEL, shape, dtype)


def packed_logits(
    params: Params,
    batch: Batch,
    config: BertConfig,
    *,
    dtype: Any = jnp.float32,
    dropout_rng: jax.Array | None = None,
    attention_dropout: str = "shared",
    attention: str | None = None,
) -> jax.Array:
    """Logits, float32[documents, num_labels], of one device's packed batch.

    Args:
      params: FlaxBertForSequenceClassification's own tree.
      batch: `input_ids`, int32[rows, row_length], `token_type_ids` of the same shape where
        documents are pairs, and what `Packing` reads. Logits of unused slots mean nothing.
      config: of the model's shape; `packed_reason(config)` must be None.
      dtype: of matrix products and activations; softmax, layer norm and logits are float32.
      dropout_rng: key; None for no dropout.
      attention_dropout: "shared" or "each" (see attention_dropout.py).
      attention: "documents" or "rows" (see `Packing`); None: what suits the backend.
    """
    batch = {name: jnp.asarray(array) for name, array in batch.items()}
    packing = Packing(batch, positions(config), attention)
    dropout = Dropout(dropout_rng, config.hidden_dropout_prob)
    numbers = None if dropout_rng is None else packing.token_numbers()
    of_cls = None if numbers is None else numbers[packing.first]
    rate, heads = config.attention_probs_dropout_prob, config.num_attention_heads
    next_mask = partial(draw_mask, attention_dropout, dropout, numbers, packing.limit, rate, heads)

    bert = params["bert"]
    layers = [bert["encoder"]["layer"][str(i)] for i in range(config.num_hidden_layers)]
    hidden = dropout(_embed(bert["embeddings"], batch, config, dtype), numbers)
    for layer in layers[:-1]:
        qkv = _heads(hidden, layer["attention"]["self"], ("query", "key", "value"), config)
        context = packing.attend(qkv, next_mask())
        hidden = _after_attention(layer, context, hidden, numbers, config, dropout)
    # The pooler reads [CLS] alone, so the last layer is computed for those tokens alone.
    p, mask = layers[-1]["attention"]["self"], next_mask()
    query = _heads(hidden[packing.first], p, ("query",), config)[:, 0]
    pairs = _heads(hidden, p, ("key", "value"), config)
    context = packing.attend_first(query, pairs, mask)
    hidden = hidden[packing.first]
    hidden = _after_attention(layers[-1], context, hidden, of_cls, config, dropout)

    pooled = jnp.tanh(_dense(hidden, bert["pooler"]["dense"]))
    pooled = dropout(pooled, of_cls, config.classifier_dropout)
    return _dense(pooled.astype(jnp.float32), params["classifier"])


def _dense(x: jax.Array, p: Params) -> jax.Array:
    return x @ p["kernel"].astype(x.dtype) + p["bias"].astype(x.dtype)


def _layer_norm(x: jax.Array, p: Params, config: BertConfig) -> jax.Array:
    wide = x.astype(jnp.float32)
    centred = wide - jnp.mean(wide, axis=-1, keepdims=True)
    inverse = jax.lax.rsqrt(
        jnp.mean(jnp.square(centred), axis=-1, keepdims=True) + config.layer_norm_eps
    )
    return (centred * (inverse * p["scale"]) + p["bias"]).astype(x.dtype)


def _embed(p: Params, batch: Batch, config: BertConfig, dtype: Any) -> jax.Array:
    """[tokens, hidden]"""
    word = p["word_embeddings"]["embedding"][batch["input_ids"].reshape(-1)]
    position = p["position_embeddings"]["embedding"][batch["position_ids"].reshape(-1)]
    token_type = p["token_type_embeddings"]["embedding"][_token_types(batch, config)]
    return _layer_norm((word + position + token_type).astype(dtype), p["LayerNorm"], config)


def _token_types(batch: Batch, config: BertConfig) -> jax.Array | int:
    """int32[tokens]; 0 for all where no document is a pair, or the model has one type alone."""
    types = batch.get("token_type_ids")
    return 0 if types is None or config.type_vocab_size < 2 else types.reshape(-1)


def _after_attention(
    layer: Params,
    context: jax.Array,
    residual: jax.Array,
    numbers: jax.Array | None,
    config: BertConfig,
    dropout: Dropout,
) -> jax.Array:
    output = layer["attention"]["output"]
    x = dropout(_dense(context.reshape(residual.shape), output["dense"]), numbers)
    x = _layer_norm(x + residual, output["LayerNorm"], config)
    wide = ACTIVATIONS[config.hidden_act](_dense(x, layer["intermediate"]["dense"]))
    wide = dropout(_dense(wide, layer["output"]["dense"]), numbers)
    return _layer_norm(wide + x, layer["output"]["LayerNorm"], config)


def _heads(x: jax.Array, p: Params, names: tuple[str, ...], config: BertConfig) -> jax.Array:
    """[tokens, len(names), heads, head size]: the named projections in one matrix product."""
    joined = {
        leaf: jnp.concatenate([p[name][leaf] for name in names], axis=-1)
        for leaf in ("kernel", "bias")
    }
    return _dense(x, joined).reshape(x.shape[0], len(names), config.num_attention_heads, -1)
