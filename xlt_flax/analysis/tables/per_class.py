"""Precision, recall and F1 of each class, on the target language."""

from collections.abc import Iterator, Mapping, Sequence

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import mean_share, span
from xlt_flax.analysis.results import finished_of
from xlt_flax.analysis.table import Row, Section, Table

ORDER = 85
EACH_TARGET = True

_MOST = 20  # classes of a run that are shown
_NUMBERS = ("precision", "recall", "f1")
_COLUMNS = ("Run", "Class", "Precision", "Recall", "F1", "Documents")

Scores = Mapping[str, Mapping[str, float | None]]  # a class -> its numbers, as eval has them


def tables(findings: Findings) -> list[Table]:
    """None where eval was of a version that counted no classes."""
    rows, left_out = [], 0
    for name in findings.results.names():
        runs = finished_of(findings.results.of(name))
        scores = [run.result.per_class for run in runs if run.result.per_class]
        classes = _by_documents(scores)
        left_out = max(left_out, len(classes) - _MOST)
        rows += list(_rows(name, classes[:_MOST], scores))
    if not rows:
        return []
    notes = [
        "Means over a run's draws and seeds; a number that has no meaning is left out of them."
    ]
    if left_out > 0:
        notes.append(
            f"The {_MOST} classes of most documents; {left_out} more are in each run's eval folder."
        )
    section = Section("classes", "By class", folded=True)
    title = "Precision, recall and F1 by class"
    return [Table("classes", section, title, _COLUMNS, tuple(rows), tuple(notes))]


def _by_documents(scores: Sequence[Scores]) -> list[str]:
    """The classes, those of most documents first, else in eval's order."""
    support = {
        name: numbers.get("support") or 0 for each in scores for name, numbers in each.items()
    }
    return sorted(support, key=lambda name: -support[name])


def _rows(run: str, classes: Sequence[str], scores: Sequence[Scores]) -> Iterator[Row]:
    for name in classes:
        those = [each[name] for each in scores if name in each]
        means = (mean_share([numbers.get(key) for numbers in those]) for key in _NUMBERS)
        documents = span([_whole(numbers.get("support")) for numbers in those])
        yield Row((run, name, *means, documents))


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
