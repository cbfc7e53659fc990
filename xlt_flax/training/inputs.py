"""What a config names, opened: the model before any training, and the corpus. Runs that name the
same share it."""

import logging
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from xlt_flax.data.corpus import Corpus
from xlt_flax.data.documents import LABELS
from xlt_flax.data.examples import LabelSet
from xlt_flax.modeling import weights
from xlt_flax.training.base_model import BaseModel

log = logging.getLogger("xlt_flax")


@dataclass(frozen=True)
class Inputs:
    """What runs read.

    Attributes:
      corpus: the data set, tokenized on first use.
      base: the model with its tokenizer and shape; its weights are read when they are asked for.
      labels: that documents may have.
    """

    corpus: Corpus
    base: BaseModel
    labels: LabelSet


def open_inputs(config: ConfigDict, keep_weights: bool = False) -> Inputs:
    """Opens what a config names; reads tokenizer and shape, neither weights nor documents.

    Args:
      config: resolved.
      keep_weights: whether the weights of the seed last asked for stay in memory: for the runs of a
        study, which begin with the same ones.

    Raises:
      UserError: the model's folder is not as it should be.
    """
    base = open_base_model(config, keep_weights)
    corpus = Corpus(
        dataset=config.data.dataset,
        domain=config.data.domain,
        manual_dir=Path(config.data.manual_dir),
        data_dir=Path(config.data.data_dir),
        tokenizer=base.tokenizer,
        max_length=config.data.max_length,
        drop_commas=config.data.drop_commas,
    )
    return Inputs(corpus, base, LabelSet(LABELS))


def open_base_model(config: ConfigDict, keep_weights: bool = False) -> BaseModel:
    """The model that a config names.

    Raises:
      UserError: its folder is not as it should be.
    """
    name, revision = config.model.name, config.model.revision
    tokenizer = weights.load_tokenizer(name, revision)
    shape = weights.load_config(
        name, config.model.dropout, config.data.max_length, tokenizer, revision
    )
    if revision and weights.is_folder(name):
        log.info("config.model.revision %s is not used: %s is a folder", revision, name)
    kind = _KeptModel if keep_weights else BaseModel
    return kind(config.model, shape, tokenizer)


class _KeptModel(BaseModel):
    """Keeps the weights of the seed last asked for."""

    _kept: tuple[int, dict] | None = None

    def params(self, seed: int) -> dict:
        if self._kept is None or self._kept[0] != seed:
            self._kept = None  # before the next ones are read: two do not fit everywhere
            self._kept = seed, super().params(seed)
        return jax.tree.map(np.copy, self._kept[1])  # training may reuse what it is given
