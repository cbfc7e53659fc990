"""What is evaluated, and by what: test sets, and the model that a checkpoint holds."""

import logging
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.known import Known
from xlt_flax.data.long_documents import LONG
from xlt_flax.data.selection import test_documents
from xlt_flax.data.sources import Source
from xlt_flax.errors import UserError
from xlt_flax.evaluation.seen import seen_by
from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.pretrained import is_there
from xlt_flax.modeling.vocabulary import Vocabulary, join
from xlt_flax.training import provenance
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.initial_weights import unused_rows
from xlt_flax.training.inputs import Inputs, open_inputs
from xlt_flax.training.kept_base import kept_table, with_kept_base
from xlt_flax.training.phases import Phase, evaluation_phase, predicted_labels
from xlt_flax.training.plan import Plan, plan_evaluation, used_rows
from xlt_flax.training.stages import Start, chain, starting_point
from xlt_flax.training.step import put_on_devices
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")

_SOURCE_GONE = "a run that this one started from is gone: what it trained on is not counted as seen"


@dataclass(frozen=True)
class EvaluationSet:
    """Documents of a language.

    Attributes:
      documents: all of its test split, in the file's order.
      seen: bool[documents], which of them the run or one before it trained or validated on.
    """

    documents: Documents
    seen: np.ndarray


@dataclass(frozen=True)
class EvaluationSets:
    """A run's test sets, and what any of its checkpoints is evaluated with.

    Attributes:
      workdir: of the run.
      config: its config.
      inputs: what that names.
      plan: of the evaluation.
      start: what the run started from.
      is_kept: whether shape, tokenizer and unused rows are those of the workdir's base/, since the
        model that the run began with is not where it was.
      long: how documents were read that are longer than the model reads (config.data.long).
      by_language: in the order that was asked for.
      unknown: what is not known of `seen`, in plain sentences.
    """

    workdir: Workdir
    config: ConfigDict
    inputs: Inputs
    plan: Plan
    start: Start
    is_kept: bool
    long: str
    by_language: dict[str, EvaluationSet]
    unknown: list[str]

    @property
    def labels(self) -> LabelSet:
        """What is predicted of its documents."""
        return predicted_labels(self.config, self.inputs)

    @property
    def facts(self) -> dict[str, str]:
        """What results say of how they were computed: `long`; `weights` where not float32."""
        weights = self.config.eval.weights
        return {"long": self.long} | ({} if weights == "float32" else {"weights": weights})

    @property
    def notes(self) -> list[str]:
        """In words, what of it is not as usual, or not as the run was trained."""
        weights, trained = self.config.eval.weights, self.config.data.long
        held = [] if weights == "float32" else [f"the weights were held in {weights}"]
        otherwise = (
            f"long documents were read with --long={self.long}, the run trained on {trained}"
        )
        return held + ([] if self.long == trained else [otherwise])


@dataclass(frozen=True)
class TrainedModel:
    """A checkpoint's weights.

    Attributes:
      params: on the devices, in what config.eval.weights says.
      vocabulary: the rows that their word embedding has.
    """

    params: Params
    vocabulary: Vocabulary


def open_sets(
    workdir: Workdir,
    config: ConfigDict,
    languages: list[str],
    inputs: Inputs | None = None,
    plan: Plan | None = None,
    long: str | None = None,
) -> EvaluationSets:
    """Reads what a run is evaluated with. Arguments and errors as of `evaluate`."""
    long = long or config.data.long
    if long not in LONG:
        raise UserError(f"long is {long!r}: give {' or '.join(LONG)}")
    is_kept = inputs is None and _needs_kept_base(workdir, config)
    inputs = inputs or _open_inputs(workdir, config, is_kept)
    _require_tests(inputs.corpus.source, languages)
    plan = plan or plan_evaluation(config, inputs.base)
    start = starting_point(config, workdir)
    provenance.check_labels(workdir, inputs, start)
    documents = {name: test_documents(inputs.corpus.reading(long), name) for name in languages}
    # What is in base/ has digests of its own, by which it is read.
    check = provenance.check_data if is_kept else partial(provenance.check, start=start)
    check(workdir, config, inputs)
    known, unknown = _known(workdir, config, inputs)
    sets = {name: EvaluationSet(of, known.marks(of)) for name, of in documents.items()}
    return EvaluationSets(workdir, config, inputs, plan, start, is_kept, long, sets, unknown)


def _needs_kept_base(workdir: Workdir, config: ConfigDict) -> bool:
    """Whether the model's folder is gone, nobody says where it is now, and there is base/."""
    name = config.model.name
    if is_there(name) or name != workdir.read_config().model.name:
        return False
    return workdir.base.is_dir()


def _open_inputs(workdir: Workdir, config: ConfigDict, is_kept: bool) -> Inputs:
    if not is_kept:
        return open_inputs(config, reads_documents=False)
    log.info("model: %s is gone: %s has what is needed of it", config.model.name, workdir.base)
    return open_inputs(with_kept_base(workdir, config), reads_documents=False)


def _require_tests(source: Source, languages: list[str]) -> None:
    for name in languages:
        if "test" not in source.splits(name):
            raise UserError(
                f"--language={name}: {source.name} has no test documents of it (it has "
                f"{', '.join(source.splits(name)) or 'nothing'}): name a language that has"
            )


def _known(workdir: Workdir, config: ConfigDict, inputs: Inputs) -> tuple[Known, list[str]]:
    """What the run and its chain of sources trained or validated on; and, where a source is gone,
    that its part is not known."""
    try:
        sources, missing = chain(workdir, config), []
    except UserError as error:
        log.warning(error)
        sources, missing = [], [_SOURCE_GONE]
    return seen_by([workdir, *sources], inputs.corpus), missing


def load_model(sets: EvaluationSets, step: int) -> TrainedModel:
    """A checkpoint's weights on the devices, with the word embeddings that the sets need.

    Raises:
      UserError: it is not there, or damaged, or of another model.
    """
    log.info("restoring checkpoint %d of %s", step, sets.workdir.path)
    params, held = Checkpoints(sets.workdir.checkpoints).restore_params(step)
    sets.inputs.base.require_fit(params, held.full_size, sets.workdir.path)
    used = used_rows(sets.inputs, [one.documents for one in sets.by_language.values()])
    if not held.holds(used):
        joined = join(held, used)
        params, held = held.move(params, joined, _unused_rows(sets, step)), joined
    return TrainedModel(put_on_devices(as_held(params, sets.config.eval.weights)), held)


def _unused_rows(sets: EvaluationSets, step: int) -> np.ndarray:
    if sets.is_kept:
        return kept_table(sets.workdir, sets.config, step)
    return unused_rows(sets.config, sets.inputs, sets.start, step)


def as_held(params: Params, weights: str) -> Params:
    """A model's tree as it is put on the devices to predict, on the host.

    Args:
      params: float32 arrays on the host; they stay as they are.
      weights: "float32" or "bfloat16", to which values are rounded, the nearest of two, the even
        one of two that are as near.
    """
    return jax.tree.map(lambda array: np.asarray(array, jnp.dtype(weights)), params)


def phase_of(sets: EvaluationSets, model: TrainedModel, language: str) -> Phase:
    """The evaluation of a language's documents by a model."""
    documents = sets.by_language[language].documents
    return evaluation_phase(sets.config, sets.inputs, sets.plan, model.vocabulary, documents)
