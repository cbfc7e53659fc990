"""Reads CSV and TSV files as pyarrow does, every value as text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv

from xlt_flax.data.sources.files.opening import opened, other_encoding
from xlt_flax.data.sources.files.rows import Rows, Wanted, require_columns
from xlt_flax.errors import UserError

_BLOCK = 16 << 20  # bytes held at once; a row is no longer


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written.

    Attributes:
      delimiter: between values.
      quote: around values that hold delimiters or line breaks; "": there are none.
      columns: their names, where no header gives them.
      encoding: of the text.
    """

    delimiter: str
    quote: str = '"'
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"


def read(path: Path, wanted: Wanted, dialect: Dialect, block: int = _BLOCK) -> Iterator[Rows]:
    """Streams the rows of a file.

    Args:
      path: of the file.
      wanted: the columns.
      dialect: how it is written.
      block: bytes held at once.

    Raises:
      UserError: a column is missing, a row is cut or in another encoding; the message names it.
    """
    faults = _Faults(path, dialect, block)
    try:
        with opened(path) as file:
            spelled = _header(file, faults)
        require_columns(path, wanted, [name.strip() for name in spelled])
        named = {name.strip(): name for name in spelled if name.strip() in wanted.all}
        with opened(path) as file:
            yield from _batches(_open(file, faults, len(spelled), [*named.values()]), wanted, named)
    except UnicodeError:
        raise other_encoding(path, dialect.encoding) from None
    except pa.ArrowInvalid as error:
        raise faults.said_of(error) from None


@dataclass
class _Faults:
    """Rows that pyarrow refuses: it tells a handler of their numbers, and raises without."""

    path: Path
    dialect: Dialect
    block: int
    row: pa_csv.InvalidRow | None = field(default=None, init=False)

    def handle(self, row: pa_csv.InvalidRow) -> str:
        self.row = row
        return "error"

    def said_of(self, error: pa.ArrowInvalid) -> UserError:
        if self.row is not None:
            number = self.row.number - (not self.dialect.columns)
            return UserError(
                f"{self.path}: row {number} has {self.row.actual_columns} values, and there are "
                f"{self.row.expected_columns} columns: is a quote not closed, or a delimiter not "
                'quoted? (quote = "" under [reader] of a TOML file: there are no quotes)'
            )
        reason = " ".join(str(error).split())
        if "UTF8" in reason:
            return other_encoding(self.path, self.dialect.encoding)
        if "straddling" in reason:
            return UserError(
                f"{self.path}: a row is longer than {self.block >> 20} MiB: is a quote not closed?"
            )
        if reason == "Empty CSV file":
            return UserError(f"{self.path} is empty")
        return UserError(f"{self.path} cannot be read ({reason})")


def _header(file: BinaryIO, faults: _Faults) -> list[str]:
    """The columns' names as they stand there, with white space around them."""
    return list(faults.dialect.columns) or _open(file, faults).schema.names


def _open(
    file: BinaryIO, faults: _Faults, columns: int = 2, chosen: list[str] | None = None
) -> pa_csv.CSVStreamingReader:
    """Nothing is guessed of values: 007 stays 007, and NA is a text. Threads would lose the numbers
    of refused rows. An empty line is an empty text where there is one column."""
    dialect = faults.dialect
    return pa_csv.open_csv(
        file,
        read_options=pa_csv.ReadOptions(
            column_names=list(dialect.columns) or None,
            block_size=faults.block,
            use_threads=False,
            encoding=dialect.encoding,
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote or False,
            newlines_in_values=bool(dialect.quote),
            ignore_empty_lines=columns > 1,
            invalid_row_handler=faults.handle,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in chosen or ()},
            include_columns=chosen,
            strings_can_be_null=False,
        ),
    )


def _batches(
    reader: pa_csv.CSVStreamingReader, wanted: Wanted, named: dict[str, str]
) -> Iterator[Rows]:
    begin = 1
    for batch in reader:
        size = batch.num_rows
        columns = {
            name: batch.column(named[name]).to_pylist() if name in named else [None] * size
            for name in wanted.all
        }
        yield Rows(range(begin, begin + size), columns)
        begin += size
