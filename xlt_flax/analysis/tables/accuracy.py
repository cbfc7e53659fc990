"""The accuracy of every run that no reported number is held against."""

from xlt_flax.analysis.accuracies import COLUMNS, REPEATS, accuracy_cells, notes, repeats
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.table import PLAIN, UNFINISHED, Row, Section, Table

ORDER = 20
EACH_TARGET = True

_APART = (
    "In brackets: what sets runs apart from most runs here. They share no cell, and enter no table "
    "of reported numbers and no comparison of groups."
)


def tables(findings: Findings) -> list[Table]:
    """Other mixtures than the study's, other settings, or another target language."""
    cells = [cell for cell in findings.every.cells.values() if cell.reported is None]
    if not cells:
        return []
    rows = tuple(
        Row(
            (cell.name, *accuracy_cells(cell), *repeats(findings.results.of(cell.name))),
            PLAIN if cell.complete else UNFINISHED,
        )
        for cell in cells
    )
    apart = any(run.apart for cell in cells for run in findings.results.of(cell.name))
    told = [*notes(cells, cells), *([_APART] if apart else [])]
    title = findings.study.others_title(findings.results)
    columns = ("Run", *COLUMNS, *REPEATS)
    return [Table("other", Section("tables", "Accuracy"), title, columns, rows, tuple(told))]
