"""What a sweep shows: every number of the report, computed once for tables, figures and page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from xlt_flax.analysis import statistics
from xlt_flax.analysis.cells import Cell, GroupMean, cell_of, group_mean
from xlt_flax.analysis.comparisons import Comparison, compare_all, compare_names
from xlt_flax.analysis.effects import Effect, all_effects
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.languages import LanguageCell, by_language
from xlt_flax.analysis.results import Run, Sweep, finished_of
from xlt_flax.analysis.statistics import Interval
from xlt_flax.studies.thesis import experiment, reported


@dataclass(frozen=True)
class View:
    """The results over one choice of test documents.

    Attributes:
      runs: a run's label -> the 95% interval of its accuracy, over documents only.
      cells: a run's name -> its cell.
      groups: reported.Group.key -> its mean row.
    """

    runs: dict[str, Interval]
    cells: dict[str, Cell]
    groups: dict[str, GroupMean]
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Agreement:
    """How the cells of the thesis's own experiment agree with the thesis's.

    Attributes:
      cells: number of cells with both numbers.
      mean_difference: ours less the thesis's.
      rank_correlation: Spearman's, None with fewer than three cells or no spread.
      seed_sd: standard deviation over seeds, pooled over runs; None with one seed.
      outside: cells whose thesis number another seed of ours would miss 95% of the time.
    """

    cells: int
    mean_difference: float
    rank_correlation: float | None
    seed_sd: float | None
    outside: tuple[str, ...]


@dataclass(frozen=True)
class Findings:
    """All that the report shows.

    Attributes:
      affected: test documents that some finished run trained or validated on.
      every: results over all test documents.
      without_overlap: the same without `affected`; None where there are none, or no predictions.
      pairs: every two zero-shot mixtures compared, Holm over all of them.
      gains: each J1 stage against its source stage, Holm over all of them.
      asked: the comparisons asked for by --compare.
      languages: language -> run name -> its results on that language.
    """

    sweep: Sweep
    every: View
    without_overlap: View | None
    affected: frozenset[str]
    agreement: Agreement | None
    pairs: tuple[Comparison, ...]
    gains: tuple[Comparison, ...]
    asked: tuple[Comparison, ...]
    languages: dict[str, dict[str, LanguageCell]]


def find(
    sweep: Sweep,
    asked: Sequence[tuple[Sequence[Run], Sequence[Run]]] = (),
) -> Findings:
    """Computes everything.

    Args:
      sweep: what was read.
      asked: pairs to compare, each side runs of one mixture.
    """
    affected = _affected(sweep)
    judged = Judged(sweep)
    every = _view(sweep, judged)
    rest = _view(sweep, Judged(sweep, affected)) if affected else None
    zero_shot = [name for group in reported.ZERO_SHOT_GROUPS for name in group.runs]
    after = [name for group in reported.AFTER_J1_GROUPS for name in group.runs]
    pairs = [(a, b) for i, a in enumerate(zero_shot) for b in zero_shot[i + 1 :]]
    gains = [(name, name.removesuffix(reported.AFTER_J1)) for name in after]
    return Findings(
        sweep=sweep,
        every=every,
        without_overlap=rest,
        affected=affected,
        agreement=_agreement(_comparable(sweep, every.cells)),
        pairs=compare_names(sweep, judged, pairs),
        gains=compare_names(sweep, judged, gains),
        asked=compare_all(judged, asked),
        languages=by_language(sweep),
    )


def _affected(sweep: Sweep) -> frozenset[str]:
    """Judged documents which some finished run, or its source stage, trained or validated on."""
    seen = frozenset(name for run in sweep.runs if run.audit for name in run.audit.test_ids)
    judged = (name for run in sweep.runs if run.target for name in run.target.ids)
    return seen & frozenset(judged)


def _view(sweep: Sweep, judged: Judged) -> View:
    by_name = {name: sweep.of(name) for name in sweep.names()}
    cells = {name: cell_of(runs, judged) for name, runs in by_name.items()}
    on_thesis = {name: cell for name, cell in cells.items() if _is_the_thesiss(by_name[name])}
    groups = {g.key: group_mean(g, on_thesis, by_name, judged) for g in reported.GROUPS}
    runs = {
        run.label: statistics.share_interval(judged.right(run))
        for run in finished_of(sweep.runs)
        if judged.column(run) is not None
    }
    return View(runs, cells, groups, all_effects(sweep, judged))


def _is_the_thesiss(runs: Sequence[Run]) -> bool:
    """Whether runs are of a mixture that the thesis has, and are judged on its language."""
    known = runs[0].name in reported.ACCURACY
    return known and runs[0].target_language == reported.TARGET_LANGUAGE


def _comparable(sweep: Sweep, cells: dict[str, Cell]) -> list[Cell]:
    """Cells of the thesis's experiment: no field of their runs' configs is another."""
    known = [cell for cell in cells.values() if cell.seeds and cell.thesis is not None]
    return [
        cell
        for cell in known
        if cell.documents == experiment.TEST_DOCUMENTS
        and not any(experiment.deviations(run.record.config) for run in sweep.of(cell.name))
    ]


def _agreement(both: Sequence[Cell]) -> Agreement | None:
    if not both:
        return None
    ours = np.array([cell.mean for cell in both])
    theirs = np.array([cell.thesis for cell in both])
    spread = statistics.pooled_seed_spread([cell.accuracies for cell in both])
    outside = []
    if spread is not None:
        for cell in both:
            low, high = statistics.prediction_interval(cell.accuracies, spread)
            if not low <= cell.thesis <= high:
                outside.append(cell.name)
    ranked = len(both) >= 3 and np.ptp(ours) > 0 and np.ptp(theirs) > 0
    return Agreement(
        cells=len(both),
        mean_difference=float((ours - theirs).mean()),
        rank_correlation=float(stats.spearmanr(ours, theirs).statistic) if ranked else None,
        seed_sd=None if spread is None else spread.sd,
        outside=tuple(outside),
    )
