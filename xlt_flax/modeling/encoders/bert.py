"""BERT, and what was trained in its form: mBERT, the E5 encoders, many Japanese ones."""

import jax
import jax.numpy as jnp
from transformers import BertConfig, FlaxBertForSequenceClassification

from xlt_flax.modeling import bert_family
from xlt_flax.modeling.bert_family import packed_reason as packed_reason
from xlt_flax.modeling.encoders import Forward, Params
from xlt_flax.modeling.heads import Drop
from xlt_flax.modeling.layers import dense
from xlt_flax.modeling.packed_encoder import Anatomy
from xlt_flax.modeling.packed_encoder import packed_forward as _packed_forward
from xlt_flax.modeling.padded import library_forward

CONFIG, MODEL = BertConfig, FlaxBertForSequenceClassification
HEAD = "classifier/kernel"
SHAPE, DROPOUTS = bert_family.SHAPE, bert_family.DROPOUTS


def positions(shape: BertConfig) -> int:
    return shape.max_position_embeddings


def packed_forward(
    shape: BertConfig,
    dtype: str,
    attention_dropout: str,
    pooling: str = "cls",
    remat: bool = False,
) -> Forward:
    return _packed_forward(anatomy(shape), dtype, attention_dropout, pooling, remat)


def padded_forward(
    shape: BertConfig, dtype: str, pooling: str = "cls", remat: bool = False
) -> Forward:
    mean_head = bert_family.projection(shape, HEAD) if pooling == "mean" else None
    return library_forward(MODEL, shape, dtype, mean_head=mean_head, remat=remat)


def anatomy(shape: BertConfig) -> Anatomy:
    """For `packed_encoder.packed_logits`; `packed_reason(shape)` must be None."""
    return Anatomy(
        name="bert",
        layer=bert_family.layer,
        transform=_pool,
        projection=bert_family.projection(shape, HEAD),
        positions=positions(shape),
        **bert_family.sizes(shape),
    )


def _pool(params: Params, first: jax.Array, drop: Drop) -> jax.Array:
    del drop
    return jnp.tanh(dense(first, params["bert"]["pooler"]["dense"]))
