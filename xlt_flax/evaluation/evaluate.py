"""Evaluates a workdir's checkpoint on the test sets of languages, and writes `eval/`."""

import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing

import numpy as np
from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.evaluation.named_checkpoint import load_named
from xlt_flax.evaluation.prediction_lines import prediction_lines
from xlt_flax.evaluation.predictions import Predictions, predict
from xlt_flax.evaluation.scores import Scores
from xlt_flax.evaluation.sets import (
    EvaluationSets,
    TrainedModel,
    load_model,
    open_sets,
    phase_of,
)
from xlt_flax.evaluation.table import Results
from xlt_flax.failures import out_of_memory_explained
from xlt_flax.training import processes
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.plan import Plan
from xlt_flax.training.progress import Progress
from xlt_flax.training.stages import stage_one_note
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")


def evaluate(
    workdir: Workdir,
    config: ConfigDict,
    languages: list[str],
    which: str = "best",
    inputs: Inputs | None = None,
    plan: Plan | None = None,
    long: str | None = None,
) -> Results:
    """Evaluates one checkpoint, and writes eval/<language>.json and its predictions.

    Args:
      workdir: of a run, finished or not.
      config: its config.
      languages: whose test sets to use.
      which: "best", "latest" or a step.
      inputs: what the config names, where runs share it; None: they are opened here.
      plan: of the study that the run belongs to; None: one is made for this evaluation.
      long: how longer documents than the model reads are read, as config.data.long has it; None:
        as the run was trained.

    Returns:
      {language: what eval/<language>.json holds}; as text, a table.

    Raises:
      UserError: a language is not in the data set, the data that the run was trained on is not
        there, or the workdir holds no such checkpoint.
    """
    return evaluate_sets(open_sets(workdir, config, languages, inputs, plan, long), which)


def evaluate_sets(sets: EvaluationSets, which: str) -> Results:
    """The same with test sets in hand."""
    if processes.is_first():
        files.require_writable(sets.workdir.eval)  # before the work
    with out_of_memory_explained(sets.config):
        step, name, model = load_named(sets.workdir, which, lambda step: load_model(sets, step))
        facts = {"checkpoint_step": step, "checkpoint": name, **sets.facts}
        if note := "; ".join(filter(None, (stage_one_note(sets.workdir, step), *sets.notes))):
            facts["note"] = note
        results = Results()
        for language in sets.by_language:
            results[language] = _evaluate_language(sets, model, language, facts)
    log.info("written to %s", sets.workdir.eval)
    return results


def score(sets: EvaluationSets, model: TrainedModel, language: str) -> Scores:
    """What a model scores on a language; writes nothing."""
    scores = Scores(sets.labels)
    deque(_counted(sets, model, language, scores), maxlen=0)
    return scores


def _evaluate_language(
    sets: EvaluationSets, model: TrainedModel, language: str, facts: dict
) -> dict:
    started, scores = time.monotonic(), Scores(sets.labels)
    lines = (
        line
        for part, seen in _counted(sets, model, language, scores)
        for line in prediction_lines(part, sets.labels, seen)
    )
    if processes.is_first():
        files.write_json_lines(sets.workdir.predictions(language), lines)
    deque(lines, maxlen=0)  # whoever writes nothing takes part in predicting
    longer = sets.by_language[language].documents.cut
    read = {"max_length": int(sets.config.data.max_length), "longer": longer}
    seconds = {"seconds": round(time.monotonic() - started, 2)}
    result = scores.as_json() | facts | read | seconds
    result["problems"] += sets.unknown
    if processes.is_first():
        files.write_json(sets.workdir.scores(language), result)
    return result


def _counted(
    sets: EvaluationSets, model: TrainedModel, language: str, scores: Scores
) -> Iterator[tuple[Predictions, np.ndarray]]:
    """The model's predictions, part after part, with the marks of what was seen; they are counted
    as they come."""
    phase, seen, done = phase_of(sets, model, language), sets.by_language[language].seen, 0
    log.info("evaluating %s: %d documents", language, len(seen))
    with closing(Progress(f"evaluating {language}", len(seen), unit="doc")) as progress:
        for part in predict(phase, model.params, progress.advance):
            marks = seen[done : done + len(part)]
            scores.add(part, marks)
            yield part, marks
            done += len(part)
