"""Two mixtures against each other, paired: the same draws, the same seeds, the same documents."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xlt_flax.analysis import contrasts, statistics
from xlt_flax.analysis.judged import Judged, Unit
from xlt_flax.analysis.measured import DOCUMENTS, measure
from xlt_flax.analysis.results import Evaluation, Results, Run, finished_of
from xlt_flax.analysis.statistics import Interval


@dataclass(frozen=True)
class Comparison:
    """Two mixtures on their common blocks and documents.

    Attributes:
      first, second: names.
      blocks, basis: how many, and what they are in words.
      holds_fixed: what the interval says nothing of.
      documents: those which all compared runs judged.
      difference: of the accuracies, first less second.
      interval, df: 95%, over blocks and documents; its degrees of freedom.
      p: of the interval's own t; None with one seed, which cannot tell a mixture from its run.
      holm: p after Holm's correction over the comparisons shown together.
      p_sign_flip, least_p: exact, over blocks; None with one seed.
      same_predictions: not one prediction differs.
      flags: what a reader must know.
    """

    first: str
    second: str
    blocks: int
    basis: str
    holds_fixed: str
    documents: int
    difference: float
    interval: Interval
    df: float
    p: float | None
    holm: float | None
    p_sign_flip: float | None
    least_p: float | None
    same_predictions: bool
    flags: tuple[str, ...]


def compare(judged: Judged, first: Sequence[Run], second: Sequence[Run]) -> Comparison | None:
    """Compares two mixtures over the draws and seeds that both have; Holm is left as p.

    Returns:
      None where nothing is in common: no draw and seed, no predictions, or fewer than two
      documents.
    """
    common = _units(first) & _units(second)
    first, second = ([r for r in runs if _unit(r) in common] for runs in (first, second))
    if not common or first[0].name == second[0].name:
        return None
    contrast = contrasts.difference(first[0].name, second[0].name)
    found = measure(contrast, [*first, *second], judged)
    if found.estimate is None:
        return None
    p = None if found.blocks.kind == DOCUMENTS else found.estimate.p
    return Comparison(
        first=first[0].name,
        second=second[0].name,
        blocks=found.estimate.blocks,
        basis=found.blocks.basis,
        holds_fixed=found.blocks.holds_fixed,
        documents=found.estimate.documents,
        difference=found.estimate.mean,
        interval=found.estimate.interval,
        df=found.estimate.df,
        p=p,
        holm=p,
        p_sign_flip=found.test.p if found.test else None,
        least_p=found.test.least if found.test else None,
        same_predictions=_all_the_same(finished_of(first), finished_of(second)),
        flags=found.flags,
    )


def _unit(run: Run) -> Unit:
    return Unit(run.draw, run.seed)


def _units(runs: Sequence[Run]) -> set[Unit]:
    return {_unit(run) for run in runs}


def _all_the_same(first: Sequence[Run], second: Sequence[Run]) -> bool:
    theirs = {_unit(run): run.result for run in second}
    pairs = [(run.result, theirs[_unit(run)]) for run in first if _unit(run) in theirs]
    return all(_same_predictions(one, other) for one, other in pairs)


def _same_predictions(first: Evaluation, second: Evaluation) -> bool:
    return first.ids == second.ids and bool((first.predictions == second.predictions).all())


def compare_names(
    results: Results, judged: Judged, pairs: Sequence[tuple[str, str]]
) -> tuple[Comparison, ...]:
    """Compares mixtures by name; pairs that are not there are left out."""
    names = set(results.names())
    known = [pair for pair in pairs if names.issuperset(pair)]
    return compare_all(judged, [(results.of(one), results.of(other)) for one, other in known])


def compare_all(
    judged: Judged, pairs: Sequence[tuple[Sequence[Run], Sequence[Run]]]
) -> tuple[Comparison, ...]:
    """Compares all pairs that are finished; Holm's correction counts those that are not, too."""
    found = [compare(judged, one, other) for one, other in pairs]
    corrected = statistics.tarone_holm([c.p if c else None for c in found], [0.0] * len(found))
    return tuple(
        replace(comparison, holm=p)
        for comparison, p in zip(found, corrected, strict=True)
        if comparison is not None
    )
