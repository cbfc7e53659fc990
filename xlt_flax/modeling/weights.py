"""A model's weights: what files hold of them, and what is drawn.

A tree of weights is that of the library's Flax class for classification (`MODEL` of the encoder),
whatever the model's files call them; arrays are float32 numpy arrays, paths are joined by "/".
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from xlt_flax.errors import UserError
from xlt_flax.modeling import heads
from xlt_flax.modeling.encoders import Params, find_encoder
from xlt_flax.modeling.pretrained import ModelFiles, in_one_line, quiet
from xlt_flax.modeling.tensor_files import StoredTensor, are_apart, open_tensors
from xlt_flax.modeling.tensor_names import stored_names
from xlt_flax.modeling.vocabulary import word_embedding_path

if TYPE_CHECKING:
    from transformers import PretrainedConfig

log = logging.getLogger("xlt_flax")

_T = TypeVar("_T")

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_SHAPES_KEPT = 4


def stored_weights(name: str, shape: PretrainedConfig, revision: str) -> dict[str, np.ndarray]:
    """{path: array} of what a folder or the hub holds of a model's tree.

    A head that does not fit is left out, as one that is not there is.

    Args:
      name: hub id or folder (see modeling/pretrained).
      shape: from `encoders.load_shape`.
      revision: of the hub id.

    Raises:
      UserError: the weights cannot be had, or do not fit the shape.
    """
    tensors = open_tensors(ModelFiles(name, revision))
    shapes, encoder_name = flat_shapes(weight_shapes(shape)), _encoder_name(shape)
    found = {path: one for path in shapes if (one := _find(path, encoder_name, tensors))}
    misfits = [path for path in found if found[path].shape != shapes[path]]
    if any(heads.is_of_head(path, encoder_name) for path in misfits):
        log.info("model: %s has a head of another size: it is drawn anew", name)
        found = without_head(found, shape)
    _require_whole(found, shapes, encoder_name, name)
    drawn = ", ".join(path for path in shapes if path not in found)
    log.info("model: %s; drawn from the seed: %s", name, drawn or "nothing")
    return {path: _read(path, tensor, name) for path, tensor in found.items()}


def stored_word_embedding(name: str, shape: PretrainedConfig, revision: str) -> np.ndarray | None:
    """float32[vocabulary, hidden]: the table of `stored_weights`, without reading the rest; None
    where the files do not allow that.

    Raises:
      UserError: the weights cannot be had, or the table does not fit the shape.
    """
    files = ModelFiles(name, revision)
    if not are_apart(files):
        return None
    shapes, encoder_name = flat_shapes(weight_shapes(shape)), _encoder_name(shape)
    path = word_embedding_path(weight_shapes(shape))
    table = _find(path, encoder_name, open_tensors(files))
    _require_whole({path: table} if table else {}, {path: shapes[path]}, encoder_name, name)
    return _read(path, table, name) if table else None


def without_head(weights: dict[str, _T], shape: PretrainedConfig) -> dict[str, _T]:
    """What of {path: …} is the encoder's."""
    encoder_name = _encoder_name(shape)
    return {path: one for path, one in weights.items() if not heads.is_of_head(path, encoder_name)}


def complete_weights(
    stored: dict[str, np.ndarray],
    shape: PretrainedConfig,
    seed: int,
    head_sd: float | None = None,
) -> Params:
    """The whole tree: what files hold, and the rest drawn.

    Args:
      stored: from `stored_weights`.
      shape: from `encoders.load_shape`.
      seed: of what is drawn.
      head_sd: standard deviation of a head that is drawn; None: transformers' own draw, which is
        truncated and has 1 / sqrt(hidden size).
    """
    missing = [path for path in _flat(weight_shapes(shape)) if path not in stored]
    # Copies, since training may reuse the memory that it is given.
    own = {path: np.array(leaf) for path, leaf in stored.items()}
    drawn = drawn_weights(shape, seed, head_sd, missing) if missing else {}
    return unflatten_dict(own | drawn, sep="/")


def random_weights(shape: PretrainedConfig, seed: int, head_sd: float | None = None) -> Params:
    """The same tree, all of it as transformers draws it for training from scratch, but for a head
    whose standard deviation is given.

    Raises:
      UserError: the shape describes no model.
    """
    return unflatten_dict(drawn_weights(shape, seed, head_sd), sep="/")


def drawn_weights(
    shape: PretrainedConfig,
    seed: int,
    head_sd: float | None = None,
    paths: list[str] | None = None,
) -> dict[str, np.ndarray]:
    """{path: array} of freshly drawn weights: all, or those named; XLA draws no others.

    Raises:
      UserError: the shape describes no model.
    """
    head = find_encoder(shape.model_type).HEAD

    def draw(key: jax.Array) -> dict[str, jax.Array]:
        drawn = _flat(_library_draw(shape, key))
        if head_sd is not None:
            drawn[head] = heads.draw_kernel(key, drawn[head].shape, head_sd)
        return drawn if paths is None else {path: drawn[path] for path in paths}

    try:
        drawn = jax.jit(draw)(jax.random.key(seed))
    except (TypeError, ValueError) as error:
        reason = in_one_line(error)
        raise UserError(f"config.model.name: its config describes no model: {reason}") from error
    return {path: np.array(leaf, np.float32) for path, leaf in drawn.items()}


def weight_shapes(shape: PretrainedConfig) -> Params:
    """The tree with jax.ShapeDtypeStructs as leaves."""
    return _weight_shapes(shape.model_type, shape.to_json_string(use_diff=False))


def flat_shapes(params: Params) -> dict[str, tuple[int, ...]]:
    """{path: shape} of a tree of arrays or of what describes them."""
    return {path: tuple(leaf.shape) for path, leaf in _flat(params).items()}


@lru_cache(_SHAPES_KEPT)  # the library's module takes a second to trace
def _weight_shapes(model_type: str, fields: str) -> Params:
    shape = find_encoder(model_type).CONFIG.from_dict(json.loads(fields))
    return jax.eval_shape(lambda: _library_draw(shape, jax.random.key(0)))


def _library_draw(shape: PretrainedConfig, key: jax.Array) -> Params:
    with quiet():
        library = find_encoder(shape.model_type).MODEL
        model = library(shape, _do_init=False)  # type: ignore[call-arg]  # each has its own module
        return model.init_weights(key, (1, 1))


def _encoder_name(shape: PretrainedConfig) -> str:
    return str(find_encoder(shape.model_type).MODEL.base_model_prefix)


def _find(path: str, encoder_name: str, tensors: dict[str, StoredTensor]) -> StoredTensor | None:
    for name, is_turned in stored_names(path, encoder_name):
        if name in tensors:
            return tensors[name].turned() if is_turned else tensors[name]
    return None


def _require_whole(
    found: dict[str, StoredTensor],
    shapes: dict[str, tuple[int, ...]],
    encoder_name: str,
    name: str,
) -> None:
    """Refuses weights that a model cannot have; reads none."""
    lost = [path for path in shapes if path not in found]
    lost = [path for path in lost if not heads.is_optional(path, encoder_name)]
    if lost:
        raise UserError(
            f"config.model.name {name}: {lost[0]} is missing in its weights ({len(lost)} such in "
            "all)"
        )
    for path, tensor in found.items():
        if tensor.shape != shapes[path]:
            raise UserError(
                f"config.model.name {name}: {path} is {tensor.shape} in its weights, and "
                f"{shapes[path]} by its config"
            )
        if tensor.dtype not in _FLOATS:
            raise UserError(
                f"config.model.name {name}: {path} is {tensor.dtype} in its weights, not one of "
                f"{', '.join(_FLOATS)}: give the model as it was before it was quantized"
            )


def _read(path: str, tensor: StoredTensor, name: str) -> np.ndarray:
    array = np.ascontiguousarray(tensor.read(), np.float32)
    if not np.isfinite(array).all():
        raise UserError(f"config.model.name {name}: {path} has values that are no finite numbers")
    return array


def _flat(tree: Params) -> dict[str, Any]:
    return flatten_dict(tree, sep="/")
