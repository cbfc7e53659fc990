"""The report's tables. Each module here, and in a study's folder of tables, makes some of them.

A module has ORDER, a number that says where in the report its tables stand, and `tables(findings)`,
which returns those that have something to show. With EACH_TARGET = True they are of one target
language, and are made again for each other one that the runs are judged on.
"""

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import NamedTuple

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import language_name
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
        for table in _tables_of(part, findings)
    ]


def _tables_of(part: ModuleType, findings: Findings) -> Iterator[Table]:
    if len(findings.targets) == 1 or not getattr(part, "EACH_TARGET", False):
        yield from part.tables(findings)
        return
    for language, found in findings.targets.items():
        for table in part.tables(found):
            yield _of_target(table, language)


def _of_target(table: Table, language: str) -> Table:
    name = language_name(language)
    title = table.title if name in table.title else f"{table.title}, {name}"
    return replace(table, key=f"{table.key}-{language}", title=title)


def all_tables(findings: Findings) -> list[Table]:
    """The tables alone."""
    return [placed.table for placed in placed_tables(findings)]
