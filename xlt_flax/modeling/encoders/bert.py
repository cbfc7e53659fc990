"""BERT, and what was trained in its form: mBERT, the E5 encoders, many Japanese ones."""

import jax
import jax.numpy as jnp
from transformers import BertConfig, FlaxBertForSequenceClassification

from xlt_flax.modeling import bert_family
from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.heads import Drop, Projection
from xlt_flax.modeling.layers import dense
from xlt_flax.modeling.packed_encoder import Anatomy

CONFIG, MODEL = BertConfig, FlaxBertForSequenceClassification
HEAD = "classifier/kernel"
SHAPE, DROPOUTS = bert_family.SHAPE, bert_family.DROPOUTS

positions, packed_reason = bert_family.positions, bert_family.packed_reason
position_ids = bert_family.position_ids


def projection(shape: BertConfig) -> Projection:
    return Projection(HEAD, bert_family.head_dropout(shape))


def anatomy(shape: BertConfig) -> Anatomy:
    return Anatomy(
        name="bert",
        layer=bert_family.layer,
        transform=_pool,
        projection=projection(shape),
        positions=positions(shape),
        **bert_family.sizes(shape),
    )


def _pool(params: Params, first: jax.Array, drop: Drop) -> jax.Array:
    del drop
    return jnp.tanh(dense(first, params["bert"]["pooler"]["dense"]))
