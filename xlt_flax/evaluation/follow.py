"""Follows a training: each checkpoint is evaluated as it appears."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.data.long_documents import TRUNCATE
from xlt_flax.errors import RunError
from xlt_flax.evaluation.evaluate import evaluate_sets, score
from xlt_flax.evaluation.sets import EvaluationSets, load_model, open_sets
from xlt_flax.evaluation.table import Results, number_in_words, seen_in_words
from xlt_flax.training.checkpoints import Checkpoints, DamagedCheckpoint
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.plan import Plan
from xlt_flax.training.trackers import tracker_names
from xlt_flax.training.tracking import TrackerThread
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")

_SECONDS_BETWEEN_LOOKS = 5
_LOOKS_ALONE = 4  # in a row: a training that is started again at this moment takes its time
_ON_CURVE = ("accuracy", "loss", "macro_f1", "micro_f1", "seen", "accuracy_unseen", "majority")
_IN_TENSORBOARD = ("accuracy", "loss", "macro_f1", "micro_f1", "accuracy_unseen")


def follow(
    workdir: Workdir,
    config: ConfigDict,
    languages: list[str],
    which: str = "best",
    inputs: Inputs | None = None,
    plan: Plan | None = None,
    long: str | None = None,
) -> Results:
    """Evaluates each new checkpoint, oldest first, until the run is done; then what `which` names.

    Appends a line for each to `eval/<language>.curve.jsonl`, and where the run has TensorBoard,
    points to the curves of its run "eval", in `eval/`. Checkpoints that training deletes before
    they could be looked at are missing from the curve.

    Arguments, what is returned and further errors as of `evaluate`.

    Raises:
      RunError: the training has ended, and is not done.
    """
    sets = open_sets(workdir, config, languages, inputs, plan, long)
    log.info("watching %s until it is done", workdir.path)
    on_curve = _steps_on_curve(sets)
    with _shown(sets) as show:
        until_done(workdir, lambda: _add_new_steps(sets, on_curve, show))
    return evaluate_sets(sets, which)


def until_done(workdir: Workdir, look: Callable[[], object]) -> None:
    """Looks at a run again and again, a last time when it is done.

    Raises:
      RunError: the training has ended, and is not done.
    """
    looks_alone = 0
    while True:
        done = workdir.done.exists()  # asked first: its last checkpoint is there then
        looks_alone = 0 if workdir.has_writer() else looks_alone + 1
        look()
        if done:
            return
        if looks_alone == _LOOKS_ALONE:
            raise RunError(
                f"{workdir.path} is not done, and nobody trains it: its command goes on with it; "
                "then watch it again"
            )
        time.sleep(_SECONDS_BETWEEN_LOOKS)


_Show = Callable[[dict], None]


@contextmanager
def _shown(sets: EvaluationSets) -> Iterator[_Show]:
    """Takes lines of curves, for TensorBoard. Its file has all of those that are there before."""
    if "tensorboard" not in tracker_names(sets.config.train.trackers):
        yield lambda line: None
        return
    from xlt_flax.training.trackers.tensorboard import EventFile

    events = partial(EventFile, sets.workdir.eval, 0)
    with closing(TrackerThread("tensorboard", events)) as thread:

        def show(line: dict) -> None:
            shown = {name: line[name] for name in _IN_TENSORBOARD if line[name] is not None}
            thread.write(line["step"], {f"{line['split']}/{n}": v for n, v in shown.items()})

        for language in sets.workdir.curves():
            for line in _curve(sets, language):
                show(line)
        yield show


def _add_new_steps(sets: EvaluationSets, on_curve: set[int], show: _Show) -> None:
    if not sets.workdir.checkpoints.is_dir():
        return
    for step in Checkpoints(sets.workdir.checkpoints).steps():
        if step not in on_curve:
            _add_to_curve(sets, step, show)
            on_curve.add(step)


def _steps_on_curve(sets: EvaluationSets) -> set[int]:
    """Of all languages; what was computed otherwise is computed again."""
    return set.intersection(
        *(
            {line["step"] for line in _curve(sets, name) if _is_read_alike(sets, line)}
            for name in sets.by_language
        )
    )


def _is_read_alike(sets: EvaluationSets, line: dict) -> bool:
    return line.get("long", TRUNCATE) == sets.long  # older versions knew no other


def _curve(sets: EvaluationSets, language: str) -> list[dict]:
    path = sets.workdir.curve(language)
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _add_to_curve(sets: EvaluationSets, step: int, show: _Show) -> None:
    try:
        model = load_model(sets, step)
    except DamagedCheckpoint as error:
        if step in Checkpoints(sets.workdir.checkpoints).steps():
            log.warning("left out of the curve: %s", error)
        return  # else training deleted it meanwhile
    for language in sets.by_language:
        scores = score(sets, model, language).as_json()
        kept = {name: scores[name] for name in _ON_CURVE}
        line = {"step": step, "split": language, **kept, **sets.facts}
        _write_curve_line(sets, language, line)
        show(line)
        log.info(
            "step %d: %s accuracy %s (majority class %s); %s",
            step,
            language,
            *(number_in_words(scores[name]) for name in ("accuracy", "majority")),
            seen_in_words(scores),
        )


def _write_curve_line(sets: EvaluationSets, language: str, line: dict) -> None:
    kept = [other for other in _curve(sets, language) if other["step"] != line["step"]]
    curve = sorted([*kept, line], key=lambda entry: entry["step"])
    files.write_json_lines(sets.workdir.curve(language), curve)
