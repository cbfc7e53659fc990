"""Rows of csv and tsv files (RFC 4180, and what is usual besides), as Python's csv module has them.

Every value stays the text that it is: "007", "NA" and "" are no numbers and no missing values.
"""

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from xlt_flax.data.sources.files.columns import Row, Table, Wanted, each_once
from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.sources.files.lines import LONGEST, text_lines
from xlt_flax.errors import UserError


def rows(file: DataFile, reading: Reading, wanted: Wanted) -> Iterator[Row]:
    """Each row's wanted values; the header is none, nor is an empty line of several columns.

    Raises:
      UserError: a column is missing, or a row is not whole; names the row, from 1 below the header.
    """
    header, whole = _read(file, reading)
    places = wanted.places(header, file.path)
    for values in whole:
        yield tuple([None if place is None else values[place] for place in places])


def table(file: DataFile, reading: Reading) -> Table:
    """All columns, each value a text.

    Raises:
      UserError: a column is there twice; a row, when it is read, is not whole.
    """
    header, whole = _read(file, reading)
    names = each_once(header, file.path)
    return Table(names, (dict(zip(names, values, strict=True)) for values in whole))


def _read(file: DataFile, reading: Reading) -> tuple[Sequence[str], Iterator[list[str]]]:
    # The limit is the process's; values of a book's length are no mistake.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    parser = csv.reader(text_lines(file, reading.encoding), **_dialect(file, reading))
    header = reading.columns or _header(file, parser)
    return header, _whole(file, parser, header)


def _dialect(file: DataFile, reading: Reading) -> dict[str, Any]:
    delimiter = reading.delimiter or ("\t" if file.form == "tsv" else ",")
    if not reading.quote:
        return {"delimiter": delimiter, "quoting": csv.QUOTE_NONE, "quotechar": None}
    return {"delimiter": delimiter, "quotechar": reading.quote, "strict": True}


def _header(file: DataFile, parser: Iterator[list[str]]) -> Sequence[str]:
    try:
        return next(parser, [])
    except csv.Error as error:
        raise UserError(f"{file.path}: line 1, the header: {error}") from None


def _whole(file: DataFile, parser: Any, header: Sequence[str]) -> Iterator[list[str]]:
    """The rows, each of as many values as the header; `parser` is csv's, without a public type."""
    number, width = 0, len(header)
    try:
        for values in parser:
            if not values:
                if width > 1:
                    continue
                values = [""]
            number += 1
            if len(values) != width:
                raise UserError(
                    f"{file.path}: row {number} (line {parser.line_num}) has {len(values)} "
                    f"columns, and the header {width}: is a delimiter in a text that is not quoted?"
                )
            yield values
    except csv.Error as error:
        raise UserError(
            f"{file.path}: row {number + 1} (it ends in line {parser.line_num}): {error}: is a "
            'quote not closed, or not doubled? (quote = "" under [reader], predict: --quote= : '
            "there are none)"
        ) from None
