"""Rows as every reader gives them: a stretch of a file at a time, by column, all as text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xlt_flax.errors import UserError


@dataclass(frozen=True)
class Rows:
    """A stretch of a file.

    Attributes:
      numbers: of the rows, from 1; a header has none.
      columns: {name: a value a row}; None where a row has none.
    """

    numbers: Sequence[int]
    columns: dict[str, list[str | None]]


@dataclass(frozen=True)
class Wanted:
    """Columns that are read.

    Attributes:
      needed: that every file must have.
      optional: that a file may lack, and then has no value in any row.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.needed, *self.optional)))


def require_columns(path: Path, wanted: Wanted, there: Sequence[str]) -> None:
    """
    Raises:
      UserError: a needed column is not there, or one that is wanted is there twice.
    """
    for name in wanted.needed:
        if name not in there:
            raise UserError(
                f"{path} has no column {name!r}: it has {', '.join(there) or 'none'}; a TOML file "
                "says which to read (text, label, id)"
            )
    for name in wanted.all:
        if there.count(name) > 1:
            raise UserError(f"{path} has {there.count(name)} columns {name!r}: rename one")


def as_text(value: object) -> str | None:
    """A value of a typed file as text files would spell it; None: there is no value.

    A whole number is one whether it was stored as 1 or 1.0, which it becomes beside missing values.

    Raises:
      TypeError: it is a list or something else that is no single value.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return None if math.isnan(value) else f"{value:.0f}" if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value)
    raise TypeError(type(value).__name__)
