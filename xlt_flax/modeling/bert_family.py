"""What BERT, ELECTRA, RoBERTa and XLM-R have in common: fields of their shapes, names of a layer's
weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.layers import ACTIVATIONS
from xlt_flax.modeling.packed_encoder import Layer

if TYPE_CHECKING:
    from transformers import PretrainedConfig

# What the model computes from its weights, and how it draws those that no file holds.
SHAPE = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
    "initializer_range",
)
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout")


def positions(shape: PretrainedConfig) -> int:
    return int(shape.max_position_embeddings)


def position_ids(shape: PretrainedConfig, attention_mask: jax.Array) -> jax.Array:
    """Counted from 0."""
    return jnp.broadcast_to(jnp.arange(attention_mask.shape[-1]), attention_mask.shape)


def packed_reason(shape: PretrainedConfig) -> str | None:
    if shape.hidden_act not in ACTIVATIONS:
        return f"hidden_act is {shape.hidden_act!r}, not one of {', '.join(ACTIVATIONS)}"
    if getattr(shape, "position_embedding_type", "absolute") != "absolute":
        return f"position_embedding_type is {shape.position_embedding_type!r}, not 'absolute'"
    if shape.is_decoder or shape.add_cross_attention:
        return "it is a decoder, or has cross attention"
    return None


def head_dropout(shape: PretrainedConfig) -> float:
    rate = shape.classifier_dropout
    return float(shape.hidden_dropout_prob if rate is None else rate)


def sizes(shape: PretrainedConfig) -> dict[str, Any]:
    """Those fields of an `Anatomy` that the shape says."""
    return {
        "layers": shape.num_hidden_layers,
        "heads": shape.num_attention_heads,
        "activation": shape.hidden_act,
        "epsilon": shape.layer_norm_eps,
        "dropout": shape.hidden_dropout_prob,
        "attention_dropout": shape.attention_probs_dropout_prob,
    }


def layer(encoder: Params, number: int) -> Layer:
    """A layer's weights."""
    p = encoder["encoder"]["layer"][str(number)]
    attention = p["attention"]
    return Layer(
        query=attention["self"]["query"],
        key=attention["self"]["key"],
        value=attention["self"]["value"],
        output=attention["output"]["dense"],
        output_norm=attention["output"]["LayerNorm"],
        widen=p["intermediate"]["dense"],
        narrow=p["output"]["dense"],
        norm=p["output"]["LayerNorm"],
    )
