"""The comparisons that --compare asks for."""

from xlt_flax.analysis.comparison_tables import comparison_table
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.table import Section, Table

ORDER = 40
EACH_TARGET = True
SECTION = Section("compare", "Comparisons asked for")


def tables(findings: Findings) -> list[Table]:
    """None where none was asked for."""
    return comparison_table(findings.asked, "compare", SECTION, SECTION.title)
