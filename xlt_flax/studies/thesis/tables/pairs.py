"""Every two zero-shot mixtures of the thesis, compared."""

from xlt_flax.analysis.comparisons import Comparison
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import listed, points
from xlt_flax.analysis.statistics import LEVEL
from xlt_flax.analysis.table import Row, Section, Table
from xlt_flax.studies.thesis import reported

ORDER = 60


def tables(findings: Findings) -> list[Table]:
    """None without two finished mixtures."""
    pairs = findings.compared["pairs"]
    if not pairs:
        return []
    names = reported.ZERO_SHOT
    by_pair = {(c.first, c.second): c for c in pairs}
    rows = tuple(
        _row(first, [by_pair.get((first, second)) for second in names[place + 1 :]], place)
        for place, first in enumerate(names[:-1])
    )
    columns = ("", *names[1:])
    title = "Any two mixtures"
    return [Table("pairs", Section("pairs", title), title, columns, rows, _notes(pairs))]


def _row(first: str, comparisons: list[Comparison | None], place: int) -> Row:
    """The mixture less those that come after it; the cells of those before it are empty."""
    shown = [points(c.difference if c else None) + "*" * _is_real(c) for c in comparisons]
    marked = {place + 1 + i for i, comparison in enumerate(comparisons) if _is_real(comparison)}
    return Row((first, *[""] * place, *shown), marked=frozenset(marked))


def _notes(pairs: tuple[Comparison, ...]) -> tuple[str, ...]:
    if any(comparison.p is not None for comparison in pairs):
        last = (
            f"* p < .05 over blocks and documents, after Holm's correction over "
            f"{len(pairs)} pairs ({sum(map(_is_real, pairs))} of them). Intervals are in "
            "results.json."
        )
    else:
        last = "One seed cannot tell a mixture from its run, so no difference is marked."
    return (
        "Row less column, points: the same draws, seeds and documents on both sides.",
        f"Over {listed([comparison.basis for comparison in pairs])}.",
        last,
    )


def _is_real(comparison: Comparison | None) -> bool:
    return comparison is not None and comparison.holm is not None and comparison.holm < LEVEL
