"""ELECTRA's discriminator: BERT's layers, over embeddings that may be narrower, with a head of two
layers."""

import jax
from transformers import ElectraConfig, FlaxElectraForSequenceClassification

from xlt_flax.modeling import bert_family
from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.heads import Drop, Projection
from xlt_flax.modeling.layers import ACTIVATIONS, dense
from xlt_flax.modeling.packed_encoder import Anatomy

CONFIG, MODEL = ElectraConfig, FlaxElectraForSequenceClassification
HEAD = "classifier/out_proj/kernel"
SHAPE, DROPOUTS = (*bert_family.SHAPE, "embedding_size"), bert_family.DROPOUTS

positions, packed_reason = bert_family.positions, bert_family.packed_reason
position_ids = bert_family.position_ids


def projection(shape: ElectraConfig) -> Projection:
    return Projection(HEAD, bert_family.head_dropout(shape))


def anatomy(shape: ElectraConfig) -> Anatomy:
    return Anatomy(
        name="electra",
        layer=bert_family.layer,
        transform=_transform,
        projection=projection(shape),
        positions=positions(shape),
        **bert_family.sizes(shape),
    )


def _transform(params: Params, first: jax.Array, drop: Drop) -> jax.Array:
    return ACTIVATIONS["gelu"](dense(drop(first), params["classifier"]["dense"]))
