"""DistilBERT: BERT's layers under other names, without token types; attention's output is not
dropped from."""

import jax
from transformers import DistilBertConfig, FlaxDistilBertForSequenceClassification

from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.heads import Drop, Projection
from xlt_flax.modeling.layers import ACTIVATIONS, dense
from xlt_flax.modeling.packed_encoder import Anatomy, Layer

CONFIG, MODEL = DistilBertConfig, FlaxDistilBertForSequenceClassification
HEAD = "classifier/kernel"
SHAPE = (
    "vocab_size",
    "dim",
    "n_layers",
    "n_heads",
    "hidden_dim",
    "activation",
    "max_position_embeddings",
    "sinusoidal_pos_embds",
    "initializer_range",
)
DROPOUTS = ("dropout", "attention_dropout", "seq_classif_dropout")

_EPSILON = 1e-12  # the shape does not say it


def positions(shape: DistilBertConfig) -> int:
    return shape.max_position_embeddings


def position_ids(shape: DistilBertConfig, attention_mask: jax.Array) -> None:
    """The library's module counts them itself."""


def projection(shape: DistilBertConfig) -> Projection:
    return Projection(HEAD, shape.seq_classif_dropout)


def packed_reason(shape: DistilBertConfig) -> str | None:
    if shape.activation not in ACTIVATIONS:
        return f"activation is {shape.activation!r}, not one of {', '.join(ACTIVATIONS)}"
    if shape.sinusoidal_pos_embds:
        return "its positions are sinusoids, not weights"
    return None


def anatomy(shape: DistilBertConfig) -> Anatomy:
    return Anatomy(
        name="distilbert",
        layer=_layer,
        transform=_transform,
        projection=projection(shape),
        layers=shape.n_layers,
        heads=shape.n_heads,
        positions=positions(shape),
        activation=shape.activation,
        epsilon=_EPSILON,
        dropout=shape.dropout,
        attention_dropout=shape.attention_dropout,
        drops_attention_output=False,
    )


def _layer(encoder: Params, number: int) -> Layer:
    p = encoder["transformer"]["layer"][str(number)]
    return Layer(
        query=p["attention"]["q_lin"],
        key=p["attention"]["k_lin"],
        value=p["attention"]["v_lin"],
        output=p["attention"]["out_lin"],
        output_norm=p["sa_layer_norm"],
        widen=p["ffn"]["lin1"],
        narrow=p["ffn"]["lin2"],
        norm=p["output_layer_norm"],
    )


def _transform(params: Params, first: jax.Array, drop: Drop) -> jax.Array:
    del drop
    return ACTIVATIONS["relu"](dense(first, params["pre_classifier"]))
