"""A model's config.json, taken from a folder that nobody vouches for.

The library's config class takes any key, and some make it fetch or run code. So it is given the
keys that its own signature names, and no value that describes no model.
"""

import inspect
import logging
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from xlt_flax.errors import UserError
from xlt_flax.modeling.pretrained import ModelFiles, read_json

if TYPE_CHECKING:
    from transformers import PretrainedConfig

log = logging.getLogger("xlt_flax")

GOOGLES = "bert_config.json"
_FILES = ("config.json", GOOGLES)
_OF_ALL = ("is_decoder", "add_cross_attention")  # keys that the classes' base class names
# What says nothing about what the model computes, and is not worth a line.
_OF_NO_USE = {
    *("architectures", "model_type", "transformers_version", "_name_or_path", "tokenizer_class"),
    *("id2label", "label2id", "num_labels", "finetuning_task", "problem_type", "directionality"),
    *("pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_type"),
    *("pooler_size_per_head", "output_past", "gradient_checkpointing", "tie_weights_"),
}
_LAYERS, _HEADS = ("num_hidden_layers", "n_layers"), ("num_attention_heads", "n_heads")
_WIDTHS = ("hidden_size", "dim")
# The largest of each: far above any model's, and far below what stops a machine.
_SIZES = {
    **dict.fromkeys(_LAYERS, 256),
    **dict.fromkeys(_HEADS, 1024),
    **dict.fromkeys((*_WIDTHS, "embedding_size", "type_vocab_size"), 2**16),
    **dict.fromkeys(("intermediate_size", "hidden_dim", "max_position_embeddings"), 2**20),
    "vocab_size": 2**24,
}
_ACTIVATIONS = ("hidden_act", "activation", "summary_activation")


def read_fields(files: ModelFiles) -> dict[str, Any]:
    """All that a config.json holds, checked by nobody.

    Raises:
      UserError: there is none, or it is broken.
    """
    file, _ = files.fetch(_FILES, "config")
    return read_json(file, files.name)


def known_fields(
    fields: dict[str, Any], kind: "type[PretrainedConfig]", name: str
) -> dict[str, Any]:
    """What of a config.json is the model's shape; the log names what else it holds.

    Args:
      fields: all that it holds.
      kind: the library's class of the shape.
      name: of the model, for messages.

    Raises:
      UserError: a value that no model has.
    """
    known = _defaults(kind)
    log_passed_over(fields.keys() - known.keys() - _OF_NO_USE, _FILES[0])
    kept = {key: value for key, value in fields.items() if key in known}
    for key, value in kept.items():
        if not _is_possible(key, value, known[key]):
            raise UserError(
                f"config.model.name {name}: its config describes no model: {key} is "
                f"{repr(value)[:80]}"
            )
    _require_whole_heads(known | kept, name)
    return kept


def log_passed_over(keys: Iterable[str], file: str) -> None:
    """Names what of a file is not used, in one line; says nothing of nothing."""
    if names := ", ".join(sorted(keys)):
        log.info("model: keys of its %s passed over: %s", file, names[:500])


def labels_of_head(fields: dict[str, Any]) -> list[str] | None:
    """The names of the classes of a model's head; None where config.json gives it none."""
    named = fields.get("id2label")
    if not isinstance(named, dict) or not all(isinstance(one, str) for one in named.values()):
        return None
    names = [named.get(str(number)) for number in range(len(named))]
    if names == [f"LABEL_{number}" for number in range(len(named))]:  # the library's own
        return None
    return None if None in names else [str(name) for name in names]


def _defaults(kind: "type[PretrainedConfig]") -> dict[str, Any]:
    """{key: its default} of a class's own keys."""
    own = inspect.signature(kind.__init__).parameters.values()
    named = {one.name: one.default for one in own if one.default is not inspect.Parameter.empty}
    return named | dict.fromkeys(_OF_ALL, False)


def _is_possible(key: str, value: Any, default: Any) -> bool:
    """Whether a model may have a value, by the key's meaning or else by its default's type."""
    if key in _SIZES:
        return _is_whole(value) and 1 <= value <= _SIZES[key]
    if "dropout" in key:
        return (value is None and default is None) or (_is_number(value) and 0 <= value < 1)
    if key in _ACTIVATIONS:
        from transformers.modeling_flax_utils import ACT2FN

        return isinstance(value, str) and value in ACT2FN
    if key == "position_embedding_type":  # the library's Flax models ignore any other
        return bool(value == "absolute")
    if key.endswith("_token_id"):
        return value is None or (_is_whole(value) and 0 <= value < _SIZES["vocab_size"])
    if isinstance(default, float):
        return _is_number(value) and 0 <= value <= 1e3
    return isinstance(value, type(default))


def _require_whole_heads(fields: dict[str, Any], name: str) -> None:
    width, heads = (
        next(fields[key] for key in keys if key in fields) for keys in (_WIDTHS, _HEADS)
    )
    if width % heads:
        raise UserError(
            f"config.model.name {name}: its config describes no model: {width} units cannot be "
            f"shared among {heads} heads"
        )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))
