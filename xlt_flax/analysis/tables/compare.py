"""The comparisons that --compare asks for."""

from xlt_flax.analysis.comparisons import Comparison
from xlt_flax.analysis.effect_tables import BASIS
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import p_value, points, points_interval
from xlt_flax.analysis.table import Row, Section, Table

ORDER = 40
EACH_TARGET = True

_COLUMNS = (
    "Comparison",
    "Over",
    "Documents",
    "Difference",
    "95% interval",
    "p (t)",
    "p (Holm)",
    "p (sign flip)",
    "least p",
)


def tables(findings: Findings) -> list[Table]:
    """None where none was asked for."""
    if not findings.asked:
        return []
    rows = tuple(_row(comparison) for comparison in findings.asked)
    fixed = {f"{c.first} − {c.second}: the interval holds {c.holds_fixed} fixed."
             for c in findings.asked if c.holds_fixed}  # fmt: skip
    flags = {f"{c.first} − {c.second}: {flag}." for c in findings.asked for flag in c.flags}
    notes = (
        *sorted(fixed | flags),
        f"Paired: the same draws, seeds and documents on both sides. {BASIS} With one seed there "
        "is no p-value: it could only tell two trained models apart.",
    )
    title = "Comparisons asked for"
    return [Table("compare", Section("compare", title), title, _COLUMNS, rows, notes)]


def _row(c: Comparison) -> Row:
    cells = (
        f"{c.first} − {c.second}",
        c.basis,
        str(c.documents),
        points(c.difference),
        points_interval(c.interval),
        p_value(c.p),
        p_value(c.holm),
        p_value(c.p_sign_flip),
        p_value(c.least_p),
    )
    return Row(cells)
