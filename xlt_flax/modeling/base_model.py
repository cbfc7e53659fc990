"""The model that a config names, before any training: its weights, and what identifies it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import numpy as np
from ml_collections import ConfigDict

from xlt_flax.errors import UserError
from xlt_flax.modeling import vocabulary, weights
from xlt_flax.modeling.digests import digest
from xlt_flax.modeling.encoders import Params, find_encoder, load_shape
from xlt_flax.modeling.model_config import labels_of_head, read_fields
from xlt_flax.modeling.pretrained import ModelFiles, is_folder
from xlt_flax.modeling.tokenizers import load_tokenizer

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from xlt_flax.modeling.tokenizers import Tokenizer

log = logging.getLogger("xlt_flax")

_OF_WEIGHTS = ("name", "revision", "init", "head_sd")  # fields that the weights depend on


def open_base_model(
    config: ConfigDict, num_labels: int, keep_weights: bool = False, labels: Sequence[str] = ()
) -> BaseModel:
    """The model that a config names; reads its tokenizer and shape, no weights.

    Args:
      config: resolved.
      num_labels: of the head.
      keep_weights: see `BaseModel`.
      labels: names of the head's classes, where they are known: a head of other ones is drawn anew.

    Raises:
      UserError: its folder is not as it should be, or the hub does not give it.
    """
    name, revision = config.model.name, config.model.revision
    tokenizer = load_tokenizer(name, revision)
    max_length, dropout = config.data.max_length, config.model.dropout
    shape = load_shape(name, dropout, max_length, tokenizer, revision, num_labels)
    if revision and is_folder(name):
        log.info("config.model.revision %s is not used: %s is a folder", revision, name)
    named = labels_of_head(read_fields(ModelFiles(name, revision)))
    has_other_labels = bool(labels) and named not in (None, list(labels))
    return BaseModel(config.model, shape, tokenizer, keep_weights, has_other_labels)


class BaseModel:
    """A model's folder or hub id.

    Args:
      model: the config's `model` (name, revision, init, head_sd).
      shape: of `encoders.load_shape`.
      tokenizer: of `tokenizers.load_tokenizer`.
      keep_weights: whether the weights of the seed last asked for stay in memory: for the runs of a
        study, which begin with the same ones.
      draws_head: whether the head is drawn, whatever the files hold of one.

    Attributes:
      shape, tokenizer: as given.
      adapter: the encoder's.
    """

    def __init__(
        self,
        model: ConfigDict,
        shape: PretrainedConfig,
        tokenizer: Tokenizer,
        keep_weights: bool = False,
        draws_head: bool = False,
    ):
        self.shape, self.tokenizer = shape, tokenizer
        self.adapter = find_encoder(shape.model_type)
        self._model, self._keep_weights = model, keep_weights
        self._draws_head = draws_head
        self._kept: tuple[int, Params] | None = None
        self._digest: str | None = None

    @property
    def revision(self) -> str | None:
        """The commit of a hub id, where it is known; None of a folder."""
        return getattr(self.shape, "_commit_hash", None)

    def is_of(self, model: ConfigDict) -> bool:
        """Whether a config's `model` names this one, with weights that are drawn alike."""
        return all(self._model[name] == model[name] for name in _OF_WEIGHTS)

    def params(self, seed: int) -> Params:
        """The tree of the encoder's `MODEL`, float32 on the host; `seed` draws what no file holds.

        Raises:
          UserError: the weights cannot be had, or do not fit the shape.
        """
        if not self._keep_weights:
            return self._params(seed)
        if self._kept is None or self._kept[0] != seed:
            self._kept = None  # before the next ones are read: two do not fit everywhere
            self._kept = seed, self._params(seed)
        return jax.tree.map(np.copy, self._kept[1])  # training may reuse what it is given

    def stored_params(self) -> Params:
        """The same, all of it from files: a model that can classify.

        Raises:
          UserError: the weights cannot be had, do not fit the shape, or are not all there.
        """
        stored = self._stored_weights()
        shapes = weights.flat_shapes(weights.weight_shapes(self.shape))
        if lost := [path for path in shapes if path not in stored]:
            raise UserError(
                f"{self._model.name} is no trained classifier: its weights lack {lost[0]}: train "
                "it first (xlt_flax.main), or give another model"
            )
        return weights.complete_weights(stored, self.shape, seed=0)

    def word_embedding(self, seed: int) -> np.ndarray:
        """float32[vocabulary, hidden]: that of `params`, without the rest where it can be had so.
        Not to be written to.

        Raises:
          UserError: the weights cannot be had, or do not fit the shape.
        """
        if self._kept is not None and self._kept[0] == seed:
            return vocabulary.word_embedding(self._kept[1])
        path = vocabulary.word_embedding_path(weights.weight_shapes(self.shape))
        if self._model.init == "random":
            log.info("model: drawing the weights of %s from the seed", self._model.name)
            return weights.drawn_weights(self.shape, seed, paths=[path])[path]
        table = weights.stored_word_embedding(self._model.name, self.shape, self._model.revision)
        return self._stored_weights()[path] if table is None else table

    def digest(self) -> str:
        """sha256 of the shape and of the weights that files hold; what is drawn is a function of
        shape and seed, the same wherever it is drawn but for rounding, so it does not count.

        A model without files costs nothing here; another is loaded, unless `params` did so before.

        Raises:
          UserError: the weights cannot be had, or do not fit the shape.
        """
        if self._digest is None and self._model.init == "random":
            self._digest = self._digest_of({})
        elif self._digest is None:
            self._stored_weights()
        return str(self._digest)

    def require_fit(self, params: Params, rows: int, owner: Path) -> None:
        """Refuses a model whose weights have other names or shapes than a run's.

        Args:
          params: the run's weights, with any rows of the word embedding.
          rows: of its full word embedding.
          owner: the run's folder, for the message.

        Raises:
          UserError: they differ.
        """
        shapes = weights.weight_shapes(self.shape)
        own, runs = weights.flat_shapes(shapes), weights.flat_shapes(params)
        table = vocabulary.word_embedding_path(shapes)
        runs[table] = (rows, *runs.get(table, ())[1:])
        differ = sorted(path for path in own.keys() | runs if own.get(path) != runs.get(path))
        if differ:
            raise UserError(
                f"config.model.name: {self._model.name} does not fit {owner}: its "
                f"{differ[0]} is {own.get(differ[0])}, the run's {runs.get(differ[0])}: give the "
                "model that it was made from"
            )

    def _params(self, seed: int) -> Params:
        if self._model.init == "random":
            log.info("model: drawing the weights of %s from the seed", self._model.name)
            return weights.random_weights(self.shape, seed, self._model.head_sd)
        stored = self._stored_weights()
        if self._draws_head:
            log.info("model: %s has a head of other classes: it is drawn anew", self._model.name)
            stored = weights.without_head(stored, self.shape)
        return weights.complete_weights(stored, self.shape, seed, self._model.head_sd)

    def _stored_weights(self) -> dict[str, np.ndarray]:
        """Reads them, and notes their digest: what reads them is asked for it sooner or later."""
        stored = weights.stored_weights(self._model.name, self.shape, self._model.revision)
        self._digest = self._digest_of(stored)
        return stored

    def _digest_of(self, stored: dict[str, np.ndarray]) -> str:
        facts = {"shape": self._facts(), "weights": digest(stored)}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def _facts(self) -> dict[str, object]:
        facts = {name: getattr(self.shape, name, None) for name in self.adapter.SHAPE}
        if self.shape.model_type == "bert":  # as runs recorded it when there was no other
            return facts
        return facts | {"model_type": self.shape.model_type}
