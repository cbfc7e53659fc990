"""The report's tables. Each module here, and in a study's folder of tables, makes some of them.

A module has ORDER, a number that says where in the report its tables stand, and `tables(findings)`,
which returns those that have something to show.
"""

from typing import NamedTuple

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.parts import find_parts
from xlt_flax.analysis.table import Table


class Placed(NamedTuple):
    """A table, and where in the report it stands."""

    order: float
    table: Table


def placed_tables(findings: Findings) -> list[Placed]:
    """Every table that has something to show, in the report's order."""
    return [
        Placed(part.ORDER, table)
        for part in find_parts(findings.study.tables)
        for table in part.tables(findings)
    ]


def all_tables(findings: Findings) -> list[Table]:
    """The tables alone."""
    return [placed.table for placed in placed_tables(findings)]
