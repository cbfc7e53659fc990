"""DistilBERT: BERT's layers under other names, without token types; attention's output is not
dropped from."""

import jax
from transformers import DistilBertConfig, FlaxDistilBertForSequenceClassification

from xlt_flax.modeling.encoders import Forward, Params
from xlt_flax.modeling.heads import Drop, Projection
from xlt_flax.modeling.layers import ACTIVATIONS, dense
from xlt_flax.modeling.packed_encoder import Anatomy, Layer
from xlt_flax.modeling.packed_encoder import packed_forward as _packed_forward
from xlt_flax.modeling.padded import library_forward

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


def packed_reason(shape: DistilBertConfig) -> str | None:
    if shape.activation not in ACTIVATIONS:
        return f"activation is {shape.activation!r}, not one of {', '.join(ACTIVATIONS)}"
    if shape.sinusoidal_pos_embds:
        return "its positions are sinusoids, not weights"
    return None


def packed_forward(
    shape: DistilBertConfig,
    dtype: str,
    attention_dropout: str,
    pooling: str = "cls",
    remat: bool = False,
) -> Forward:
    return _packed_forward(anatomy(shape), dtype, attention_dropout, pooling, remat)


def padded_forward(
    shape: DistilBertConfig, dtype: str, pooling: str = "cls", remat: bool = False
) -> Forward:
    mean_head = _projection(shape) if pooling == "mean" else None
    return library_forward(MODEL, shape, dtype, None, mean_head=mean_head, remat=remat)


def anatomy(shape: DistilBertConfig) -> Anatomy:
    """For `packed_encoder.packed_logits`; `packed_reason(shape)` must be None."""
    return Anatomy(
        name="distilbert",
        layer=_layer,
        transform=_transform,
        projection=_projection(shape),
        layers=shape.n_layers,
        heads=shape.n_heads,
        positions=positions(shape),
        activation=shape.activation,
        epsilon=_EPSILON,
        dropout=shape.dropout,
        attention_dropout=shape.attention_dropout,
        drops_attention_output=False,
    )


def _projection(shape: DistilBertConfig) -> Projection:
    return Projection(HEAD, shape.seq_classif_dropout)


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
