"""The cells and mean rows of the tables: accuracy over seeds, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlt_flax.analysis import statistics, thesis
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.remarks import remarks
from xlt_flax.analysis.results import Run, finished_of
from xlt_flax.analysis.statistics import Interval


@dataclass(frozen=True)
class Cell:
    """One mixture's accuracy on the target language, over its finished seeds.

    Attributes:
      name: the run's name.
      seeds, expected: the finished seeds, and those there should be.
      accuracies: one for each finished seed, a share.
      mean, sd: over seeds; None without any, or (sd) with only one.
      interval: 95%, documents (and seeds, where several) resampled; None without predictions.
      documents: test documents judged; None where unknown.
      thesis: the thesis's number, or None.
      notes: what a reader must know of this cell.
      draws: of the finished runs, each once.
      majority: share of the most frequent class; None where unknown.
      seen: some judged documents were trained or validated on.
    """

    name: str
    seeds: tuple[int, ...]
    expected: tuple[int, ...]
    accuracies: tuple[float, ...]
    mean: float | None
    sd: float | None
    interval: Interval | None
    documents: int | None
    thesis: float | None
    notes: tuple[str, ...]
    draws: tuple[int, ...] = ()
    majority: float | None = None
    seen: bool = False

    @property
    def complete(self) -> bool:
        return bool(self.seeds) and set(self.expected) <= set(self.seeds)


@dataclass(frozen=True)
class GroupMean:
    """A mean row: the mean of the mixtures' means.

    Attributes:
      group: which.
      finished: how many of the group's mixtures have a result.
      complete: every mixture has every seed.
      mean: over the mixtures that have one; None without any.
      sd: over seeds, of the group's mean in each seed that every mixture has.
      interval: 95%, resampling mixtures, seeds and documents; None unless every mixture has one.
    """

    group: thesis.Group
    finished: int
    complete: bool
    mean: float | None
    sd: float | None
    interval: Interval | None


def cell_of(runs: Sequence[Run], judged: Judged) -> Cell:
    finished = finished_of(runs)
    if judged.left_out:  # without predictions there is nothing to leave documents out of
        finished = [run for run in finished if judged.column(run) is not None]
    columns = judged.of(finished)
    values = [accuracy_of(run, judged) for run in finished]
    with_predictions = bool(finished) and len(columns) == len(finished)
    counts = {_documents(run, judged) for run in finished}
    return Cell(
        name=runs[0].name,
        seeds=tuple(run.seed for run in finished),
        expected=tuple(run.seed for run in runs),
        accuracies=tuple(values),
        mean=float(np.mean(values)) if values else None,
        sd=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        interval=(
            statistics.percentile_interval(judged.group([columns])) if with_predictions else None
        ),
        documents=counts.pop() if len(counts) == 1 else None,
        thesis=_thesis_number(runs[0]),
        notes=remarks(runs),
        draws=tuple(sorted({run.draw for run in finished})),
        majority=next((run.target.majority for run in finished), None),
        seen=any(run.target.seen for run in finished),
    )


def accuracy_of(run: Run, judged: Judged) -> float:
    column = judged.column(run)
    return run.target.accuracy if column is None else float(judged.accuracies[column])


def _documents(run: Run, judged: Judged) -> int | None:
    column = judged.column(run)
    return run.target.documents if column is None else int(judged.scored[:, column].sum())


def _thesis_number(run: Run) -> float | None:
    """None on another language than the thesis's, whose numbers say nothing of it."""
    on_its_language = run.target_language == thesis.TARGET_LANGUAGE
    return thesis.ACCURACY.get(run.name) if on_its_language else None


def group_mean(
    group: thesis.Group, cells: dict[str, Cell], by_name: dict[str, list[Run]], judged: Judged
) -> GroupMean:
    present = [cells[name] for name in group.runs if name in cells and cells[name].seeds]
    means = [cell.mean for cell in present]
    complete = len(present) == len(group.runs) and all(cell.complete for cell in present)
    columns = [judged.of(finished_of(by_name[cell.name])) for cell in present]
    ready = len(present) == len(group.runs) and all(columns)
    common = set.intersection(*(set(cell.seeds) for cell in present)) if present else set()
    by_seed = [
        np.mean([cell.accuracies[cell.seeds.index(seed)] for cell in present])
        for seed in sorted(common)
    ]
    return GroupMean(
        group=group,
        finished=len(present),
        complete=complete,
        mean=float(np.mean(means)) if means else None,
        sd=float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else None,
        interval=statistics.percentile_interval(judged.group(columns)) if ready else None,
    )
