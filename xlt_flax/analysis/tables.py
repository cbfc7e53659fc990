"""The report's tables, in the report's order."""

from xlt_flax.analysis import accuracy_tables, deviation_tables, effect_tables, overlap_tables
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.table import Table
from xlt_flax.studies.thesis import reported


def all_tables(findings: Findings) -> list[Table]:
    """Every table that has something to show, in the report's order."""
    tables = [accuracy_tables.thesis_table(table, findings) for table in reported.TABLES]
    tables += [
        accuracy_tables.other_runs(findings),
        deviation_tables.deviations(findings),
        effect_tables.asked(findings),
        effect_tables.effects(findings.every.effects),
        effect_tables.components(findings.every.effects),
        effect_tables.pairs(findings),
        effect_tables.thesis_reread(findings),
        accuracy_tables.by_language(findings),
        accuracy_tables.each_seed(findings),
        overlap_tables.audits(findings),
    ]
    if findings.without_overlap is not None:
        tables.append(overlap_tables.without_overlap(findings))
        rest = findings.without_overlap.effects
        tables.append(effect_tables.effects(rest, "effects-without-overlap"))
    return [table for table in tables if table is not None]
