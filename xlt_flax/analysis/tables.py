"""The report's tables, in the report's order."""

from collections.abc import Sequence

from xlt_flax.analysis import accuracy_tables, deviation_tables, overlap_tables, thesis
from xlt_flax.analysis.comparisons import Comparison
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import listed, p_value, points, points_interval
from xlt_flax.analysis.table import PLAIN, UNFINISHED, Row, Table

SIGNIFICANT = 0.05


def all_tables(findings: Findings) -> list[Table]:
    """Every table that has something to show, in the report's order."""
    tables = [accuracy_tables.thesis_table(table, findings) for table in thesis.TABLES]
    tables += [
        accuracy_tables.other_runs(findings),
        deviation_tables.deviations(findings),
        _asked(findings),
        _effects(findings.every.effects, "effects"),
        _pairs(findings),
        accuracy_tables.by_language(findings),
        accuracy_tables.each_seed(findings),
        overlap_tables.audits(findings),
    ]
    if findings.without_overlap is not None:
        tables.append(overlap_tables.without_overlap(findings))
        tables.append(_effects(findings.without_overlap.effects, "effects-without-overlap"))
    return [table for table in tables if table is not None]


def _asked(findings: Findings) -> Table | None:
    if not findings.asked:
        return None
    columns = (
        "Comparison",
        "Seeds",
        "Documents",
        "Difference",
        "95% interval",
        "Only first right",
        "Only second right",
        "p (McNemar, exact)",
        "p (Holm)",
    )
    rows = tuple(_comparison_row(comparison) for comparison in findings.asked)
    notes = [
        "p: do these trained models differ on documents like these? The interval also lets the "
        "seeds vary, where there are several.",
    ]
    if any(len(comparison.first_seeds) > 1 for comparison in findings.asked):
        notes.append(
            "Several seeds: a document's number of right seeds is compared, so that no document is "
            "counted twice; with one seed this is McNemar's exact test."
        )
    return Table("compare", "compare", "Comparisons asked for", columns, rows, tuple(notes))


def _comparison_row(c: Comparison) -> Row:
    seeds = ", ".join(map(str, c.first_seeds))
    if c.first_seeds != c.second_seeds:
        seeds += " | " + ", ".join(map(str, c.second_seeds))
    cells = (
        f"{c.first} − {c.second}",
        seeds,
        str(c.documents),
        points(c.difference),
        points_interval(c.interval),
        str(c.only_first),
        str(c.only_second),
        p_value(c.p),
        p_value(c.holm),
    )
    return Row(cells)


def _effects(effects: Sequence[Effect], key: str) -> Table | None:
    if all(effect.difference is None for effect in effects):
        return None
    columns = (
        "Effect",
        "Stage",
        "Difference",
        "95% interval",
        "for these mixtures",
        "p",
        "least p",
        "p (Holm)",
        "Thesis",
    )
    rows = tuple(_effect_row(effect) for effect in effects)
    waiting = [name for effect in effects for name in effect.waiting]
    lacking = [name for effect in effects if not effect.waiting for name in effect.lacking]
    title = "What diversity is worth"
    if key != "effects":
        title += ", overlapping test documents left out"
    notes = (
        *([f"Empty rows wait for {listed(waiting)}."] if waiting else []),
        *([f"Seeds are missing of {listed(lacking)}."] if lacking else []),
        "Differences in percentage points. 95% interval: mixtures, seeds and documents resampled. "
        "For these mixtures: seeds and documents only; it says nothing of other mixtures.",
        "p: exact permutation test over mixtures; least p: the smallest that so few mixtures can "
        "give, whatever the difference. Holm: over the three tests of a stage.",
    )
    section = "effects" if key == "effects" else "overlap"
    return Table(key, section, title, columns, rows, notes)


def _effect_row(effect: Effect) -> Row:
    test, reference = effect.test, effect.thesis_test
    cells = (
        effect.label,
        effect.stage,
        points(effect.difference),
        points_interval(effect.interval),
        points_interval(effect.interval_fixed),
        p_value(test.p if test else None),
        p_value(test.smallest if test else None),
        p_value(effect.holm),
        points(effect.thesis) + (f" (p {p_value(reference.p)})" if reference else ""),
    )
    return Row(cells, UNFINISHED if effect.waiting or effect.lacking else PLAIN)


def _pairs(findings: Findings) -> Table | None:
    if not findings.pairs:
        return None
    names = [name for group in thesis.ZERO_SHOT_GROUPS for name in group.runs]
    by_pair = {(c.first, c.second): c for c in findings.pairs}
    rows = []
    for row, first in enumerate(names[:-1]):
        cells = [""] * row
        for second in names[row + 1 :]:
            comparison = by_pair.get((first, second))
            mark = "*" if comparison and comparison.holm < SIGNIFICANT else ""
            cells.append(f"{points(comparison.difference if comparison else None)}{mark}")
        rows.append(Row((first, *cells)))
    known = sum(name in findings.every.cells for name in names)
    planned = known * (known - 1) // 2
    real = sum(comparison.holm < SIGNIFICANT for comparison in findings.pairs)
    notes = (
        "Row less column, points; zero-shot accuracy on the same documents and seeds.",
        f"* p < .05 in McNemar's exact test after Holm's correction over {planned} "
        f"pairs ({real} of them). It speaks of these trained models; all p-values are in "
        "results.json.",
    )
    columns = ("", *names[1:])
    return Table("pairs", "pairs", "Any two mixtures", columns, tuple(rows), notes)
