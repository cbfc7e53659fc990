"""A table of comparisons between two mixtures each."""

from collections.abc import Sequence

from xlt_flax.analysis.comparisons import Comparison
from xlt_flax.analysis.effect_tables import BASIS
from xlt_flax.analysis.formats import listed, p_value, points, points_interval
from xlt_flax.analysis.table import Row, Section, Table

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


def comparison_table(
    found: Sequence[Comparison], key: str, section: Section, title: str, notes: Sequence[str] = ()
) -> list[Table]:
    """A row for each comparison; no table without any."""
    if not found:
        return []
    rows = tuple(_row(comparison) for comparison in found)
    told = (
        *notes,
        *_flags(found),
        f"Paired: the same draws, seeds and documents on both sides. {BASIS} With one seed there "
        "is no p-value: it could only tell two trained models apart.",
    )
    return [Table(key, section, title, _COLUMNS, rows, told)]


def _flags(found: Sequence[Comparison]) -> list[str]:
    """What a reader must know, and what intervals hold fixed, once for all that it is true of."""
    said: dict[str, list[str]] = {}
    for c in found:
        fixed = [f"the interval holds {c.holds_fixed} fixed"] if c.holds_fixed else []
        for text in (*fixed, *c.flags):
            said.setdefault(text, []).append(f"{c.first} − {c.second}")
    return [
        f"{text[0].upper()}{text[1:]}: {'all' if len(names) == len(found) else listed(names)}."
        for text, names in said.items()
    ]


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
