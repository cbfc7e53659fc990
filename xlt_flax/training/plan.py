"""What training, evaluation and benchmarks all begin with: tokenizer, model, corpus and layouts."""

import logging
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import jax
import numpy as np
import optax
from ml_collections import ConfigDict
from transformers import BertConfig

from xlt_flax.data.corpus import Corpus
from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.shapes import PackingPlan, choose_shapes
from xlt_flax.data.layout.slots import Layout
from xlt_flax.data.mixture import parse_mixture
from xlt_flax.errors import UserError
from xlt_flax.modeling import pretrained
from xlt_flax.modeling.base_model import BaseModel, open_base_model
from xlt_flax.modeling.cost import tokens_per_compilation
from xlt_flax.modeling.vocabulary import (
    Vocabulary,
    active_vocabulary,
    full_vocabulary,
    word_embedding,
)
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.optimizer import decay_of_unused_rows, learning_rate, make_optimizer
from xlt_flax.training.sources import Start, starting_point
from xlt_flax.training.step import Forward
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")

_EVALUATION_TOKENS = 128  # of a document, to size packed batches of config.eval.batch_size
# Whole rows are attended to on accelerators: a token costs this much more for each of its row's.
_ROW_COST = 2e-4
_ROW_LENGTHS = (128, 256)
_NUM_LABELS = 2
_MOST_SHAPES = 12  # of training batches; few are used where compiling costs more than padding


@dataclass(frozen=True)
class Setup:
    """A config's tokenizer, model shape and corpus, before any weights, and where they begin."""

    config: ConfigDict
    tokenizer: object
    model_config: BertConfig
    corpus: Corpus
    base: BaseModel
    start: Start = field(default_factory=Start)

    def of(self, config: ConfigDict) -> "Setup":
        """The setup of another run, such as the source of this one."""
        return load_setup(config)

    def started(self, workdir: Workdir | None = None) -> "Setup":
        """With what the run starts from, or did start from (see `sources.starting_point`).

        Raises:
          UserError: the config's `init_from` cannot be started from.
        """
        return replace(self, start=starting_point(self.config, workdir))

    # ---- Steps -------------------------------------------------------------------------------

    @property
    def steps_per_epoch(self) -> int:
        return steps_per_epoch(self.config)

    @property
    def total_steps(self) -> int:
        return total_steps(self.config)

    def learning_rate(self) -> optax.Schedule:
        return learning_rate(self.config.train, self.steps_per_epoch, self.total_steps)

    def optimizer(self) -> optax.GradientTransformation:
        return make_optimizer(self.config.train, self.learning_rate())

    # ---- Weights -----------------------------------------------------------------------------

    def initial_params(self) -> dict:
        """The weights that the run starts from, on the host, with the full word embedding.

        Raises:
          UserError: they cannot be had, or are not those that are recorded.
        """
        if bool(self.start.source) != bool(self.config.init_from):
            raise ValueError("the setup was not `started`")
        if not self.start.source:
            return self._model_params()
        source, step = self.start.source, self.start.step
        if not source.is_run():
            raise UserError(
                f"config.init_from: {source.path} is gone, and word embeddings of it are needed: "
                "put it back, or say where it is, --config.init_from=DIR"
            )
        params, held = Checkpoints(source.checkpoints).restore_params(step)
        self.base.require_fit(params, held.full_size, source.path)
        if len(held.ids) == held.full_size:
            return params
        begun_as = self.of(self._config_of(source)).started(source)
        return held.rebuild(params, begun_as.untouched_table(step))

    def _model_params(self) -> dict:
        params = self.base.params(self.config.seed)
        self.require_recorded_model()
        return params

    def _config_of(self, source: Workdir) -> ConfigDict:
        """A source's config; its model is taken from this run's place if it is not in its own."""
        config = ConfigDict(source.read_config().to_dict())
        if not pretrained.is_there(config.model.name):
            config.model.name = self.config.model.name
            config.model.revision = self.config.model.revision
        config.data.data_dir = self.config.data.data_dir
        config.data.manual_dir = self.config.data.manual_dir
        return config.lock()

    def require_recorded_model(self) -> None:
        """Refuses a model that is not the one that the run started from; loads it to know.

        Raises:
          UserError: it is another, or cannot be had.
        """
        start = self.start
        if start.source or start.digest in (None, self.base.digest()):
            return
        revision = f" or --config.model.revision={start.revision}" if start.revision else ""
        raise UserError(
            f"config.model.name: {self.config.model.name} is not the model that {start.run.path} "
            f"started from (other weights): give that one, --config.model.name=PLACE{revision}"
        )

    def untouched_table(self, steps: int) -> np.ndarray:
        """float32[vocabulary, hidden]: word embeddings as `steps` updates leave unused ones."""
        factor = decay_of_unused_rows(self.config.train, self.learning_rate(), steps)
        return (word_embedding(self.initial_params()) * factor).astype(np.float32)

    def vocabulary(self, documents: list[Documents]) -> Vocabulary:
        """The rows of the word embedding that a run on these documents must hold."""
        size = self.model_config.vocab_size
        if self.config.model.vocabulary == "full":
            return full_vocabulary(size)
        tokens = [part.tokens for part in documents]
        return active_vocabulary(tokens, self.tokenizer.all_special_ids, size)

    def used_rows(self, documents: list[Documents]) -> Vocabulary:
        """The rows of the word embedding that documents use, and no others."""
        tokens, size = [part.tokens for part in documents], self.model_config.vocab_size
        return active_vocabulary(tokens, self.tokenizer.all_special_ids, size, multiple=1)

    # ---- Forward pass and batches ------------------------------------------------------------

    @cached_property  # so that a fallback is told once
    def is_packed(self) -> bool:
        if self.config.model.forward == "padded":
            return False
        reason = self.base.adapter.packed_reason(self.model_config)
        if reason and self.config.model.attention_dropout == "each":
            raise UserError(
                "config.model.attention_dropout is 'each', which the packed forward alone has, and "
                f"it does not know {self.config.model.name}: {reason}; give 'shared'"
            )
        if reason:
            log.info("model.forward: padded, since the packed one does not know it: %s", reason)
        return not reason

    def forward(self) -> Forward:
        model, adapter = self.config.model, self.base.adapter
        if self.is_packed:
            return adapter.packed_forward(self.model_config, model.dtype, model.attention_dropout)
        return adapter.padded_forward(self.model_config, model.dtype)

    def layout(self, documents: Documents | None, pad_token: int) -> Layout:
        """How batches are laid out.

        Args:
          documents: that training batches are made of; None: for evaluation alone.
          pad_token: the padding token's number, as the documents' tokens are numbered.
        """
        config, devices = self.config, jax.device_count()
        if not self.is_packed:
            size = config.eval.batch_size if documents is None else config.train.batch_size
            return PaddedLayout(config.data.max_length, size, devices, pad_token)
        plan = self._plan(documents.lengths, self.total_steps) if documents else None
        tokens = -(-config.eval.batch_size // devices) * _EVALUATION_TOKENS
        rows = self._row_lengths()
        layout = PackedLayout(plan, tokens, rows and rows[-1], devices, pad_token)
        if plan:
            log.info(
                "packing: rows of %s tokens a device; about %.1f%% of them are padding",
                ", ".join(layout.shapes),
                100 * plan.padding_fraction,
            )
        return layout

    def _plan(self, lengths: np.ndarray, steps: int) -> PackingPlan:
        """The shapes of packed batches of documents of these lengths, for so many updates."""
        rows = self._row_lengths()
        return choose_shapes(
            lengths,
            self.config.train.batch_size,
            devices=jax.device_count(),
            row_lengths=rows,
            row_cost=_ROW_COST if rows else 0.0,
            steps=steps,
            compile_tokens=tokens_per_compilation(
                self.model_config, jax.default_backend(), jax.device_count()
            ),
            limit=_MOST_SHAPES,
        )

    def _row_lengths(self) -> list[int] | None:
        if jax.default_backend() == "cpu":
            return None
        longest = -(-self.config.data.max_length // 64) * 64
        return [*(length for length in _ROW_LENGTHS if length < longest), longest]


def steps_per_epoch(config: ConfigDict) -> int:
    """Updates in which every training document is seen once."""
    documents = len(parse_mixture(config.mixture)) * config.data.train_per_group
    return -(-documents // config.train.batch_size)


def total_steps(config: ConfigDict, epochs_before: int = 0) -> int:
    """Updates of a run: `max_steps` of its own, or those of its epochs.

    Args:
      config: of the run; on no documents, it makes no updates whatever it says.
      epochs_before: that count as done, of a run whose count of epochs goes on.
    """
    each = steps_per_epoch(config)
    if each and config.train.max_steps:
        return config.train.max_steps
    return max(config.train.epochs - epochs_before, 0) * each


def load_setup(config: ConfigDict) -> Setup:
    """Reads what a config names.

    Raises:
      UserError: the model's folder or the data is not as it should be.
    """
    base = open_base_model(config, _NUM_LABELS)
    corpus = Corpus(
        dataset=config.data.dataset,
        domain=config.data.domain,
        manual_dir=Path(config.data.manual_dir),
        data_dir=Path(config.data.data_dir),
        tokenizer=base.tokenizer,
        max_length=config.data.max_length,
        drop_commas=config.data.drop_commas,
    )
    return Setup(config, base.tokenizer, base.shape, corpus, base)
