"""What the thesis's own cells show, read again."""

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.table import Row, Section, Table
from xlt_flax.studies.thesis import reread

ORDER = 70

_NOTES = (
    "Computed from the thesis's published accuracies: one seed, so other seeds might differ; "
    "p-values are exact permutation tests over its mixtures.",
)


def tables(findings: Findings) -> list[Table]:
    """Where the thesis's numbers can stand beside some run."""
    if not any(cell.reported for cell in findings.every.cells.values()):
        return []
    rows = tuple(Row((line.question, line.answer)) for line in reread.lines())
    columns = ("Question", "What the published cells show")
    title = "The thesis read again"
    return [Table("reread", Section("reread", title), title, columns, rows, _NOTES)]
