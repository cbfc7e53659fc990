"""Micro-F1 by the number of articles, beside what others have reported."""

from xlt_flax.analysis.accuracies import DOCUMENTS_ONLY, accuracy_cells
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import NOTHING, count, points, points_interval, share
from xlt_flax.analysis.measured import ONE_SEED
from xlt_flax.analysis.table import PLAIN, UNFINISHED, Row, Section, Table
from xlt_flax.studies.shinra.curve import Point, curve_of
from xlt_flax.studies.shinra.reported import FIGURES, are_of_real_pages

ORDER = 5
SECTION = Section("micro-f1", "Micro-F1")

_COLUMNS = (
    "Trained on", "Articles", "Micro-F1", "95% interval", "Seeds", "Most frequent class",
    "More than the row above, points", "95% interval of that",
)  # fmt: skip
_NOTES = (
    "Micro-F1: true positives, labels given and labels true pooled over the pages of the "
    "development data that have text; with one label a page it is the accuracy. Articles: those "
    "that validate are among them. Most frequent class: the micro-F1 of giving it to every page.",
    "Reported: on the leaderboard's pages, whose answers are not given out. They show the place of "
    "these numbers, and are no yardstick to the digit.",
)
_MADE = "These runs are on made articles, of which no reported figure says anything."


def tables(findings: Findings) -> list[Table]:
    """One table; a row for each number of articles, and for each reported figure."""
    found = curve_of(findings)
    rows = [*map(_row, found), *(_reported(*figure) for figure in FIGURES)]
    made = () if are_of_real_pages(findings.results) else (_MADE,)
    told = [
        *_NOTES,
        *made,
        *(f"{point.name}: {note}" for point in found for note in point.cell.notes),
    ]
    if any(point.cell.basis == ONE_SEED for point in found):
        told.append(f"{DOCUMENTS_ONLY} {ONE_SEED}; the interval holds its seed and draw fixed.")
    title = "Micro-F1 by the number of articles"
    return [Table("micro-f1", SECTION, title, _COLUMNS, tuple(rows), tuple(told))]


def _row(point: Point) -> Row:
    gain = point.gain if point.gain and point.gain.estimate else None
    cells = (
        point.name,
        count(point.articles),
        *accuracy_cells(point.cell),
        share(point.majority),
        points(gain.taken.mean) if gain else NOTHING,
        points_interval(gain.interval) if gain else NOTHING,
    )
    return Row(cells, PLAIN if point.cell.complete else UNFINISHED)


def _reported(whose: str, micro_f1: float) -> Row:
    return Row((f"reported: {whose}", "", share(micro_f1), *("" for _ in _COLUMNS[3:])))
