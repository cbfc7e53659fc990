"""What a config names, opened: the model before any training, and the corpus. Runs that name the
same share it."""

from dataclasses import dataclass
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.data.corpus import Corpus
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.long_documents import WINDOWS
from xlt_flax.data.selection import needed_splits
from xlt_flax.data.sources import Source, find_source
from xlt_flax.errors import UserError
from xlt_flax.modeling.base_model import BaseModel, open_base_model
from xlt_flax.training.class_weights import NONE, require_names
from xlt_flax.training.objectives import find_objective, weighted_losses_of


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


def open_inputs(
    config: ConfigDict, keep_weights: bool = False, reads_documents: bool = True
) -> Inputs:
    """Opens what a config names; reads tokenizer and shape, neither weights nor documents. The data
    comes first: it is at hand, or known not to be, where a hub is waited for.

    Args:
      config: resolved.
      keep_weights: whether the weights of the seed last asked for stay in memory: for the runs of a
        study, which begin with the same ones.
      reads_documents: whether what the config's mixture is drawn from must be there.

    Raises:
      UserError: there is no such data set, or what of it the mixture needs is not there, its
        documents may have more labels than the objective allows, or it has not the classes that
        have weights; the model's folder is not as it should be.
    """
    source = find_source(config.data)
    if reads_documents:
        _require_documents(source, config)
    _require_allowed(source.labels, config)
    _require_weights(source.labels, config)
    base = open_base_model(config, len(source.labels), keep_weights, source.labels.names)
    corpus = Corpus(
        source=source,
        tokenizer=base.tokenizer,
        max_length=config.data.max_length,
        data_dir=Path(config.data.data_dir),
        drop_commas=config.data.drop_commas,
        windows=config.data.long == WINDOWS,
    )
    return Inputs(corpus, base, source.labels)


def _require_documents(source: Source, config: ConfigDict) -> None:
    for language, split in needed_splits(config.mixture, config.data.target_language, source):
        if source.known_digest(language, split) is None:
            source.digest(language, split)  # prepares it, or says what is missing


def _require_allowed(labels: LabelSet, config: ConfigDict) -> None:
    objective = config.train.objective
    if labels.several and not find_objective(objective).SEVERAL:
        raise UserError(
            f"config.train.objective is {objective!r}, but documents of {config.data.dataset} may "
            "have several labels: give multi_label"
        )


def _require_weights(labels: LabelSet, config: ConfigDict) -> None:
    train = config.train
    require_names(train.class_weights, labels)
    if weighted_losses_of(find_objective(train.objective)) is not None:
        return
    for field, off in (("class_weights", NONE), ("label_smoothing", 0.0)):
        if train[field] != off:
            raise UserError(
                f"config.train.{field} is {train[field]!r}, but config.train.objective is "
                f"{train.objective!r}, which knows neither class weights nor label smoothing: "
                f"give {off}"
            )
