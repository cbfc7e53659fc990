"""What is evaluated, and by what: test sets, and the model that a checkpoint holds."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from ml_collections import ConfigDict

from xlt_flax.data.documents import LABELS, Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.known import Known
from xlt_flax.data.selection import test_documents
from xlt_flax.errors import UserError
from xlt_flax.evaluation.predictions import Predictions, predict
from xlt_flax.evaluation.seen import seen_by
from xlt_flax.modeling.vocabulary import Vocabulary, join
from xlt_flax.training import provenance
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.plan import Setup, load_setup
from xlt_flax.training.progress import Progress
from xlt_flax.training.sources import chain
from xlt_flax.training.step import Step, make_eval_step, put_on_devices
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
      by_language: in the order that was asked for.
      labels: that its documents may have.
      unknown: what is not known of `seen`, in plain sentences.
    """

    workdir: Workdir
    by_language: dict[str, EvaluationSet]
    labels: LabelSet
    unknown: list[str]
    setup: Setup = field(repr=False)
    eval_step: Step = field(repr=False)


@dataclass(frozen=True)
class TrainedModel:
    """A checkpoint's weights.

    Attributes:
      params: on the devices.
      vocabulary: the rows that their word embedding has.
    """

    params: dict
    vocabulary: Vocabulary


def open_sets(
    workdir: Workdir,
    config: ConfigDict,
    languages: list[str],
    load_setup: Callable[[ConfigDict], Setup] = load_setup,
) -> EvaluationSets:
    """Reads what a run is evaluated with. Arguments and errors as of `evaluate`."""
    setup = load_setup(config).started(workdir)
    documents = {name: test_documents(setup.corpus, name) for name in languages}
    provenance.check(workdir, setup)
    known, unknown = _known(workdir, setup)
    return EvaluationSets(
        workdir,
        {name: EvaluationSet(of, known.marks(of)) for name, of in documents.items()},
        LabelSet(LABELS),
        unknown,
        setup,
        make_eval_step(setup.forward()),
    )


def _known(workdir: Workdir, setup: Setup) -> tuple[Known, list[str]]:
    """What the run and its chain of sources trained or validated on; and, where a source is gone,
    that its part is not known."""
    try:
        sources, missing = chain(workdir, setup.config), []
    except UserError as error:
        log.warning(error)
        sources, missing = [], [_SOURCE_GONE]
    return seen_by([workdir, *sources], setup.corpus), missing


def load_model(sets: EvaluationSets, step: int) -> TrainedModel:
    """A checkpoint's weights on the devices, with the word embeddings that the tests need.

    Raises:
      UserError: it is not there, or damaged, or of another model.
    """
    setup = sets.setup
    params, held = Checkpoints(sets.workdir.checkpoints).restore_params(step)
    setup.base.require_fit(params, held.full_size, sets.workdir)
    used = setup.used_rows([part.documents for part in sets.by_language.values()])
    if held.holds(used):
        return TrainedModel(put_on_devices(params), held)
    joined = join(held, used)
    moved = held.move(params, joined, setup.untouched_table(step))
    return TrainedModel(put_on_devices(moved), joined)


def predict_language(
    sets: EvaluationSets, model: TrainedModel, language: str
) -> Iterator[Predictions]:
    """The model's predictions of a language's documents, part after part."""
    vocabulary, documents = model.vocabulary, sets.by_language[language].documents
    pad_token = int(vocabulary.row_of[sets.setup.tokenizer.pad_token_id])
    layout = sets.setup.layout(None, pad_token)
    documents = documents.renumbered(vocabulary.row_of)
    with closing(Progress(f"evaluating {language}", len(documents), unit="doc")) as progress:
        yield from predict(
            sets.eval_step, model.params, documents, layout, sets.labels, progress.advance
        )
