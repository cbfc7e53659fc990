"""A model's weights: what files hold of them, and what is drawn.

A tree of weights is that of the library's Flax class for classification (`MODEL` of the encoder),
whatever the model's files call them; arrays are float32 numpy arrays, paths are joined by "/".
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from xlt_flax.errors import UserError
from xlt_flax.modeling import heads
from xlt_flax.modeling.encoders import Params, find_encoder
from xlt_flax.modeling.pretrained import (
    folder_of,
    in_one_line,
    load,
    one_line,
    quiet,
    require_file,
)

if TYPE_CHECKING:
    from transformers import FlaxPreTrainedModel, PretrainedConfig

log = logging.getLogger("xlt_flax")

_SAFETENSORS, _MSGPACK = "model.safetensors", "flax_model.msgpack"
_FILES = (_SAFETENSORS, "model.safetensors.index.json", _MSGPACK)
_TABLE = "word_embeddings.weight"  # PyTorch's name of it, in every encoder
_SHAPES_KEPT = 4


def stored_weights(name: str, shape: PretrainedConfig, revision: str) -> dict[str, np.ndarray]:
    """{path: array} of what a folder or the hub holds of a model's tree.

    Args:
      name: hub id or folder (see modeling/pretrained).
      shape: from `encoders.load_shape`.
      revision: of the hub id.

    Raises:
      UserError: the weights cannot be had, or do not fit the shape.
    """
    require_file(folder_of(name), _FILES, "weights")
    library = find_encoder(shape.model_type).MODEL
    model = load(_unset(library).from_pretrained, name, revision, config=shape)
    loaded = {path: np.asarray(leaf, np.float32) for path, leaf in _flat(model.params).items()}
    missing = [path for path, leaf in loaded.items() if np.isnan(leaf).any()]
    needed = [path for path in missing if not heads.is_optional(path, library.base_model_prefix)]
    if needed:
        raise UserError(
            f"config.model.name {name}: {needed[0]} is missing or not a number in its weights "
            f"({len(needed)} such in all)"
        )
    log.info("model: %s; drawn from the seed: %s", name, ", ".join(missing) or "nothing")
    return {path: leaf for path, leaf in loaded.items() if path not in missing}


def stored_word_embedding(name: str, shape: PretrainedConfig, revision: str) -> np.ndarray | None:
    """float32[vocabulary, hidden]: the table of `stored_weights`, without reading the rest; None
    where the files do not allow that.

    Raises:
      UserError: the weights cannot be had.
    """
    file = _safetensors(name, revision)
    if file is None:
        return None
    from safetensors import safe_open

    with one_line(name), safe_open(file, framework="flax") as tensors:
        found = [key for key in tensors.keys() if key.endswith(_TABLE)]  # noqa: SIM118
        table = np.asarray(tensors.get_tensor(found[0]), np.float32) if len(found) == 1 else None
    return table if table is not None and len(table) == shape.vocab_size else None


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
    return unflatten_dict(own | drawn_weights(shape, seed, head_sd, missing), sep="/")


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


def _safetensors(name: str, revision: str) -> str | None:
    """The file with PyTorch's names, if it is what the library reads."""
    from transformers.utils import cached_file

    files = {"filename": _MSGPACK, "_raise_exceptions_for_missing_entries": False}
    if load(cached_file, name, revision, **files):
        return None
    return load(cached_file, name, revision, **files | {"filename": _SAFETENSORS})


def _unset(library: type[FlaxPreTrainedModel]) -> type[FlaxPreTrainedModel]:
    """A class that begins as not-a-number everywhere, so that what a file leaves out can be told
    and named: transformers would draw it silently."""

    def init_weights(self: FlaxPreTrainedModel, *_: Any, **__: Any) -> Params:
        shapes = weight_shapes(self.config)
        return jax.tree.map(lambda leaf: np.full(leaf.shape, np.nan, np.float32), shapes)

    return type(library.__name__, (library,), {"init_weights": init_weights})


def _flat(tree: Params) -> dict[str, Any]:
    return flatten_dict(tree, sep="/")
