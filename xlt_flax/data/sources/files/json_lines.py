"""Rows of jsonl files: an object a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xlt_flax.data.sources.files.columns import Row, Wanted, as_text
from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.sources.files.lines import text_lines
from xlt_flax.errors import UserError


def rows(file: DataFile, reading: Reading, wanted: Wanted) -> Iterator[Row]:
    """Each line's wanted values; empty lines are none.

    Raises:
      UserError: a line is no object, or lacks a column; names the row.
    """
    number = 0
    for line in text_lines(file, reading.encoding):
        if line.isspace():
            continue
        number += 1
        where = f"{file.path}: row {number}"
        record = _record(line, where)
        row = tuple([_value(record, name, wanted, where) for name in wanted.names])
        if "\\u" in line:
            _require_characters(row, where)
        yield row


def _record(line: str, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise UserError(f'{where}: is no object: give one a line, {{"text": "…", "label": "…"}}')
    return record


def _value(record: dict[str, Any], name: str, wanted: Wanted, where: str) -> str | None:
    if name in record:
        value = record[name]
    else:
        (place,) = Wanted((name,), wanted.optional).places([*record], Path(where))
        value = None if place is None else [*record.values()][place]
    try:
        return as_text(value)
    except ValueError as error:
        raise UserError(f"{where}: column {name!r} {error}") from None


def _require_characters(row: Row, where: str) -> None:
    r"""Refuses half of a character, such as "\ud83d" alone, which no other file could hold."""
    try:
        "".join(value or "" for value in row).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start].encode("unicode_escape").decode()
        raise UserError(f"{where}: holds {half}, half of a character: write all of it") from None
