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

from xlt_flax.config import evaluated_in_training
from xlt_flax.data import selection
from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.shapes import PackingPlan, stream_shape
from xlt_flax.data.layout.slots import Layout
from xlt_flax.errors import UserError
from xlt_flax.modeling.base_model import BaseModel
from xlt_flax.modeling.encoders import Forward
from xlt_flax.modeling.packed_encoder import packed_forward
from xlt_flax.modeling.padded import padded_forward
from xlt_flax.modeling.vocabulary import Vocabulary, active_vocabulary, full_vocabulary
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.packing import packing_on, row_lengths

log = logging.getLogger("xlt_flax")

_EVALUATION_TOKENS = 128  # of a document, to size packed batches of config.eval.batch_size
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
        held = self.vocabulary.row_of >= 0
        if any((part.used_tokens(len(held)) & ~held).any() for part in parts):
            raise ValueError("the plan was made for other documents: their tokens have no rows")
        return self.vocabulary


def plan_evaluation(config: ConfigDict, base: BaseModel) -> Plan:
    """Of an evaluation by itself, by weights of a model's shape."""
    is_packed = _is_packed(config, base)
    return Plan(_forward(config, base, is_packed), is_packed)


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
    own = plan_evaluation(config, inputs.base)
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
    own = plan_evaluation(config, inputs.base)
    chosen = selection.select_all(inputs.corpus, mixtures, config.data)
    documents = [chosen.train, chosen.validation, *test_sets(config, inputs).values()]
    shape, lengths = inputs.base.shape, chosen.train.lengths
    return Plan(
        own.forward,
        own.is_packed,
        _vocabulary(config, inputs, documents),
        _packing(config, shape, lengths, steps) if own.is_packed else None,
        np.concatenate([part.windows.documents.lengths for part in documents]),
    )


def test_sets(config: ConfigDict, inputs: Inputs) -> dict[str, Documents]:
    """{language: test documents} of all that a run is evaluated on, as far as its config says it:
    the target language, and those of `eval.languages`."""
    languages = [config.data.target_language, *evaluated_in_training(config)]
    return {name: selection.test_documents(inputs.corpus, name) for name in languages}


def used_rows(inputs: Inputs, documents: Sequence[Documents]) -> Vocabulary:
    """The rows of the word embedding that documents use, and no others."""
    special, size = inputs.base.tokenizer.all_special_ids, inputs.base.shape.vocab_size
    return active_vocabulary(_tokens(documents, size), special, size, multiple=1)


def train_layout(config: ConfigDict, plan: Plan, pad_token: int, labels: int | None) -> Layout:
    """How training batches are laid out.

    Args:
      config: of the run.
      plan: of it.
      pad_token: the padding token's number, as the documents' tokens are numbered.
      labels: how many there are, where documents may have several; None: each has one.
    """
    if not plan.is_packed:
        return _padded(config, config.train.batch_size, pad_token, labels)
    return _packed(config, plan, pad_token, labels)


def evaluation_layout(config: ConfigDict, plan: Plan, pad_token: int, labels: int | None) -> Layout:
    """How batches are laid out that are evaluated; arguments as of `train_layout`."""
    if not plan.is_packed:
        return _padded(config, config.eval.batch_size, pad_token, labels)
    return _packed(config, plan, pad_token, labels)


def stream_layout(
    config: ConfigDict, plan: Plan, pad_token: int, labels: int | None, lengths: np.ndarray
) -> Layout:
    """How batches are laid out of documents that come as a stream, the first ones of `lengths`;
    other arguments as of `train_layout`."""
    if not plan.is_packed:
        return _padded(config, config.eval.batch_size, pad_token, labels)
    devices, rows = jax.device_count(), row_lengths(config, jax.default_backend())
    tokens, longest = _evaluation_tokens(config), rows[-1] if rows else None
    shape = stream_shape(lengths, tokens, longest)
    return PackedLayout(None, tokens, longest, devices, pad_token, labels, shape=shape)


# ---- The forward pass ----------------------------------------------------------------------------


def _is_packed(config: ConfigDict, base: BaseModel) -> bool:
    if config.model.forward == "padded":
        return False
    reason = base.adapter.packed_reason(base.shape)
    if reason and config.model.attention_dropout == "each":
        raise UserError(
            "config.model.attention_dropout is 'each', which the packed forward alone has, and "
            f"it does not know {config.model.name}: {reason}; give 'shared'"
        )
    if reason:
        log.info("model.forward: padded, since the packed one does not know it: %s", reason)
    return not reason


def _forward(config: ConfigDict, base: BaseModel, is_packed: bool) -> Forward:
    described = base.shape.to_json_string(use_diff=False)
    model, remat = config.model, config.train.remat
    common = (described, is_packed, model.dtype, model.attention_dropout, model.pooling, remat)
    return _made(_Settings(*common, base))


@dataclass(frozen=True)
class _Settings:
    """All that a forward pass depends on; the model's shape is told by its description."""

    described: str
    is_packed: bool
    dtype: str
    attention_dropout: str
    pooling: str
    remat: bool
    base: BaseModel = field(compare=False)


@lru_cache(maxsize=_FORWARDS_KEPT)
def _made(settings: _Settings) -> Forward:
    adapter, shape, dtype = settings.base.adapter, settings.base.shape, settings.dtype
    last = settings.pooling, settings.remat
    if settings.is_packed:
        return packed_forward(adapter.anatomy(shape), dtype, settings.attention_dropout, *last)
    return padded_forward(adapter, shape, dtype, *last)


# ---- Rows and shapes -----------------------------------------------------------------------------


def _vocabulary(config: ConfigDict, inputs: Inputs, documents: list[Documents]) -> Vocabulary:
    size = inputs.base.shape.vocab_size
    if config.model.vocabulary == "full":
        return full_vocabulary(size)
    special = inputs.base.tokenizer.all_special_ids
    return active_vocabulary(_tokens(documents, size), special, size)


def _tokens(documents: Sequence[Documents], size: int) -> list[np.ndarray]:
    """int64[…] of each part: the token ids that it holds, each once."""
    return [np.flatnonzero(part.used_tokens(size)) for part in documents]


def _packing(
    config: ConfigDict, shape: PretrainedConfig, lengths: np.ndarray, steps: int
) -> PackingPlan | None:
    """The shapes of packed batches of documents of these lengths, for so many updates."""
    if not len(lengths):
        return None
    return packing_on(jax.default_backend(), jax.device_count(), config, shape, lengths, steps)


# ---- Layouts -------------------------------------------------------------------------------------


def _padded(config: ConfigDict, batch_size: int, pad_token: int, labels: int | None) -> Layout:
    devices, longest = jax.device_count(), config.data.max_length
    return PaddedLayout(longest, batch_size, devices, pad_token, labels)


def _packed(config: ConfigDict, plan: Plan, pad_token: int, labels: int | None) -> Layout:
    devices, rows = jax.device_count(), row_lengths(config, jax.default_backend())
    tokens, longest = _evaluation_tokens(config), rows[-1] if rows else None
    lengths = plan.evaluation_lengths
    return PackedLayout(plan.packing, tokens, longest, devices, pad_token, labels, lengths)


def _evaluation_tokens(config: ConfigDict) -> int:
    """About how many tokens a device judges at once."""
    return -(-config.eval.batch_size // jax.device_count()) * _EVALUATION_TOKENS
