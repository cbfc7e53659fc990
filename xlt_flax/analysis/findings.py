"""What runs show: every number of the report, computed once for tables, figures and page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from xlt_flax.analysis import statistics
from xlt_flax.analysis.agreement import Agreement, agreement
from xlt_flax.analysis.cells import Cell, GroupMean, cell_of, group_mean
from xlt_flax.analysis.comparisons import Comparison, compare_all, compare_names
from xlt_flax.analysis.effects import Effect, measure_families
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.languages import LanguageCell, by_language
from xlt_flax.analysis.mistakes import Mistakes
from xlt_flax.analysis.results import Results, Run, finished_of, targets_of
from xlt_flax.analysis.statistics import Interval
from xlt_flax.analysis.study_report import StudyReport
from xlt_flax.analysis.targets import judged_on
from xlt_flax.analysis.yardsticks import Yardstick

Pair = tuple[Sequence[Run], Sequence[Run]]  # what is compared: each side runs of one name


@dataclass(frozen=True)
class View:
    """The results over one choice of test documents.

    Attributes:
      runs: a run's label -> the 95% interval of its accuracy, over documents only.
      cells: a run's name -> its cell.
      groups: Group.key -> its mean row, of the study's groups.
      effects: the study's contrasts.
    """

    runs: dict[str, Interval]
    cells: dict[str, Cell]
    groups: dict[str, GroupMean]
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Findings:
    """All that the report shows.

    Attributes:
      results: what was read.
      study: what the runs are of.
      affected: test documents that some finished run trained or validated on.
      every: results over all test documents.
      without_overlap: the same without `affected`; None where there are none, or no predictions.
      agreement: with what the study has reported; None where nothing can be held against it.
      compared: the study's comparisons by what it calls them, Holm over all of one name.
      asked: the comparisons asked for by --compare.
      languages: language -> run name -> its results on that language.
      yardsticks: what something simpler gets.
      others: the same on each target language besides `results.target_language`.
      mistakes: of the best runs, with their texts; () unless they were asked for.
    """

    results: Results
    study: StudyReport
    every: View
    without_overlap: View | None
    affected: frozenset[str]
    agreement: Agreement | None
    compared: Mapping[str, tuple[Comparison, ...]]
    asked: tuple[Comparison, ...]
    languages: dict[str, dict[str, LanguageCell]]
    yardsticks: tuple[Yardstick, ...] = ()
    others: Mapping[str, "Findings"] = field(default_factory=dict)
    mistakes: tuple[Mistakes, ...] = ()

    @property
    def targets(self) -> dict[str, "Findings"]:
        """Target language -> the findings on it, this one's first."""
        return {self.results.target_language: self, **self.others}


def find(results: Results, study: StudyReport, asked: Sequence[Pair] = ()) -> Findings:
    """Computes everything, on each target language.

    Args:
      results: what was read.
      study: what the runs are of.
      asked: pairs to compare.
    """
    first, *others = (_find_on(results, language, study, asked) for language in targets_of(results))
    return replace(
        first,
        yardsticks=tuple(study.yardsticks(results)),
        others={found.results.target_language: found for found in others},
    )


def _find_on(
    results: Results, language: str, study: StudyReport, asked: Sequence[Pair]
) -> Findings:
    """The findings on one target language."""
    if results.targets:
        results = judged_on(results, language)
        by_label = {run.label: run for run in results.runs}
        asked = [
            ([by_label[run.label] for run in one], [by_label[run.label] for run in other])
            for one, other in asked
        ]
    affected = _affected(results)
    judged = Judged(results)
    every = _view(results, study, judged)
    rest = _view(results, study, Judged(results, affected)) if affected else None
    repeated = [
        cell for name, cell in every.cells.items() if study.is_repeated_by(cell, results.of(name))
    ]
    return Findings(
        results=results,
        study=study,
        every=every,
        without_overlap=rest,
        affected=affected,
        agreement=agreement(repeated),
        compared={
            key: compare_names(results, judged, pairs)
            for key, pairs in study.comparisons(results).items()
        },
        asked=compare_all(judged, asked),
        languages=by_language(results),
    )


def _affected(results: Results) -> frozenset[str]:
    """Judged documents which some finished run, or its source stage, trained or validated on."""
    seen = frozenset(name for run in results.runs if run.audit for name in run.audit.test_ids)
    judged = (name for run in results.runs if run.target for name in run.target.ids)
    return seen & frozenset(judged)


def _view(results: Results, study: StudyReport, judged: Judged) -> View:
    by_name = {name: results.of(name) for name in results.names()}
    cells = {name: cell_of(runs, judged, study.reported(runs[0])) for name, runs in by_name.items()}
    comparable = {name: cell for name, cell in cells.items() if cell.reported is not None}
    return View(
        runs={
            run.label: statistics.share_interval(judged.right(run))
            for run in finished_of(results.runs)
            if judged.column(run) is not None
        },
        cells=cells,
        groups={g.key: group_mean(g, comparable, by_name, judged) for g in study.groups},
        effects=measure_families(
            study.families(results.names()), results.runs, judged, study.reported_effects(results)
        ),
    )
