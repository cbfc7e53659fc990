"""What a reader must know of a cell before its number: what is missing, broken, seen or special."""

from collections.abc import Sequence

from xlt_flax.analysis import formats
from xlt_flax.analysis.results import (
    BROKEN,
    FAILED,
    FINISHED,
    NOT_STARTED,
    Evaluation,
    Run,
    finished_of,
)

SEEN = "†"  # marks a number which some judged documents were trained or validated on


def remarks(runs: Sequence[Run]) -> tuple[str, ...]:
    """Plain sentences on the runs of one cell, each said once for all runs that it is true of."""
    said: dict[str, list[Run]] = {}
    for run in runs:
        for text in _of_run(run):
            said.setdefault(text, []).append(run)
    several_draws = len({run.draw for run in runs}) > 1
    told = [f"{text} ({_which(those, several_draws)})" for text, those in said.items()]
    return (*told, *seen_remark([run.result for run in finished_of(runs)]), *_draws(runs))


def seen_remark(evaluations: Sequence[Evaluation]) -> tuple[str, ...]:
    """How many of the judged documents were trained on, and the accuracy without them."""
    marked = [evaluation for evaluation in evaluations if evaluation.seen]
    if not marked:
        return ()
    seen = formats.span([evaluation.seen for evaluation in marked])
    documents = formats.span([evaluation.documents for evaluation in marked])
    return (f"{SEEN} {seen} of {documents} judged documents were trained or validated on; "
            f"{without_seen([e.accuracy_unseen for e in marked])}",)  # fmt: skip


def without_seen(accuracies: Sequence[float | None]) -> str:
    """What the accuracy is without the documents that were trained on."""
    known = [accuracy for accuracy in accuracies if accuracy is not None]
    if not known:
        return "no other document is left"
    return f"without them {formats.share(sum(known) / len(known))}"


def _of_run(run: Run) -> list[str]:
    if run.status in (FAILED, BROKEN):
        left_out = " and left out" if run.status == BROKEN else ""
        return [f"{run.status}{left_out}: {'; '.join(run.problems) or 'no reason is known'}"]
    if run.status == NOT_STARTED:
        return []  # the cell counts its seeds
    if run.status != FINISHED:
        return [run.status]
    return [text for text in (run.result.note, *run.result.problems) if text]


def _which(runs: Sequence[Run], several_draws: bool) -> str:
    if several_draws:
        return ", ".join(f"draw {run.draw} seed {run.seed}" for run in runs)
    return f"seed{'s' * (len(runs) > 1)} {', '.join(str(run.seed) for run in runs)}"


def _draws(runs: Sequence[Run]) -> tuple[str, ...]:
    draws = sorted({run.draw for run in finished_of(runs)})
    if len(draws) < 2:
        return ()
    return (f"over {len(draws)} draws of documents: {', '.join(map(str, draws))}",)
