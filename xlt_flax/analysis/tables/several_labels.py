"""Micro-F1 and exact match, on the target language, of documents that may have several labels."""

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import mean_share, span
from xlt_flax.analysis.results import Run, finished_of
from xlt_flax.analysis.table import Row, Section, Table

ORDER = 19
EACH_TARGET = True

_COLUMNS = ("Run", "Micro-F1", "Macro-F1", "Exact match", "Documents", "Runs")
_NOTES = (
    "Micro-F1: all decisions on labels pooled. Macro-F1: the plain mean of the labels' F1. Exact "
    "match: the share of documents whose whole set of labels is right, which other tables call "
    "accuracy.",
    "Means over a run's draws and seeds.",
)


def tables(findings: Findings) -> list[Table]:
    """None where each document has one label."""
    rows = []
    for name in findings.results.names():
        runs = [run for run in finished_of(findings.results.of(name)) if _of_sets(run)]
        if runs:
            rows.append(_row(name, runs))
    if not rows:
        return []
    title = "Micro-F1 of documents that may have several labels"
    return [Table("several", Section("tables", "Accuracy"), title, _COLUMNS, tuple(rows), _NOTES)]


def _of_sets(run: Run) -> bool:
    return any(isinstance(label, tuple) for label in run.result.labels)


def _row(name: str, runs: list[Run]) -> Row:
    found = [run.result for run in runs]
    means = (
        mean_share(one.micro_f1 for one in found),
        mean_share(one.macro_f1 for one in found),
        mean_share(one.accuracy for one in found),
    )
    return Row((name, *means, span([one.documents for one in found]), str(len(runs))))
