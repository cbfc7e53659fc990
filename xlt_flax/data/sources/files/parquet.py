"""Reads Parquet files, a batch of rows at a time."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from xlt_flax.data.sources.files.opening import opened
from xlt_flax.data.sources.files.rows import Rows, Wanted, as_text, require_columns
from xlt_flax.errors import UserError

_ROWS = 4096  # held at once


def read(path: Path, wanted: Wanted) -> Iterator[Rows]:
    """Streams the rows of a file.

    Raises:
      UserError: it is no Parquet file, a column is missing, or holds lists or the like.
    """
    try:
        with opened(path) as packed, _seekable(packed, path) as file:
            table = pq.ParquetFile(file)
            spelled = table.schema_arrow.names
            require_columns(path, wanted, [name.strip() for name in spelled])
            named = {name.strip(): name for name in spelled if name.strip() in wanted.all}
            batches = table.iter_batches(_ROWS, columns=[*named.values()], use_threads=False)
            yield from _rows(path, batches, wanted, named)
    except (pa.ArrowException, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} is no whole Parquet file ({reason})") from None


def _rows(
    path: Path, batches: Iterator[pa.RecordBatch], wanted: Wanted, named: dict[str, str]
) -> Iterator[Rows]:
    begin = 1
    for batch in batches:
        numbers = range(begin, begin + batch.num_rows)
        columns: dict[str, list[str | None]] = {}
        for name in wanted.all:
            values = (
                batch.column(named[name]).to_pylist() if name in named else [None] * len(numbers)
            )
            columns[name] = [_text(path, name, *one) for one in zip(numbers, values, strict=True)]
        yield Rows(numbers, columns)
        begin += len(numbers)


def _text(path: Path, name: str, number: int, value: object) -> str | None:
    try:
        return value if type(value) is str else as_text(value)
    except TypeError as error:
        raise UserError(
            f"{path}: row {number}: {name!r} is a {error}: store a text or a number"
        ) from None


@contextmanager
def _seekable(file: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    """Parquet's index stands at its end: what is packed is unpacked to disk first."""
    if path.suffix != ".gz":
        yield file
        return
    with tempfile.TemporaryFile() as unpacked:
        shutil.copyfileobj(file, unpacked)
        unpacked.seek(0)
        yield unpacked
