"""A classifier's folder as transformers has it, written by any program; or a hub id."""

from typing import Any

from ml_collections import ConfigDict

from xlt_flax.config import base as default_config
from xlt_flax.config import resolve
from xlt_flax.errors import UserError
from xlt_flax.modeling.base_model import open_base_model
from xlt_flax.modeling.model_config import read_fields
from xlt_flax.modeling.pretrained import ModelFiles
from xlt_flax.prediction.trained import Trained, make_trained, require_labels

_OBJECTIVES = {
    None: "single_label",
    "single_label_classification": "single_label",
    "multi_label_classification": "multi_label",
}


def open_folder(name: str, revision: str = "") -> Trained:
    """The classifier of a folder or hub id.

    It reads as many tokens as its tokenizer's `model_max_length` says, or as it has positions.

    Raises:
      UserError: it is not as it should be (see modeling/pretrained), or is no classifier.
    """
    fields = read_fields(ModelFiles(name, revision))
    names, config = _labels(fields), _config(name, revision, fields)
    require_labels(names, name)
    model = open_base_model(config, len(names), labels=names)
    positions = model.adapter.positions(model.shape)
    config.data.max_length = int(min(model.tokenizer.model_max_length, positions))
    params = model.stored_params()
    return make_trained(config, model, names, params, model.digest())


def _labels(fields: dict[str, Any]) -> list[str]:
    """Of the head, in order; the library's own names where config.json has none."""
    named = fields.get("id2label")
    if isinstance(named, dict) and all(str(number) in named for number in range(len(named))):
        return [str(named[str(number)]) for number in range(len(named))]
    count = fields.get("num_labels", 2)
    return [f"LABEL_{number}" for number in range(count if isinstance(count, int) else 0)]


def _config(name: str, revision: str, fields: dict[str, Any]) -> ConfigDict:
    kind = fields.get("problem_type")
    if not (kind is None or isinstance(kind, str)) or kind not in _OBJECTIVES:
        raise UserError(f"{name} is no classifier: problem_type of its config.json is {kind!r}")
    config = default_config()
    config.model.name, config.model.revision = name, revision
    config.data.max_length = 1  # until its tokenizer and shape are open, which say it
    config.train.objective = _OBJECTIVES[kind]
    return resolve(config)
