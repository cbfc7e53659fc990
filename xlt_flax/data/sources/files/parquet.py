"""Rows of parquet files, a batch of a row group at a time."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from xlt_flax.data.sources.files.columns import Labels, Row, Table, Wanted, each_once
from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.sources.files.lines import opened
from xlt_flax.errors import UserError

if TYPE_CHECKING:
    import pyarrow

_ROWS = 1000
_Value = str | Labels | None


def rows(file: DataFile, reading: Reading, wanted: Wanted) -> Iterator[Row]:
    """Each row's wanted values.

    Raises:
      UserError: it is no parquet file, or a value of a row is no text and no number.
    """
    with _parquet(file) as table:
        names = table.schema_arrow.names
        places = wanted.places(names, file.path)
        columns = list(dict.fromkeys(names[p] for p in places if p is not None))
        number = 1
        for batch in table.iter_batches(_ROWS, columns=columns, use_threads=False):
            held = {
                name: _values(
                    batch[name], wanted.read(name.strip()), f"{file.path}: column {name!r}", number
                )
                for name in columns
            }
            none = [None] * len(batch)
            yield from zip(
                *(none if place is None else held[names[place]] for place in places),
                strict=True,
            )
            number += len(batch)


def table(file: DataFile, reading: Reading) -> Table:
    """All columns. Texts, numbers, truth values and lists of them stay what they are; all else is
    text: times and decimals as Arrow writes them, other lists and tables as JSON, bytes in
    hexadecimal.

    Raises:
      UserError: it is no parquet file, or has a column twice.
    """
    whole = _whole(file)
    schema = next(whole)
    names = each_once(schema.names, file.path)
    return Table(names, whole, {one.name: one.type for one in schema if _is_plain(one.type)})


def _whole(file: DataFile) -> Iterator[Any]:
    """The schema, then the rows: what comes from a pipe is opened once."""
    with _parquet(file) as table:
        yield table.schema_arrow
        for batch in table.iter_batches(_ROWS, use_threads=False):
            columns = [_kept(column) for column in batch.columns]
            for values in zip(*columns, strict=True):
                yield dict(zip(batch.schema.names, values, strict=True))


def _is_plain(kind: "pyarrow.DataType") -> bool:
    from pyarrow import types

    return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)


def _kept(column: "pyarrow.Array") -> list[Any]:
    import pyarrow
    from pyarrow import types

    kind = column.type
    if types.is_temporal(kind) or types.is_decimal(kind):
        column = column.cast(pyarrow.string())
    values = column.to_pylist()
    if types.is_list(kind) and (types.is_string(kind.value_type) or _is_plain(kind.value_type)):
        return values
    if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        return [None if value is None else _as_json(value) for value in values]
    return values


def _as_json(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(
        value, ensure_ascii=False, default=lambda v: v.hex() if isinstance(v, bytes) else str(v)
    )


@contextmanager
def _parquet(file: DataFile) -> Iterator[Any]:
    """The file, opened.

    Raises:
      UserError: it is none, or breaks off while it is read.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    with _seekable(file) as stream:
        try:
            yield ParquetFile(stream)
        except pyarrow.ArrowException as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"{file.path}: is no whole parquet file ({reason})") from None


def _values(
    column: "pyarrow.Array", read: Callable[[object], _Value], where: str, first: int
) -> list[_Value]:
    try:
        return [read(value) for value in column.to_pylist()]
    except ValueError:
        pass  # one of them is wrong: which?
    for number, value in enumerate(column, first):
        try:
            read(value.as_py())
        except ValueError as error:
            told = "is no UTF-8" if isinstance(error, UnicodeError) else str(error)
            raise UserError(f"{where}, row {number}: {told}") from None
    raise AssertionError("a column has a wrong value, and no row has one")


@contextmanager
def _seekable(file: DataFile) -> Iterator[BinaryIO]:
    """A parquet file is read from its end: gzip's, and a pipe's, is put into a file without a
    name."""
    with opened(file) as stream:
        if not file.zipped and stream.seekable():
            yield stream
            return
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(cast(Any, stream), unpacked)
            unpacked.seek(0)
            yield cast(BinaryIO, unpacked)
