"""RoBERTa: BERT's layers, with positions that begin after the padding token's id, one token type,
and a head of two layers."""

import jax
import jax.numpy as jnp
from transformers import FlaxRobertaForSequenceClassification, RobertaConfig

from xlt_flax.errors import UserError
from xlt_flax.modeling import bert_family
from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.heads import Drop, Projection
from xlt_flax.modeling.layers import dense
from xlt_flax.modeling.packed_encoder import Anatomy

CONFIG, MODEL = RobertaConfig, FlaxRobertaForSequenceClassification
HEAD = "classifier/out_proj/kernel"
SHAPE, DROPOUTS = (*bert_family.SHAPE, "pad_token_id"), bert_family.DROPOUTS

packed_reason = bert_family.packed_reason


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


def position_ids(shape: RobertaConfig, attention_mask: jax.Array) -> jax.Array:
    """Counted by the mask, not by ids as the library does: renumbered, padding has another id."""
    return jnp.cumsum(attention_mask, axis=1) * attention_mask + first_position(shape) - 1


def projection(shape: RobertaConfig) -> Projection:
    return Projection(HEAD, bert_family.head_dropout(shape))


def anatomy(shape: RobertaConfig) -> Anatomy:
    return Anatomy(
        name="roberta",
        layer=bert_family.layer,
        transform=_transform,
        projection=projection(shape),
        positions=positions(shape),
        first_position=first_position(shape),
        **bert_family.sizes(shape),
    )


def _transform(params: Params, tokens: jax.Array, drop: Drop) -> jax.Array:
    return jnp.tanh(dense(drop(tokens), params["classifier"]["dense"]))
