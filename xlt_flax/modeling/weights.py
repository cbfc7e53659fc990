"""Loads FlaxBertForSequenceClassification and its tokenizer from a hub id or a local folder.

A hub id may come with a revision (a commit, branch or tag; "" is the newest that is at hand).

A folder is what transformers writes (config.json, tokenizer files, model.safetensors in PyTorch's
names or flax_model.msgpack), or Google's original release without its weights (bert_config.json,
vocab.txt), which serves for random weights of that shape.
"""

import logging
import os
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("USE_TF", "0")  # transformers would import TensorFlow where it finds it

import jax
import numpy as np
import transformers
from flax.traverse_util import flatten_dict, unflatten_dict
from transformers import (
    AutoConfig,
    AutoTokenizer,
    BertConfig,
    BertTokenizerFast,
    FlaxBertForSequenceClassification,
)

from xlt_flax.errors import UserError
from xlt_flax.modeling.shipped import shipped_folder

transformers.logging.set_verbosity_error()
logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it names every retry
log = logging.getLogger("xlt_flax")

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "flax_model.msgpack")
_TOKENIZERS = ("tokenizer.json", "vocab.txt")
NUM_LABELS = 2
_HEAD = "classifier/kernel"
_HEAD_STREAM = 2  # of random keys; training has 1 for dropout


def load_tokenizer(name: str, revision: str = ""):
    """The model's fast tokenizer.

    Raises:
      UserError: it cannot be had, is not a fast one, or cannot pad.
    """
    folder = _local_folder(name)
    _require_file(folder, _TOKENIZERS, "tokenizer")
    if folder and not (folder / "tokenizer.json").exists() and not _has_hf_config(folder):
        with _one_line(name):
            return _google_tokenizer(folder)
    tokenizer = _from_pretrained(AutoTokenizer, name, revision, use_fast=True)
    if not tokenizer.is_fast:
        raise UserError(f"config.model.name {name} has no fast tokenizer (tokenizer.json)")
    if tokenizer.pad_token_id is None:
        raise UserError(
            f"config.model.name {name}: its tokenizer has no padding token: name one in its "
            "tokenizer_config.json, as pad_token"
        )
    return tokenizer


def load_config(
    name: str, dropout: float | None, max_length: int, tokenizer, revision: str = ""
) -> BertConfig:
    """The model's shape, checked against what a run asks of it.

    Args:
      name: hub id or folder.
      dropout: replaces the model's own probabilities; None keeps them.
      max_length: of the run's documents; the model must have as many positions.
      tokenizer: its ids must have rows in the model's vocabulary.
      revision: of the hub id.

    Raises:
      UserError: it cannot be had, is not a BERT, or does not fit max_length or the tokenizer.
    """
    folder = _local_folder(name)
    _require_file(folder, ("config.json", "bert_config.json"), "config")
    if folder and not _has_hf_config(folder):
        with _one_line(name):
            config = BertConfig.from_json_file(str(folder / "bert_config.json"))
    else:
        config = _from_pretrained(AutoConfig, name, revision)
    if config.model_type != "bert":
        raise UserError(
            f"config.model.name {name} is a {config.model_type} model: give one of type bert"
        )
    if max_length > config.max_position_embeddings:
        raise UserError(
            f"config.data.max_length is {max_length}, but {name} has "
            f"{config.max_position_embeddings} positions: give no more than that"
        )
    if len(tokenizer) > config.vocab_size:
        raise UserError(
            f"config.model.name {name}: its tokenizer has {len(tokenizer)} pieces, its config a "
            f"vocabulary of {config.vocab_size}: they are not of one model"
        )
    config.num_labels = NUM_LABELS
    if dropout is not None:
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = dropout
        config.classifier_dropout = None  # = hidden_dropout_prob
    return config


def stored_weights(name: str, config: BertConfig, revision: str = "") -> dict[str, np.ndarray]:
    """{path: float32 array} of what the files hold of FlaxBertForSequenceClassification's tree.

    Raises:
      UserError: the weights cannot be had, or do not fit the config.
    """
    folder = _local_folder(name)
    _require_file(folder, _WEIGHTS, "weights")
    model = _from_pretrained(_Unset, name, revision, config=config)
    loaded = {path: np.asarray(leaf, np.float32) for path, leaf in _flat(model.params).items()}
    missing = [path for path, leaf in loaded.items() if np.isnan(leaf).any()]
    encoder = [path for path in missing if not path.startswith(("classifier/", "bert/pooler/"))]
    if encoder:
        raise UserError(
            f"config.model.name {name}: {encoder[0]} is missing or not a number in its weights "
            f"({len(encoder)} such in all)"
        )
    log.info("model: %s; drawn from the seed: %s", name, ", ".join(missing) or "nothing")
    return {path: leaf for path, leaf in loaded.items() if path not in missing}


def complete_weights(
    stored: dict[str, np.ndarray], config: BertConfig, seed: int, head_sd: float | None = None
) -> dict:
    """FlaxBertForSequenceClassification's tree, float32 numpy arrays: what files hold, and the rest
    drawn.

    Args:
      stored: from `stored_weights`.
      config: from `load_config`.
      seed: of what is drawn.
      head_sd: standard deviation of a head that is drawn; None: transformers' own draw, which is
        truncated and has 1 / sqrt(hidden size).
    """
    missing = [path for path in _flat(weight_shapes(config)) if path not in stored]
    return _to_host(unflatten_dict(stored | _draw(config, seed, head_sd, missing), sep="/"))


def weight_shapes(config: BertConfig) -> dict:
    """The tree with jax.ShapeDtypeStructs as leaves."""
    return jax.eval_shape(lambda: _init(config, jax.random.key(0)))


def random_weights(config: BertConfig, seed: int, head_sd: float | None = None) -> dict:
    """The same tree, all of it as transformers draws it for training from scratch, but for a head
    whose standard deviation is given.

    Raises:
      UserError: the config describes no model.
    """
    try:
        return _to_host(unflatten_dict(_draw(config, seed, head_sd), sep="/"))
    except (TypeError, ValueError) as error:
        reason = _in_one_line(error)
        raise UserError(f"config.model.name: its config describes no model: {reason}") from error


def flat_shapes(params: dict) -> dict[str, tuple[int, ...]]:
    """{path: shape} of a tree of arrays or of what describes them."""
    return {path: tuple(leaf.shape) for path, leaf in _flat(params).items()}


def is_folder(name: str) -> bool:
    """Whether `model.name` is a folder, of this machine or of the package, not a hub id."""
    return bool(shipped_folder(name)) or Path(name).expanduser().is_dir()


def is_there(name: str) -> bool:
    """Whether it is a folder, or a hub id, which may be at hand; not a folder that is gone."""
    return is_folder(name) or not _names_a_folder(name)


class _Unset(FlaxBertForSequenceClassification):
    """Begins as not-a-number everywhere, so that what a file leaves out can be told and named:
    transformers would draw it silently."""

    def init_weights(self, rng, input_shape, params=None):
        shapes = jax.eval_shape(lambda key: _init(self.config, key), rng)
        return jax.tree.map(lambda leaf: np.full(leaf.shape, np.nan, np.float32), shapes)


def _init(config: BertConfig, key: jax.Array) -> dict:
    model = FlaxBertForSequenceClassification(config, _do_init=False)
    return model.init_weights(key, (1, 1))


def _draw(
    config: BertConfig, seed: int, head_sd: float | None, paths: list[str] | None = None
) -> dict:
    """{path: array} of freshly drawn weights: all, or those named; XLA draws no others."""

    def draw(key):
        drawn = _flat(_init(config, key))
        if head_sd is not None:
            normal = jax.random.normal(jax.random.fold_in(key, _HEAD_STREAM), drawn[_HEAD].shape)
            drawn[_HEAD] = head_sd * normal
        return drawn if paths is None else {path: drawn[path] for path in paths}

    return jax.jit(draw)(jax.random.key(seed))


def _flat(tree) -> dict:
    return flatten_dict(tree, sep="/")


def _to_host(params) -> dict:
    return jax.tree.map(lambda leaf: np.array(leaf, np.float32), params)


def _local_folder(name: str) -> Path | None:
    if shipped := shipped_folder(name):
        return shipped
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if _names_a_folder(name):
        raise UserError(f"config.model.name: there is no folder {name}")
    return None


def _names_a_folder(name: str) -> bool:
    return name.startswith((".", "~")) or Path(name).is_absolute()


def _require_file(folder: Path | None, names: tuple[str, ...], what: str) -> None:
    if folder and not any((folder / name).is_file() for name in names):
        raise UserError(f"config.model.name: {folder} has no {what} ({' or '.join(names)})")


def _has_hf_config(folder: Path) -> bool:
    return (folder / "config.json").is_file()


def _google_tokenizer(folder: Path):
    """Google's release does not say whether it is cased; a vocabulary with capitals is."""
    pieces = (folder / "vocab.txt").read_text("utf-8").splitlines()
    cased = any(piece != piece.lower() for piece in pieces if not piece.startswith("["))
    return BertTokenizerFast(
        vocab_file=str(folder / "vocab.txt"), do_lower_case=not cased, strip_accents=not cased
    )


def _from_pretrained(loader, name: str, revision: str, **arguments):
    """`from_pretrained` with one line for whatever may be wrong with a hub id or a folder.

    A hub id is looked up in the local cache first: a machine without a network need not wait.
    """
    if folder := _local_folder(name):
        with _one_line(name):
            return loader.from_pretrained(str(folder), **arguments)
    if revision:
        arguments["revision"] = revision
    at = f" at revision {revision}" if revision else ""
    try:
        return loader.from_pretrained(name, local_files_only=True, **arguments)
    except (OSError, ValueError):  # the latter of a name that cannot be a hub's
        log.info("model: asking the hub for %s%s", name, at)
    with _one_line(f"{name}{at}"):
        return loader.from_pretrained(name, **arguments)


@contextmanager
def _one_line(name: str):
    try:
        yield
    except Exception as error:  # transformers raises what its parsers do: OSError, ValueError, ...
        if is_folder(name):
            reason = _in_one_line(error)
            raise UserError(f"config.model.name {name} does not load: {reason}") from error
        raise UserError(
            f"config.model.name {name} is not in the local cache, and the hub did not give it "
            f"({type(error).__name__}): get it where there is a network and give the folder, "
            "--config.model.name=/path/to/folder"
        ) from error


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
