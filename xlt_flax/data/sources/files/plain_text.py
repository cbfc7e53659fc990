"""Rows of txt files: a document a line, without a label."""

from collections.abc import Iterator

from xlt_flax.data.sources.files.columns import Row, Table, Wanted
from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.sources.files.lines import text_lines
from xlt_flax.errors import UserError

COLUMN = "text"


def rows(file: DataFile, reading: Reading, wanted: Wanted) -> Iterator[Row]:
    """Each line, as the one column there is; an empty line is an empty text.

    Raises:
      UserError: another column is wanted.
    """
    if missing := [n for n in wanted.names if n != COLUMN and n not in wanted.optional]:
        raise UserError(
            f"{file.path}: a txt file is a text a line and has no column {missing[0]!r}: give csv, "
            "tsv, jsonl or parquet"
        )
    for text in _texts(file, reading):
        yield tuple([text if name == COLUMN else None for name in wanted.names])


def table(file: DataFile, reading: Reading) -> Table:
    """The one column."""
    return Table((COLUMN,), ({COLUMN: text} for text in _texts(file, reading)))


def _texts(file: DataFile, reading: Reading) -> Iterator[str]:
    for line in text_lines(file, reading.encoding):
        yield line.removesuffix("\n").removesuffix("\r")
