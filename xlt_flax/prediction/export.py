"""A trained model as a folder that transformers, and what builds on it, opens."""

import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from xlt_flax import files
from xlt_flax.errors import UserError
from xlt_flax.modeling.saved import (
    write_config,
    write_flax_weights,
    write_tokenizer,
    write_weights,
)
from xlt_flax.prediction.trained import Trained

log = logging.getLogger("xlt_flax")

_PROBLEMS = {False: "single_label_classification", True: "multi_label_classification"}


def require_exportable(model: Trained) -> None:
    """
    Raises:
      UserError: no library class computes what the model does.
    """
    if model.config.model.pooling != "cls":
        raise UserError(
            f"config.model.pooling is {model.config.model.pooling!r}: no class of transformers has "
            "such a head, and one that opened the folder would be silently wrong: predict with the "
            "workdir, --workdir=DIR, or train with config.model.pooling=cls"
        )


def require_free(folder: Path) -> None:
    """
    Raises:
      UserError: something is there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"--output: {folder} is there already: remove it, or give another folder")


def export_model(
    model: Trained, folder: Path, card: str, temperature: float = 1.0, msgpack: bool = False
) -> None:
    """Writes the folder, whole or not at all: config.json, the tokenizer, model.safetensors in
    PyTorch's naming with the whole vocabulary, README.md.

    Args:
      model: of `opening`.
      folder: is not there, or empty.
      card: what README.md says.
      temperature: what logits are divided by: the head's weights are.
      msgpack: whether flax_model.msgpack is written as well.

    Raises:
      UserError: something is there, or no library class computes what the model does.
    """
    require_exportable(model)
    require_free(folder)
    params = _cooled(jax.device_get(model.params), model.base.adapter.HEAD, temperature)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        _write(model, temporary, params, msgpack)
        files.write_text(temporary / "README.md", card)
        if folder.exists():
            folder.rmdir()
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    log.info("written to %s", folder)


def _write(model: Trained, folder: Path, params: dict, msgpack: bool) -> None:
    facts: Mapping[str, Any] = {
        "problem_type": _PROBLEMS[model.labels.several],
        "torch_dtype": "float32",
    }
    write_config(folder, model.base.shape, model.labels.names, facts)
    write_tokenizer(folder, model.base.tokenizer, model.max_length)
    write_weights(folder / "model.safetensors", params)
    if msgpack:
        write_flax_weights(folder / "flax_model.msgpack", params)


def _cooled(params: dict, head: str, temperature: float) -> dict:
    """The weights with the head's last layer divided by a temperature; the same at 1."""
    if temperature == 1:
        return params
    *places, _ = head.split("/")
    return _divided(params, places, np.float32(temperature))


def _divided(tree: dict, places: list[str], by: np.float32) -> dict:
    if not places:
        return {name: leaf / by for name, leaf in tree.items()}
    first, *rest = places
    return tree | {first: _divided(tree[first], rest, by)}
