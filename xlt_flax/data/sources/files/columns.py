"""What is wanted of each row, and values as text."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from xlt_flax.errors import UserError

Labels = tuple[str | None, ...]  # what a list holds
Row = tuple[str | Labels | None, ...]  # a value for each wanted column; None: the row has none
_IN_TOML = (
    "say in a TOML file which columns are meant (text, label, id; of files without a header, "
    "columns under [reader])"
)


@dataclass(frozen=True)
class Wanted:
    """Columns that are read, in the order of a row's values.

    Attributes:
      names: of the columns.
      optional: those that a file may be without.
      way_out: what to do about a column that is missing.
      lists: those whose values may be lists.
    """

    names: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    way_out: str = _IN_TOML
    lists: frozenset[str] = frozenset()

    def places(self, header: Sequence[str], where: Path | str) -> list[int | None]:
        """Where in a header each column is; None: it is not there, nor need it be. White space
        around names does not count.

        Args:
          header: names of columns.
          where: the file, or the row, that has it.

        Raises:
          UserError: a column is missing, or is there twice.
        """
        stripped = [name.strip() for name in header]
        for name in self.names:
            if name not in stripped and name not in self.optional:
                raise UserError(
                    f"{where}: has no column {name!r}, but {_listing(stripped)}: {self.way_out}"
                )
            if stripped.count(name) > 1:
                raise UserError(f"{where}: has the column {name!r} twice: rename one of them")
        return [stripped.index(name) if name in stripped else None for name in self.names]

    def values(self, record: Mapping[str, Any], where: str) -> Row:
        """Of a row that names its columns.

        Raises:
          UserError: as `places`; or a value is no text and no number.
        """
        return tuple([self._value(record, name, where) for name in self.names])

    def texts(self, record: Mapping[str, Any], where: str) -> tuple[str | None, ...]:
        """The same of columns that hold no lists."""
        return cast(tuple[str | None, ...], self.values(record, where))

    def read(self, name: str) -> Callable[[object], str | Labels | None]:
        """What makes a column's values of those of JSON or Parquet; raises as `as_text`."""
        return _as_text_or_list if name in self.lists else as_text

    def _value(self, record: Mapping[str, Any], name: str, where: str) -> str | Labels | None:
        if name in record:
            value = record[name]
        else:
            (place,) = Wanted((name,), self.optional, self.way_out).places([*record], where)
            value = None if place is None else [*record.values()][place]
        try:
            return self.read(name)(value)
        except ValueError as error:
            raise UserError(f"{where}: column {name!r} {error}") from None


@dataclass(frozen=True)
class Table:
    """A file with all of its columns.

    Attributes:
      names: of the columns, as the file has them; None: each row has its own.
      rows: {column: value} each, read as they are asked for; values are what JSON can hold.
      types: {column: its pyarrow.DataType} of those that are more than text, where a file says so.
    """

    names: tuple[str, ...] | None
    rows: Iterator[dict[str, Any]]
    types: Mapping[str, Any] = field(default_factory=dict)


def each_once(names: Sequence[str], path: Path) -> tuple[str, ...]:
    """The names.

    Raises:
      UserError: one is there twice, so that a row's values cannot go by them.
    """
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{path}: has the column {name!r} twice: rename one of them")
    return tuple(names)


def as_text(value: object) -> str | None:
    """A value of JSON or Parquet as a csv file would have it; None of none.

    Raises:
      ValueError: it is a list, a table, or bytes.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return None if value != value else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value)
    raise ValueError(f"holds a {type(value).__name__}: give text or a number")


def _as_text_or_list(value: object) -> str | Labels | None:
    return tuple(map(as_text, value)) if isinstance(value, list) else as_text(value)


def any_as_text(value: object) -> str | None:
    """The same of every value that a Table may have: lists and tables as JSON writes them."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return as_text(value)


def _listing(names: Sequence[str]) -> str:
    shown = [repr(name[:40]) for name in names[:10]]
    return ", ".join(shown) + (", …" if len(names) > 10 else "")
