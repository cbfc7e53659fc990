"""Any two mixtures on a target, compared."""

from xlt_flax.analysis.comparison_tables import comparison_table
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.table import Section, Table

ORDER = 10
EACH_TARGET = True


def tables(findings: Findings) -> list[Table]:
    """None without two finished mixtures."""
    found, section = findings.compared["pairs"], Section("pairs", "Is the difference real?")
    title = "Any two mixtures"
    notes = (f"p (Holm): corrected over the {len(found)} pairs of mixtures of this target.",)
    return comparison_table(found, "pairs", section, title, notes)
