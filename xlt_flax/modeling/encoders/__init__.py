"""The encoders that this package knows: one file here a `model_type`, with all that is its own.

A new encoder is one new file, named as its model_type with _ for -, and looked up by that name.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

import jax

from xlt_flax.errors import UserError
from xlt_flax.modeling.model_config import known_fields, read_fields
from xlt_flax.modeling.pretrained import ModelFiles
from xlt_flax.modeling.tokenizers import count_pieces

if TYPE_CHECKING:
    from transformers import FlaxPreTrainedModel, PretrainedConfig

    from xlt_flax.modeling.heads import Projection
    from xlt_flax.modeling.packed_encoder import Anatomy
    from xlt_flax.modeling.tokenizers import Tokenizer

Params = dict[str, Any]  # a tree: names to trees or to arrays, as the library's Flax class has it
Batch = Mapping[str, jax.Array]
# (params, one device's share of a batch, dropout key or None) -> float32[documents, labels]
Forward = Callable[[Params, Batch, jax.Array | None], jax.Array]


class Encoder(Protocol):
    """What a file here defines.

    Attributes:
      CONFIG: the library's class of its shapes.
      MODEL: the library's Flax class for classification, whose tree its weights have.
      HEAD: path of the kernel that gives the logits.
      SHAPE: names of the shape's fields that decide what the model computes from its weights, and
        how it draws those that no file holds.
      DROPOUTS: names of the shape's dropout probabilities.
    """

    CONFIG: type[PretrainedConfig]
    MODEL: type[FlaxPreTrainedModel]
    HEAD: str
    SHAPE: tuple[str, ...]
    DROPOUTS: tuple[str, ...]

    def positions(self, shape: PretrainedConfig) -> int:
        """The most tokens that a document may have."""

    def position_ids(self, shape: PretrainedConfig, attention_mask: jax.Array) -> jax.Array | None:
        """int32[rows, length], the position of each token of padded documents; None: the library's
        module takes ids and mask alone, not the token types and positions that BERT's takes."""

    def projection(self, shape: PretrainedConfig) -> Projection:
        """The layer of the head that gives the logits."""

    def packed_reason(self, shape: PretrainedConfig) -> str | None:
        """Why documents cannot be packed several to a row; None: they can."""

    def anatomy(self, shape: PretrainedConfig) -> Anatomy:
        """What `packed_encoder` computes packed documents by.

        It need not be there if `packed_reason` is never None.

        Args:
          shape: for which `packed_reason` is None.
        """


def find_encoder(model_type: str) -> Encoder:
    """The encoder of a config.json's `model_type`.

    Raises:
      UserError: there is none; the line lists those that there are.
    """
    name = model_type.replace("-", "_")
    known = sorted(module.name for module in pkgutil.iter_modules(__path__))
    if name not in known:
        types = ", ".join(name.replace("_", "-") for name in known)
        raise UserError(f"config.model.name: it is a {model_type} model: give one of type {types}")
    return cast(Encoder, importlib.import_module(f"{__name__}.{name}"))


def load_shape(
    name: str,
    dropout: float | None,
    max_length: int,
    tokenizer: Tokenizer,
    revision: str,
    num_labels: int,
) -> PretrainedConfig:
    """The model's shape, checked against what a run asks of it.

    Args:
      name: hub id or folder (see modeling/pretrained).
      dropout: replaces the model's own probabilities; None keeps them.
      max_length: of the run's documents, tokens; the model must have as many positions.
      tokenizer: its ids must have rows in the model's vocabulary.
      revision: of the hub id.
      num_labels: of the head.

    Raises:
      UserError: it cannot be had, is of an unknown type, or does not fit max_length or the
        tokenizer.
    """
    shape = _read_shape(name, revision)
    encoder = find_encoder(shape.model_type)
    if max_length > (positions := encoder.positions(shape)):
        raise UserError(
            f"config.data.max_length is {max_length}, but {name} has {positions} positions: give "
            "no more than that"
        )
    if (pieces := count_pieces(tokenizer)) > shape.vocab_size:
        raise UserError(
            f"config.model.name {name}: its tokenizer has {pieces} pieces, its config a "
            f"vocabulary of {shape.vocab_size}: they are not of one model"
        )
    shape.num_labels = num_labels
    for field in encoder.DROPOUTS if dropout is not None else ():
        setattr(shape, field, dropout)
    return shape


def _read_shape(name: str, revision: str) -> PretrainedConfig:
    files = ModelFiles(name, revision)
    fields = read_fields(files)
    # There was only BERT when configs did not say what they are of.
    encoder = find_encoder(str(fields.get("model_type") or "bert"))
    shape = encoder.CONFIG(**known_fields(fields, encoder.CONFIG, name))
    shape._commit_hash = files.commit
    return shape
