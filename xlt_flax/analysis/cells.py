"""The cells and mean rows of the tables: accuracy over seeds, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlt_flax.analysis import contrasts, statistics
from xlt_flax.analysis.groups import Group
from xlt_flax.analysis.judged import Judged, Unit
from xlt_flax.analysis.measured import ONE_SEED, Measured, measure
from xlt_flax.analysis.remarks import remarks
from xlt_flax.analysis.results import Run, finished_of
from xlt_flax.analysis.statistics import Interval


@dataclass(frozen=True)
class Cell:
    """One mixture's accuracy on the target language, over its finished seeds.

    Attributes:
      name: the run's name.
      seeds, expected: of the finished runs, and of those there should be; one a draw and seed.
      accuracies: one for each finished run, a share.
      mean, sd: over them; None without any, or (sd) with only one.
      interval: 95%, over blocks (draws or seeds) and documents; None without predictions, or where
        blocks are left out of it.
      basis: what the interval's blocks are, in words; "" without one.
      documents: test documents judged; None where unknown.
      reported: the number that the study has reported, or None.
      notes: what a reader must know of this cell.
      draws: of the finished runs, each once.
      units: draw and seed of the finished runs.
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
    basis: str
    documents: int | None
    reported: float | None
    notes: tuple[str, ...]
    draws: tuple[int, ...] = ()
    units: tuple[Unit, ...] = ()
    majority: float | None = None
    seen: bool = False

    @property
    def complete(self) -> bool:
        return bool(self.seeds) and len(self.seeds) == len(self.expected)


@dataclass(frozen=True)
class GroupMean:
    """A mean row: the mean of the mixtures' means.

    Attributes:
      group: which.
      finished: how many of the group's mixtures have a result.
      complete: every mixture has every seed.
      mean: over the mixtures that have one; None without any.
      sd: over runs, of the group's mean in each draw and seed that every mixture has.
      interval: 95%, over blocks and documents, for these mixtures; None unless every mixture has
        the same blocks.
      basis: what the interval's blocks are, in words; "" without one.
    """

    group: Group
    finished: int
    complete: bool
    mean: float | None
    sd: float | None
    interval: Interval | None
    basis: str


def cell_of(runs: Sequence[Run], judged: Judged, reported: float | None) -> Cell:
    """Of the runs of one name."""
    finished = finished_of(runs)
    if judged.left_out:  # without predictions there is nothing to leave documents out of
        finished = [run for run in finished if judged.column(run) is not None]
    values = [accuracy_of(run, judged) for run in finished]
    counts = {_documents(run, judged) for run in finished}
    measured = measure(contrasts.mean_of([runs[0].name]), finished, judged)
    interval, basis = _interval(measured, len(finished))
    if basis == ONE_SEED and judged.correct.dtype == bool:  # Wilson's is of shares
        interval = statistics.share_interval(judged.right(finished[0]))
    return Cell(
        name=runs[0].name,
        seeds=tuple(run.seed for run in finished),
        expected=tuple(run.seed for run in runs),
        accuracies=tuple(values),
        mean=float(np.mean(values)) if values else None,
        sd=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        interval=interval,
        basis=basis,
        documents=counts.pop() if len(counts) == 1 else None,
        reported=reported,
        notes=remarks(runs),
        draws=tuple(sorted({run.draw for run in finished})),
        units=tuple(Unit(run.draw, run.seed) for run in finished),
        majority=next((run.result.majority for run in finished), None),
        seen=any(bool(run.result.seen) for run in finished),
    )


def _interval(measured: Measured, count: int) -> tuple[Interval | None, str]:
    """The interval and its basis, where it is over all that the mean is over: `count` runs."""
    blocks = measured.blocks
    if measured.estimate is None or sum(len(units) for units in blocks.members) != count:
        return None, ""
    return measured.interval, blocks.basis


def accuracy_of(run: Run, judged: Judged) -> float:
    column = judged.column(run)
    return run.result.accuracy if column is None else float(judged.accuracies[column])


def _documents(run: Run, judged: Judged) -> int | None:
    column = judged.column(run)
    return run.result.documents if column is None else int(judged.scored[:, column].sum())


def group_mean(
    group: Group, cells: dict[str, Cell], by_name: dict[str, list[Run]], judged: Judged
) -> GroupMean:
    present = [cells[name] for name in group.runs if name in cells and cells[name].seeds]
    means = [cell.mean for cell in present if cell.mean is not None]
    whole = len(present) == len(group.runs)
    common = set.intersection(*(set(cell.units) for cell in present)) if present else set()
    by_unit = [
        np.mean([cell.accuracies[cell.units.index(unit)] for cell in present])
        for unit in sorted(common)
    ]
    runs = [run for cell in present for run in finished_of(by_name[cell.name])]
    measured = measure(contrasts.mean_of(group.runs), runs, judged)
    alike = whole and all(set(cell.units) == common for cell in present)
    interval, basis = _interval(measured, len(common)) if alike else (None, "")
    return GroupMean(
        group=group,
        finished=len(present),
        complete=whole and all(cell.complete for cell in present),
        mean=float(np.mean(means)) if means else None,
        sd=float(np.std(by_unit, ddof=1)) if len(by_unit) > 1 else None,
        interval=interval,
        basis=basis,
    )
