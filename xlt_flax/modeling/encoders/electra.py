"""ELECTRA's discriminator: BERT's layers, over embeddings that may be narrower, with a head of two
layers."""

import jax
from transformers import ElectraConfig, FlaxElectraForSequenceClassification

from xlt_flax.modeling import bert_family
from xlt_flax.modeling.bert_family import packed_reason as packed_reason
from xlt_flax.modeling.encoders import Forward, Params
from xlt_flax.modeling.heads import Drop
from xlt_flax.modeling.layers import ACTIVATIONS, dense
from xlt_flax.modeling.packed_encoder import Anatomy
from xlt_flax.modeling.packed_encoder import packed_forward as _packed_forward
from xlt_flax.modeling.padded import library_forward

CONFIG, MODEL = ElectraConfig, FlaxElectraForSequenceClassification
HEAD = "classifier/out_proj/kernel"
SHAPE, DROPOUTS = (*bert_family.SHAPE, "embedding_size"), bert_family.DROPOUTS


def positions(shape: ElectraConfig) -> int:
    return shape.max_position_embeddings


def packed_forward(
    shape: ElectraConfig,
    dtype: str,
    attention_dropout: str,
    pooling: str = "cls",
    remat: bool = False,
) -> Forward:
    return _packed_forward(anatomy(shape), dtype, attention_dropout, pooling, remat)


def padded_forward(
    shape: ElectraConfig, dtype: str, pooling: str = "cls", remat: bool = False
) -> Forward:
    mean_head = bert_family.projection(shape, HEAD) if pooling == "mean" else None
    return library_forward(MODEL, shape, dtype, mean_head=mean_head, remat=remat)


def anatomy(shape: ElectraConfig) -> Anatomy:
    """For `packed_encoder.packed_logits`; `packed_reason(shape)` must be None."""
    return Anatomy(
        name="electra",
        layer=bert_family.layer,
        transform=_transform,
        projection=bert_family.projection(shape, HEAD),
        positions=positions(shape),
        **bert_family.sizes(shape),
    )


def _transform(params: Params, first: jax.Array, drop: Drop) -> jax.Array:
    return ACTIVATIONS["gelu"](dense(drop(first), params["classifier"]["dense"]))
