"""What is wanted of each row, and values as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xlt_flax.errors import UserError

Row = tuple[str | None, ...]  # a value for each wanted column; None: the row has none


@dataclass(frozen=True)
class Wanted:
    """Columns that are read, in the order of a row's values.

    Attributes:
      names: of the columns.
      optional: those that a file may be without.
    """

    names: tuple[str, ...]
    optional: frozenset[str] = frozenset()

    def places(self, header: Sequence[str], path: Path) -> list[int | None]:
        """Where in a file's header each column is; None: it is not there, nor need it be. White
        space around names does not count.

        Raises:
          UserError: a column is missing, or is there twice.
        """
        stripped = [name.strip() for name in header]
        for name in self.names:
            if name not in stripped and name not in self.optional:
                raise UserError(
                    f"{path}: has no column {name!r}, but {_listing(stripped)}: say in a TOML file "
                    "which columns are meant (text, label, id; of files without a header, "
                    "columns under [reader])"
                )
            if stripped.count(name) > 1:
                raise UserError(f"{path}: has the column {name!r} twice: rename one of them")
        return [stripped.index(name) if name in stripped else None for name in self.names]


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


def _listing(names: Sequence[str]) -> str:
    shown = [repr(name[:40]) for name in names[:10]]
    return ", ".join(shown) + (", …" if len(names) > 10 else "")
