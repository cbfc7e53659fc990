"""Micro-F1 by the number of articles that are trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

from xlt_flax.analysis.cells import Cell, cell_of
from xlt_flax.analysis.contrasts import difference
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.label_sets import majority_f1, micro_f1
from xlt_flax.analysis.measured import Measured, measure
from xlt_flax.analysis.results import Evaluation, Results, Run, finished_of


@dataclass(frozen=True)
class Point:
    """Runs on one number of articles.

    Attributes:
      cell: their micro-F1, where other cells have an accuracy.
      articles: labelled ones that they train and validate on; None where that is not known yet.
      majority: the micro-F1 of giving every page the most frequent class; None without a result.
      gain: of micro-F1 over the point before; None for the first.
    """

    cell: Cell
    articles: int | None
    majority: float | None
    gain: Measured | None = None

    @property
    def name(self) -> str:
        return self.cell.name


def curve_of(findings: Findings) -> list[Point]:
    """From the fewest articles to the most; runs of another setting than the others' are not in
    it, and such without a number of articles come last."""
    results = findings.results
    names, judged = _names(results), Judged(results, values=micro_f1)
    before = [None, *names[:-1]]
    return [
        Point(
            cell_of(results.of(name), judged, None),
            _articles(results.of(name)),
            _majority(results.of(name)),
            measure(difference(name, earlier), results.runs, judged) if earlier else None,
        )
        for earlier, name in zip(before, names, strict=True)
    ]


def on_most_articles(findings: Findings) -> str | None:
    """The name of the finished runs on the most articles: chosen beforehand, not by their
    result."""
    results = findings.results
    known = [name for name in _names(results) if finished_of(results.of(name))]
    return known[-1] if known else None


def judged_of(runs: Sequence[Run]) -> list[Evaluation]:
    """Of those that are finished, with predictions."""
    return [run.result for run in finished_of(runs) if run.result.ids]


def _names(results: Results) -> list[str]:
    """In the order of the curve."""
    names = [name for name in results.names() if not any(run.apart for run in results.of(name))]
    articles = {name: _articles(results.of(name)) for name in names}
    return sorted(names, key=lambda name: (articles[name] is None, articles[name] or 0))


def _articles(runs: Sequence[Run]) -> int | None:
    """As a run's audit counted them; as its mixture says, where no run is finished."""
    for run in runs:
        if run.audit and run.audit.train is not None:
            return run.audit.train + (run.audit.validation or 0)
    count = runs[0].mixture.partition(":")[2]
    return int(count) if count.isdecimal() else None


def _majority(runs: Sequence[Run]) -> float | None:
    known = judged_of(runs)
    return majority_f1(known[0]) if known else None
