"""Rows of parquet files, a batch of a row group at a time."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from xlt_flax.data.sources.files.columns import Row, Wanted, as_text
from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.sources.files.lines import opened
from xlt_flax.errors import UserError

if TYPE_CHECKING:
    import pyarrow

_ROWS = 1000


def rows(file: DataFile, reading: Reading, wanted: Wanted) -> Iterator[Row]:
    """Each row's wanted values.

    Raises:
      UserError: it is no parquet file, or a value of a row is no text and no number.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    with _seekable(file) as stream:
        try:
            table = ParquetFile(stream)
            names = table.schema_arrow.names
            places = wanted.places(names, file.path)
            columns = list(dict.fromkeys(names[p] for p in places if p is not None))
            number = 1
            for batch in table.iter_batches(_ROWS, columns=columns, use_threads=False):
                held = {
                    name: _values(batch[name], f"{file.path}: column {name!r}", number)
                    for name in columns
                }
                none = [None] * len(batch)
                yield from zip(
                    *(none if place is None else held[names[place]] for place in places),
                    strict=True,
                )
                number += len(batch)
        except pyarrow.ArrowException as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"{file.path}: is no whole parquet file ({reason})") from None


def _values(column: "pyarrow.Array", where: str, first: int) -> list[str | None]:
    try:
        return [as_text(value) for value in column.to_pylist()]
    except ValueError:
        pass  # one of them is wrong: which?
    for number, value in enumerate(column, first):
        try:
            as_text(value.as_py())
        except ValueError as error:
            told = "is no UTF-8" if isinstance(error, UnicodeError) else str(error)
            raise UserError(f"{where}, row {number}: {told}") from None
    raise AssertionError("a column has a wrong value, and no row has one")


@contextmanager
def _seekable(file: DataFile) -> Iterator[BinaryIO]:
    """A parquet file is read from its end: gzip's is unpacked into a file without a name."""
    with opened(file) as stream:
        if not file.zipped:
            yield stream
            return
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(cast(Any, stream), unpacked)
            unpacked.seek(0)
            yield cast(BinaryIO, unpacked)
