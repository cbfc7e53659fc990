"""RoBERTa: BERT's layers, with positions that begin after the padding token's id, one token type,
and a head of two layers."""

from functools import partial

import jax
import jax.numpy as jnp
from transformers import FlaxRobertaForSequenceClassification, RobertaConfig

from xlt_flax.errors import UserError
from xlt_flax.modeling import bert_family
from xlt_flax.modeling.bert_family import packed_reason as packed_reason
from xlt_flax.modeling.encoders import Forward, Params
from xlt_flax.modeling.heads import Drop
from xlt_flax.modeling.layers import dense
from xlt_flax.modeling.packed_encoder import Anatomy
from xlt_flax.modeling.packed_encoder import packed_forward as _packed_forward
from xlt_flax.modeling.padded import library_forward

CONFIG, MODEL = RobertaConfig, FlaxRobertaForSequenceClassification
HEAD = "classifier/out_proj/kernel"
SHAPE, DROPOUTS = (*bert_family.SHAPE, "pad_token_id"), bert_family.DROPOUTS


def positions(shape: RobertaConfig) -> int:
    return shape.max_position_embeddings - first_position(shape)


def first_position(shape: RobertaConfig) -> int:
    """The row of a document's first token in the position embeddings; those before are padding's.

    Raises:
      UserError: the shape does not say it.
    """
    if not isinstance(shape.pad_token_id, int) or shape.pad_token_id < 0:
        raise UserError(
            f"config.model.name: its config says pad_token_id {shape.pad_token_id!r}, from which a "
            f"{shape.model_type} model counts positions: give the padding token's id there"
        )
    return shape.pad_token_id + 1


def packed_forward(
    shape: RobertaConfig,
    dtype: str,
    attention_dropout: str,
    pooling: str = "cls",
    remat: bool = False,
) -> Forward:
    return _packed_forward(anatomy(shape), dtype, attention_dropout, pooling, remat)


def padded_forward(
    shape: RobertaConfig, dtype: str, pooling: str = "cls", remat: bool = False
) -> Forward:
    mean_head = bert_family.projection(shape, HEAD) if pooling == "mean" else None
    count = partial(_padded_positions, first=first_position(shape))
    return library_forward(MODEL, shape, dtype, count, mean_head=mean_head, remat=remat)


def anatomy(shape: RobertaConfig) -> Anatomy:
    """For `packed_encoder.packed_logits`; `packed_reason(shape)` must be None."""
    return Anatomy(
        name="roberta",
        layer=bert_family.layer,
        transform=_transform,
        projection=bert_family.projection(shape, HEAD),
        positions=positions(shape),
        first_position=first_position(shape),
        **bert_family.sizes(shape),
    )


def _padded_positions(attention_mask: jax.Array, first: int) -> jax.Array:
    """Counted by the mask, not by ids as the library does: renumbered, padding has another id."""
    return jnp.cumsum(attention_mask, axis=1) * attention_mask + first - 1


def _transform(params: Params, tokens: jax.Array, drop: Drop) -> jax.Array:
    return jnp.tanh(dense(drop(tokens), params["classifier"]["dense"]))
