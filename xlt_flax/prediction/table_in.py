"""What is to be predicted: rows of a file or of a pipe, with all of their columns."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from xlt_flax.data.sources.files import plain_text
from xlt_flax.data.sources.files.columns import Labels, Table, Wanted
from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.sources.files.lines import STDIN
from xlt_flax.data.sources.files.records import read_table
from xlt_flax.errors import UserError

SEPARATOR = ";"  # between labels, where nothing else is said
_MOST_LABELS = 10_000  # what has more is a column of something else
_WAY_OUT = "say which is meant (--text, --id, --label_column; --columns where no line names them)"


@dataclass(frozen=True)
class Columns:
    """Which columns are read.

    Attributes:
      text: of the text; several are joined by a space.
      pair: whether the two are two texts, instead of one.
      id: of the id; "": rows are numbered.
      label: that predictions are judged by; "": there is none.
      labels_separator: between several in a text.
      rename: {label in the file: label} of those that are called otherwise there.
    """

    text: tuple[str, ...] = (plain_text.COLUMN,)
    pair: bool = False
    id: str = ""
    label: str = ""
    labels_separator: str = SEPARATOR
    rename: Mapping[str, str] = field(default_factory=dict)


class Row(NamedTuple):
    """A document.

    Attributes:
      number: from 1, a header not counted.
      values: {column: value} of all columns; what JSON can hold.
      texts: one, or two.
      id: of its column, or FILE:ROW.
      label: as the file has it, a text or a list; "": none.
    """

    number: int
    values: dict[str, Any]
    texts: tuple[str, ...]
    id: str
    label: str | Labels


@dataclass(frozen=True)
class TableIn:
    """An input that was looked at.

    Attributes:
      file: that is read.
      names: of all its columns, in order; of a jsonl pipe, those of its first row.
      types: {column: its pyarrow.DataType} of those that are more than text.
      count: of its rows; None: a pipe's are not known before its end.
      labels: {label as the file has it: the first row that has it}; of a pipe, none.
      reading, columns: how it is read.
      state: of a file: its size and when it was changed last, before it was read.
    """

    file: DataFile
    names: tuple[str, ...]
    types: Mapping[str, Any]
    count: int | None
    labels: Mapping[str | Labels, str]
    reading: Reading
    columns: Columns
    state: tuple[int, ...] = ()
    _pipe: Iterator[Row] | None = None

    def where(self, row: Row) -> str:
        """For messages."""
        return f"{self.file.path}: row {row.number}"

    def facts(self) -> dict[str, Any]:
        """All of it that a model's results depend on; a value of JSON."""
        return {
            "input": [str(self.file.path), *self.state],
            "reading": asdict(self.reading),
            "text": [*self.columns.text, self.columns.pair],
        }

    def require_unchanged(self) -> None:
        """
        Raises:
          UserError: a file is another than it was.
        """
        if self.count is not None and self.state != state_of(self.file.path):
            raise UserError(
                f"{self.file.path}: was changed while it was read: give the same command again"
            )

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """Those from `start` up to `stop`; of a pipe, all that are left, once.

        Raises:
          UserError: a row is not as it should be; names it.
        """
        if self._pipe is not None:
            return self._pipe
        table = read_table(self.file, self.reading)
        return islice(_rows(table, self.file, self.columns), start, stop)


def is_pipe(path: Path) -> bool:
    """Whether what is read there is gone then."""
    return path == STDIN or (path.exists() and not path.is_file() and not path.is_dir())


def state_of(path: Path) -> tuple[int, ...]:
    """Size and time of change of a file."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def look(file: DataFile, reading: Reading, columns: Columns) -> TableIn:
    """Reads a file to its end, so that nothing is begun with one that is not whole; of a pipe, the
    first row.

    Raises:
      UserError: there is no such file, a column is missing, or a row is not as it should be.
    """
    state = () if is_pipe(file.path) else state_of(file.path)
    table = read_table(file, reading)
    if table.names is not None:
        _wanted(columns).places(table.names, file.path)
    rows = _rows(table, file, columns)
    looked = TableIn(file, table.names or (), table.types, None, {}, reading, columns, state)
    return _begun(looked, rows) if is_pipe(file.path) else _read_through(looked, rows)


def _begun(looked: TableIn, rows: Iterator[Row]) -> TableIn:
    first = [*islice(rows, 1)]
    names = looked.names or tuple(name for row in first for name in row.values)
    return replace(looked, names=names, _pipe=chain(first, rows))


def _read_through(looked: TableIn, rows: Iterator[Row]) -> TableIn:
    count, names, labels = 0, dict.fromkeys(looked.names), dict[str | Labels, str]()
    for row in rows:
        count += 1
        if row.values.keys() != names.keys():
            names |= dict.fromkeys(row.values)
        if row.label and row.label not in labels:
            labels[row.label] = looked.where(row)
            _require_few(labels, looked)
    return replace(looked, names=tuple(names), count=count, labels=labels)


def _require_few(labels: Mapping[str | Labels, str], looked: TableIn) -> None:
    if len(labels) > _MOST_LABELS:
        raise UserError(
            f"{looked.file.path}: column {looked.columns.label!r} has more than {_MOST_LABELS:,} "
            "different values: is it the label? (--label_column)"
        )


def _wanted(columns: Columns) -> Wanted:
    others = tuple(name for name in (columns.id, columns.label) if name)
    return Wanted((*columns.text, *others), way_out=_WAY_OUT)


def _rows(table: Table, file: DataFile, columns: Columns) -> Iterator[Row]:
    texts, others = Wanted(columns.text, way_out=_WAY_OUT), Wanted((columns.id,), way_out=_WAY_OUT)
    for number, values in enumerate(table.rows, 1):
        where = f"{file.path}: row {number}"
        given = [value or "" for value in texts.texts(values, where)]
        yield Row(
            number,
            values,
            tuple(given) if columns.pair else (" ".join(given),),
            (others.texts(values, where)[0] or "") if columns.id else f"{file.name}:{number}",
            _label(values, columns.label, where) if columns.label else "",
        )


def _label(values: Mapping[str, Any], column: str, where: str) -> str | Labels:
    one = frozenset({column})
    (value,) = Wanted((column,), one, lists=one).values(values, where)
    return value.strip() if isinstance(value, str) else value or ""
