"""A table of the report: plain strings in rows, and the same as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

MEAN, UNFINISHED, PLAIN = "mean", "unfinished", "plain"


@dataclass(frozen=True)
class Row:
    """Cells as text, and what kind of row: a mean, one with unfinished runs, or plain.

    `marked`: columns that are to stand out.
    """

    cells: tuple[str, ...]
    kind: str = PLAIN
    marked: frozenset[int] = frozenset()


class Section(NamedTuple):
    """A part of the page: its key, its heading, and whether its tables start folded."""

    key: str
    title: str
    folded: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its title, its notes, and the section of the report it stands in.

    `words`: its cells are sentences, not numbers. `column`: of the page, where it is narrow enough
    to stand beside others.
    """

    key: str
    section: Section
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    words: bool = False
    column: int | None = None


def markdown(table: Table) -> str:
    """The table as GitHub Markdown, its mean rows bold and its notes below."""
    lines = [f"### {table.title}", "", _line(table.columns)]
    aligned = "---" if table.words else "---:"
    lines.append(_line(["---"] + [aligned] * (len(table.columns) - 1)))
    for row in table.rows:
        bold = "**" if row.kind == MEAN else ""
        lines.append(_line([f"{bold}{cell}{bold}" if cell else "" for cell in row.cells]))
    lines += [""] + [f"- {note}" for note in table.notes]
    return "\n".join(lines).rstrip() + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
