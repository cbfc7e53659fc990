"""Writes a model as transformers reads one: config.json, tokenizer files, weights.

Weights have PyTorch's names and its orientation of matrices in model.safetensors, and those of the
library's Flax classes in flax_model.msgpack. What is read back (modeling/weights) is the same, bit
for bit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from flax.serialization import msgpack_serialize
from flax.traverse_util import flatten_dict

from xlt_flax import files
from xlt_flax.modeling.encoders import Params, find_encoder
from xlt_flax.modeling.japanese_tokenizer import JapaneseTokenizer
from xlt_flax.modeling.tensor_names import stored_names

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from xlt_flax.modeling.tokenizers import Tokenizer

_PYTORCH = {"format": "pt"}  # without it transformers refuses the file


def write_config(
    folder: Path, shape: PretrainedConfig, names: Sequence[str], facts: Mapping[str, Any] = {}
) -> None:
    """Writes config.json of a classifier.

    Args:
      folder: is there.
      shape: of the model.
      names: of its labels, in the order of its outputs.
      facts: what it says besides.
    """
    classifier = find_encoder(shape.model_type).MODEL.__name__.removeprefix("Flax")
    labels = {
        "architectures": [classifier],
        "id2label": {str(number): name for number, name in enumerate(names)},
        "label2id": {name: number for number, name in enumerate(names)},
    }
    fields = shape.to_diff_dict() | {"model_type": shape.model_type}
    files.write_json(folder / "config.json", fields | labels | dict(facts))


def write_tokenizer(folder: Path, tokenizer: Tokenizer, max_length: int | None = None) -> None:
    """Writes a tokenizer's files.

    Args:
      folder: is there.
      tokenizer: of `tokenizers.load_tokenizer`.
      max_length: tokens at which it is to cut texts, special ones counted; None: as it says.
    """
    if not isinstance(
        tokenizer, JapaneseTokenizer
    ):  # what the last call asked for is no part of it
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()
    tokenizer.save_pretrained(folder)
    if max_length is not None:
        file = folder / "tokenizer_config.json"
        stored = json.loads(file.read_text("utf-8"))
        files.write_json(file, stored | {"model_max_length": max_length})


def write_weights(file: Path, params: Params) -> None:
    """Writes model.safetensors.

    Args:
      file: to write.
      params: float32 on the host, the tree of an encoder's `MODEL`.
    """
    from safetensors.numpy import save_file

    tensors = {}
    for path, leaf in flatten_dict(params, sep="/").items():
        stored = next(stored_names(path, encoder_name=""))
        array = np.asarray(leaf, np.float32)
        tensors[stored.name] = np.ascontiguousarray(array.T if stored.is_turned else array)
    with files.replaced(file) as temporary:
        save_file(tensors, temporary, metadata=_PYTORCH)


def write_flax_weights(file: Path, params: Params) -> None:
    """Writes flax_model.msgpack; arguments as of `write_weights`."""
    files.write_bytes(file, msgpack_serialize(params))
