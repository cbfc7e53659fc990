"""Two runs on the same documents: McNemar's exact test and an interval."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xlt_flax.analysis import statistics
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.results import Evaluation, Run, Sweep, finished_of
from xlt_flax.analysis.statistics import Interval


@dataclass(frozen=True)
class Comparison:
    """Two runs (or two mixtures over their common seeds) on the same documents.

    Attributes:
      first, second: names.
      first_seeds, second_seeds: seeds compared, equally many.
      documents: those which both judged.
      difference: of the accuracies, first less second.
      interval: 95%, documents (and seeds, where several) resampled.
      both, only_first, only_second, neither: documents x seeds right; seeds paired in order.
      p: McNemar's exact test (statistics.documents_test).
      holm: after Holm's correction over the comparisons shown together.
      same_predictions: not one prediction differs.
    """

    first: str
    second: str
    first_seeds: tuple[int, ...]
    second_seeds: tuple[int, ...]
    documents: int
    difference: float
    interval: Interval
    both: int
    only_first: int
    only_second: int
    neither: int
    p: float
    holm: float
    same_predictions: bool


def _compared(judged: Judged, first: Sequence[Run], second: Sequence[Run]) -> Comparison | None:
    """Compares two mixtures on the documents both judged; Holm is left as p.

    Common seeds are compared; without one, equally many of each, the lowest first.

    Returns:
      None where there is nothing in common: no predictions, or no document.
    """
    first, second = _matched_seeds(finished_of(first), finished_of(second))
    columns_first, columns_second = judged.of(first), judged.of(second)
    if not columns_first or len(columns_first) != len(columns_second):
        return None
    both_judged = judged.scored[:, columns_first + columns_second].all(axis=1)
    ours = judged.correct[np.ix_(both_judged, columns_first)].T
    theirs = judged.correct[np.ix_(both_judged, columns_second)].T
    if not ours.size:
        return None
    samples = judged.group([columns_first]) - judged.group([columns_second])
    p = statistics.documents_test(ours, theirs)
    return Comparison(
        first=first[0].name,
        second=second[0].name,
        first_seeds=tuple(run.seed for run in first),
        second_seeds=tuple(run.seed for run in second),
        documents=int(both_judged.sum()),
        difference=float(ours.mean() - theirs.mean()),
        interval=statistics.percentile_interval(samples),
        both=int((ours & theirs).sum()),
        only_first=int((ours & ~theirs).sum()),
        only_second=int((~ours & theirs).sum()),
        neither=int((~ours & ~theirs).sum()),
        p=p,
        holm=p,
        same_predictions=all(
            _same_predictions(a.target, b.target) for a, b in zip(first, second, strict=True)
        ),
    )


def _matched_seeds(first: list[Run], second: list[Run]) -> tuple[list[Run], list[Run]]:
    common = {run.seed for run in first} & {run.seed for run in second}
    if common:
        first = [run for run in first if run.seed in common]
        second = [run for run in second if run.seed in common]
    count = min(len(first), len(second))
    return tuple(sorted(runs, key=lambda run: run.seed)[:count] for runs in (first, second))


def _same_predictions(first: Evaluation, second: Evaluation) -> bool:
    return first.ids == second.ids and bool((first.predictions == second.predictions).all())


def compare_names(
    sweep: Sweep, judged: Judged, pairs: Sequence[tuple[str, str]]
) -> tuple[Comparison, ...]:
    """Compares mixtures by name; pairs that the sweep does not have are left out."""
    names = set(sweep.names())
    known = [pair for pair in pairs if names.issuperset(pair)]
    return compare_all(judged, [(sweep.of(one), sweep.of(other)) for one, other in known])


def compare_all(
    judged: Judged, pairs: Sequence[tuple[Sequence[Run], Sequence[Run]]]
) -> tuple[Comparison, ...]:
    """Compares all pairs that are finished; Holm's correction counts those that are not, too."""
    results = [_compared(judged, one, other) for one, other in pairs]
    corrected = statistics.holm([result.p if result else None for result in results])
    return tuple(
        replace(result, holm=p)
        for result, p in zip(results, corrected, strict=True)
        if result is not None
    )
