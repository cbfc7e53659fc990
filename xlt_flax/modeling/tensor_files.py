"""The tensors of a model's files: safetensors or msgpack, whole or in shards, and nothing else.

Neither format holds code. Names and shapes are known before a tensor's values are read, but for
msgpack, which cannot be read in parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flax.serialization import msgpack_restore
from flax.traverse_util import flatten_dict

from xlt_flax.errors import UserError
from xlt_flax.modeling.pretrained import ModelFiles, one_line, read_json

_SAFETENSORS, _MSGPACK, _INDEX = "model.safetensors", "flax_model.msgpack", ".index.json"
# In the order in which the library takes them where a folder has several.
_FILES = (_MSGPACK, _MSGPACK + _INDEX, _SAFETENSORS, _SAFETENSORS + _INDEX)
_PICKLES = ("pytorch_model.bin", f"pytorch_model.bin{_INDEX}")
_OTHER_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file.

    Attributes:
      shape: as it is stored.
      dtype: "float32", …; as the file calls it, if it is none of floats.
      read: reads its values, of any float type.
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], np.ndarray]

    def turned(self) -> StoredTensor:
        """The same with its axes in the other order."""
        return StoredTensor(self.shape[::-1], self.dtype, lambda: self.read().T)


def are_apart(files: ModelFiles) -> bool:
    """Whether tensors can be read one by one.

    Raises:
      UserError: there are no weights.
    """
    return _weights_file(files).name.startswith(_SAFETENSORS)


def open_tensors(files: ModelFiles) -> dict[str, StoredTensor]:
    """{name, joined by ".": tensor}

    Raises:
      UserError: there are none, or a file is broken, or is not where its index may say it is.
    """
    file = _weights_file(files)
    if not file.name.endswith(_INDEX):
        return _tensors_of(file, files.name)
    placed = _weight_map(file, files)
    shards = {
        name: _tensors_of(files.fetch((name,), f"shard {name}")[0], files.name)
        for name in sorted(set(placed.values()))
    }
    for tensor, shard in placed.items():
        if tensor not in shards[shard]:
            raise UserError(
                f"config.model.name: {file} says that {shard} has {tensor}, which it has not"
            )
    return {tensor: shards[shard][tensor] for tensor, shard in placed.items()}


def _weights_file(files: ModelFiles) -> Path:
    try:
        return files.fetch(_FILES, "weights")[0]
    except UserError as error:
        pickled = next((name for name in _PICKLES if files.at_hand(name)), None)
        if pickled is None:
            raise
        raise UserError(
            f"config.model.name: {files.place} has no weights but {pickled}, a pickle, which may "
            "run code and is not read: convert it where torch is, with transformers' "
            "AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER, safe_serialization=True)"
        ) from error


def _weight_map(index: Path, files: ModelFiles) -> dict[str, str]:
    """{tensor: the file beside the index that holds it}"""
    placed = read_json(index, files.name).get("weight_map")
    if not isinstance(placed, dict) or not placed:
        raise UserError(f"config.model.name: {index} has no weight_map")
    ending = Path(index.name.removesuffix(_INDEX)).suffix
    for shard in placed.values():
        if not isinstance(shard, str) or Path(shard).name != shard or "\\" in shard:
            raise UserError(
                f"config.model.name: {index} names {str(shard)[:200]!r}, which is no file beside it"
            )
        if not shard.endswith(ending):
            raise UserError(f"config.model.name: {index} names {shard[:200]}, which is no {ending}")
    return {tensor.replace("/", "."): shard for tensor, shard in placed.items()}


def _tensors_of(file: Path, name: str) -> dict[str, StoredTensor]:
    with one_line(name):
        return _msgpack(file) if file.suffix == ".msgpack" else _safetensors(file, name)


def _safetensors(file: Path, name: str) -> dict[str, StoredTensor]:
    """The library checks that the header's offsets, shapes and types agree, and fit the file."""
    from safetensors import safe_open

    opened = safe_open(file, framework="numpy")

    def stored(key: str) -> StoredTensor:
        def read() -> np.ndarray:
            with one_line(name):
                return opened.get_tensor(key)

        part = opened.get_slice(key)
        dtype = part.get_dtype()
        return StoredTensor(tuple(part.get_shape()), _OTHER_NAMES.get(dtype, dtype), read)

    return {key: stored(key) for key in opened.keys()}  # noqa: SIM118  # it is no dict


def _msgpack(file: Path) -> dict[str, StoredTensor]:
    leaves = flatten_dict(msgpack_restore(file.read_bytes()), sep=".")
    return {key.replace("/", "."): _in_memory(key, leaf) for key, leaf in leaves.items()}


def _in_memory(key: str, leaf: Any) -> StoredTensor:
    if not isinstance(leaf, np.ndarray):
        raise ValueError(f"{key} is a {type(leaf).__name__}, not an array")
    return StoredTensor(leaf.shape, leaf.dtype.name, lambda: leaf)
