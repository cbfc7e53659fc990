"""The weights that a run starts from, with all rows of the word embedding.

A checkpoint holds the rows that its run could reach. What no update reached is the model's, but for
what weight decay made of it and for the rows that an earlier stage held; so it is computed from the
oldest stage to the newest.
"""

import os
from dataclasses import dataclass

import numpy as np
from ml_collections import ConfigDict

from xlt_flax.data.corpus import Corpus, corpus_of
from xlt_flax.data.selection import count_training
from xlt_flax.errors import UserError
from xlt_flax.modeling.base_model import BaseModel, open_base_model
from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.pretrained import is_there
from xlt_flax.modeling.vocabulary import Vocabulary, word_embedding
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.length import length_of
from xlt_flax.training.optimizer import decay_of_unused_rows, schedule_of
from xlt_flax.training.stages import Start, require_recorded_model, starting_point
from xlt_flax.workdir import Workdir


def initial_params(config: ConfigDict, inputs: Inputs, start: Start) -> Params:
    """The weights that a run starts from, float32 on the host, with the full word embedding.

    Args:
      config: of the run.
      inputs: what it names.
      start: of the run.

    Raises:
      UserError: they cannot be had, or are not those that are recorded.
    """
    if not start.source:
        params = inputs.base.params(config.seed)
        require_recorded_model(start, inputs.base, config.model)
        return params
    params, held = _checkpoint_params(inputs, start)
    if held.is_whole:
        return params
    source, step = start.checkpoint
    earlier = _config_of(source, config)
    began = starting_point(earlier, source)
    return held.rebuild(params, unused_rows(earlier, inputs, began, step))


def unused_rows(config: ConfigDict, inputs: Inputs, start: Start, steps: int) -> np.ndarray:
    """The word embeddings as `steps` updates of a run leave those that have no gradient.

    Args:
      config, inputs, start: as of `initial_params`.
      steps: updates of this run; of the stages before it, all that led here are counted.

    Returns:
      float32[vocabulary, hidden]

    Raises:
      UserError: the weights of a stage, or of the model, cannot be had.
    """
    table, stages = _stages(config, inputs, start, steps)
    for stage in stages:
        table = stage.after(table)
    return table


@dataclass(frozen=True)
class _Stage:
    """What a stage does to rows without a gradient.

    Attributes:
      config: of the stage.
      updates: that it made.
      corpus: of the run that asks.
      held, rows: what it took over of the stage before it; None: nothing.
    """

    config: ConfigDict
    updates: int
    corpus: Corpus
    held: Vocabulary | None = None
    rows: np.ndarray | None = None

    def after(self, table: np.ndarray) -> np.ndarray:
        if self.held is not None:
            table = np.array(table)
            table[self.held.ids] = self.rows
        if not self.config.train.weight_decay:
            return table.astype(np.float32)
        return (table * self._decay()).astype(np.float32)

    def _decay(self) -> float:
        """What weight decay leaves of a row, as a factor; its schedule may be of the documents."""
        train, data = self.config.train, self.config.data
        documents = count_training(corpus_of(data, self.corpus), self.config.mixture, data)
        schedule = schedule_of(train, length_of(self.config, documents))
        return decay_of_unused_rows(train, schedule, self.updates)


def _stages(
    config: ConfigDict, inputs: Inputs, start: Start, updates: int
) -> tuple[np.ndarray, list[_Stage]]:
    """The oldest table that is whole, and what was done to it since, the oldest stage first."""
    stages: list[_Stage] = []
    while start.source:
        params, held = _checkpoint_params(inputs, start)
        rows = word_embedding(params)
        if held.is_whole:
            return rows, [_Stage(config, updates, inputs.corpus), *stages]
        stages.insert(0, _Stage(config, updates, inputs.corpus, held, rows))
        source, updates = start.checkpoint
        config = _config_of(source, config)
        start = starting_point(config, source)
    base = _base_of(config, inputs)
    table = base.word_embedding(config.seed)
    require_recorded_model(start, base, config.model)
    return table, [_Stage(config, updates, inputs.corpus), *stages]


def _checkpoint_params(inputs: Inputs, start: Start) -> tuple[Params, Vocabulary]:
    """The weights of the checkpoint that a run starts from, and the rows that it holds."""
    source, step = start.checkpoint
    if not source.is_run():
        raise UserError(
            f"config.init_from: {source.path} is gone, and word embeddings of it are needed: "
            "put it back, or say where it is, --config.init_from=DIR"
        )
    params, held = Checkpoints(source.checkpoints).restore_params(step)
    inputs.base.require_fit(params, held.full_size, source.path)
    return params, held


def _base_of(config: ConfigDict, inputs: Inputs) -> BaseModel:
    """The model of a run or of a stage before it, whose folder may be another."""
    if inputs.base.is_of(config.model):
        return inputs.base
    return open_base_model(config, len(inputs.labels))


def _config_of(source: Workdir, run: ConfigDict) -> ConfigDict:
    """A source's config; its model and its files are taken from the run's place if they are not in
    their own."""
    config = ConfigDict(source.read_config().to_dict())
    if not is_there(config.model.name):
        config.model.name = run.model.name
        config.model.revision = run.model.revision
    config.data.data_dir = run.data.data_dir
    config.data.manual_dir = run.data.manual_dir
    if not os.path.exists(config.data.files):
        config.data.files = run.data.files
    return config.lock()
