"""What compiled programs depend on, as a value that is made for one run or for all of a study.

A program is compiled for shapes: those of batches, and that of the word embedding. A run by itself
has them made for its own documents; the runs of a study share those that are made for all of them
together, so that each finds the programs of the first. Results do not depend on them, but for
rounding. A study's are made of all that one draw gives all of its runs, so that a run has the very
same numbers whatever shard, seeds, draws or --only brought it about.

Draws share programs where shapes agree, and nothing else. One vocabulary for all that can be drawn
would be the same for all, but larger: 29,900 rows instead of 17,200, where 3 x 132 documents of 64
tokens are drawn of each language's 4,000 (music, XLM-R's vocabulary).
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import jax
import numpy as np
from ml_collections import ConfigDict
from transformers import PretrainedConfig

from xlt_flax.data import selection
from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.shapes import PackingPlan, choose_shapes
from xlt_flax.data.layout.slots import Layout
from xlt_flax.data.mixture import parse_mixture
from xlt_flax.errors import UserError
from xlt_flax.modeling import packed
from xlt_flax.modeling.padded import make_padded_forward
from xlt_flax.modeling.vocabulary import Vocabulary, active_vocabulary, full_vocabulary
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.step import Forward

log = logging.getLogger("xlt_flax")

_EVALUATION_TOKENS = 128  # of a document, to size packed batches of config.eval.batch_size
# Whole rows are attended to on accelerators: a token costs this much more for each of its row's.
_ROW_COST = 2e-4
_ROW_LENGTHS = (128, 256)
_MOST_SHAPES = 12  # of training batches; few are used where compiling costs more than padding
# Rough speeds, to weigh a compilation against the padding that it saves; no effect on results.
_FLOPS = {"cpu": 2e11}
_FLOPS_OF_ACCELERATORS = 1e14
_FORWARDS_KEPT = 4


@dataclass(frozen=True, eq=False)
class Plan:
    """What programs are compiled for.

    Attributes:
      forward: the model's forward pass; of equal settings, the same object in one process.
      is_packed: whether it takes batches with several documents a row, or one a row.
      vocabulary: the rows of the word embedding that training holds; None: for evaluation alone.
      packing: the shapes of packed training batches; None: there are none.
      evaluation_lengths: int64[…], of documents, that the shape of packed evaluation batches is
        made for; None: those of what is evaluated.
    """

    forward: Forward
    is_packed: bool
    vocabulary: Vocabulary | None = None
    packing: PackingPlan | None = None
    evaluation_lengths: np.ndarray | None = None

    def rows_for(self, parts: Sequence[Documents]) -> Vocabulary:
        """The rows that training on these documents holds.

        Raises:
          ValueError: the plan was made for other documents.
        """
        if self.vocabulary is None:
            raise ValueError("a plan for evaluation alone")
        if any((self.vocabulary.row_of[part.tokens] < 0).any() for part in parts):
            raise ValueError("the plan was made for other documents: their tokens have no rows")
        return self.vocabulary


def plan_evaluation(config: ConfigDict, inputs: Inputs) -> Plan:
    """Of an evaluation by itself; arguments as of `plan_run`."""
    is_packed = _is_packed(config, inputs.base.shape)
    return Plan(_forward(config, inputs.base.shape, is_packed), is_packed)


def plan_run(
    config: ConfigDict, inputs: Inputs, train: Documents, others: list[Documents], steps: int
) -> Plan:
    """Of one run.

    Args:
      config: of the run.
      inputs: what it names.
      train: what it trains on.
      others: what it validates on and is evaluated on, as far as it is known.
      steps: updates that it makes.

    Raises:
      UserError: the model has not what the config asks for.
    """
    own = plan_evaluation(config, inputs)
    return Plan(
        own.forward,
        own.is_packed,
        _vocabulary(config, inputs, [train, *others]),
        _packing(config, inputs.base.shape, train.lengths, steps) if own.is_packed else None,
    )


def plan_study(config: ConfigDict, inputs: Inputs, mixtures: Iterable[str], steps: int) -> Plan:
    """Of all runs of one draw of a study, whatever their seeds.

    Args:
      config: of any of the runs; its `data.split_seed` is the draw.
      inputs: what it names.
      mixtures: of all runs, those of other shards included: what is shared must not depend on
        which process a run falls to.
      steps: updates of all runs together, of one seed.

    Raises:
      UserError: data is not as it should be, or a mixture cannot be drawn.
    """
    own = plan_evaluation(config, inputs)
    groups = dict.fromkeys(group.name for name in mixtures for group in parse_mixture(name))
    chosen = selection.select(inputs.corpus, "".join(groups), config.data)
    test = selection.test_documents(inputs.corpus, config.data.target_language)
    documents = [chosen.train, chosen.validation, test]
    shape, lengths = inputs.base.shape, chosen.train.lengths
    return Plan(
        own.forward,
        own.is_packed,
        _vocabulary(config, inputs, documents),
        _packing(config, shape, lengths, steps) if own.is_packed else None,
        np.concatenate([part.lengths for part in documents]),
    )


def used_rows(inputs: Inputs, documents: Sequence[Documents]) -> Vocabulary:
    """The rows of the word embedding that documents use, and no others."""
    tokens = [part.tokens for part in documents]
    special, size = inputs.base.tokenizer.all_special_ids, inputs.base.shape.vocab_size
    return active_vocabulary(tokens, special, size, multiple=1)


def train_layout(config: ConfigDict, plan: Plan, pad_token: int) -> Layout:
    """How training batches are laid out.

    Args:
      config: of the run.
      plan: of it.
      pad_token: the padding token's number, as the documents' tokens are numbered.
    """
    if not plan.is_packed:
        return _padded(config, config.train.batch_size, pad_token)
    return _packed(config, plan, pad_token)


def evaluation_layout(config: ConfigDict, plan: Plan, pad_token: int) -> Layout:
    """How batches are laid out that are evaluated; arguments as of `train_layout`."""
    if not plan.is_packed:
        return _padded(config, config.eval.batch_size, pad_token)
    return _packed(config, plan, pad_token)


def pad_token_in(vocabulary: Vocabulary, inputs: Inputs) -> int:
    """The padding token's number where the rows of `vocabulary` are held."""
    return int(vocabulary.row_of[inputs.base.tokenizer.pad_token_id])


# ---- The forward pass ----------------------------------------------------------------------------


def _is_packed(config: ConfigDict, shape: PretrainedConfig) -> bool:
    if config.model.forward == "padded":
        return False
    reason = packed.supported(shape)
    if reason and config.model.attention_dropout == "each":
        raise UserError(
            "config.model.attention_dropout is 'each', which the packed forward alone has, and "
            f"it does not know {config.model.name}: {reason}; give 'shared'"
        )
    if reason:
        log.info("model.forward: padded, since the packed one does not know it: %s", reason)
    return not reason


def _forward(config: ConfigDict, shape: PretrainedConfig, is_packed: bool) -> Forward:
    model = config.model
    described = shape.to_json_string(use_diff=False)
    return _made(_Settings(described, is_packed, model.dtype, model.attention_dropout, shape))


@dataclass(frozen=True)
class _Settings:
    """All that a forward pass depends on; `shape` is told by its description."""

    described: str
    is_packed: bool
    dtype: str
    attention_dropout: str
    shape: PretrainedConfig = field(compare=False)


@lru_cache(maxsize=_FORWARDS_KEPT)
def _made(settings: _Settings) -> Forward:
    if not settings.is_packed:
        return make_padded_forward(settings.shape, settings.dtype)

    def forward(params, batch, dropout_key):
        return packed.packed_logits(
            params,
            batch,
            settings.shape,
            dtype=settings.dtype,
            dropout_rng=dropout_key,
            attention_dropout=settings.attention_dropout,
        )

    return forward


# ---- Rows and shapes -----------------------------------------------------------------------------


def _vocabulary(config: ConfigDict, inputs: Inputs, documents: list[Documents]) -> Vocabulary:
    size = inputs.base.shape.vocab_size
    if config.model.vocabulary == "full":
        return full_vocabulary(size)
    tokens = [part.tokens for part in documents]
    return active_vocabulary(tokens, inputs.base.tokenizer.all_special_ids, size)


def _packing(
    config: ConfigDict, shape: PretrainedConfig, lengths: np.ndarray, steps: int
) -> PackingPlan | None:
    """The shapes of packed batches of documents of these lengths, for so many updates."""
    if not len(lengths):
        return None
    rows = _row_lengths(config)
    return choose_shapes(
        lengths,
        config.train.batch_size,
        devices=jax.device_count(),
        row_lengths=rows,
        row_cost=_ROW_COST if rows else 0.0,
        steps=steps,
        compile_tokens=_tokens_per_compilation(shape),
        limit=_MOST_SHAPES,
    )


def _row_lengths(config: ConfigDict) -> list[int] | None:
    if jax.default_backend() == "cpu":
        return None
    longest = -(-config.data.max_length // 64) * 64
    return [*(length for length in _ROW_LENGTHS if length < longest), longest]


def _tokens_per_compilation(shape: PretrainedConfig) -> float:
    """About how many tokens could be trained on while one shape is compiled."""
    hidden, layers = shape.hidden_size, shape.num_hidden_layers
    weights = layers * hidden * (4 * hidden + 2 * shape.intermediate_size)
    flops = _FLOPS.get(jax.default_backend(), _FLOPS_OF_ACCELERATORS)
    return (3 + layers) * flops * jax.device_count() / (6 * weights)


# ---- Layouts -------------------------------------------------------------------------------------


def _padded(config: ConfigDict, batch_size: int, pad_token: int) -> PaddedLayout:
    return PaddedLayout(config.data.max_length, batch_size, jax.device_count(), pad_token)


def _packed(config: ConfigDict, plan: Plan, pad_token: int) -> PackedLayout:
    devices, rows = jax.device_count(), _row_lengths(config)
    tokens = -(-config.eval.batch_size // devices) * _EVALUATION_TOKENS
    layout = PackedLayout(plan.packing, tokens, rows and rows[-1], devices, pad_token)
    layout.evaluation_lengths = plan.evaluation_lengths
    return layout
