"""Rows of jsonl files: an object a line."""

import json
from collections.abc import Iterator
from typing import Any

from xlt_flax.data.sources._json_object import object_of
from xlt_flax.data.sources.files.columns import Row, Table, Wanted
from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.sources.files.lines import text_lines
from xlt_flax.errors import UserError

_SUCH_AS = '{"text": "…", "label": "…"}'


def rows(file: DataFile, reading: Reading, wanted: Wanted) -> Iterator[Row]:
    """Each line's wanted values; empty lines are none.

    Raises:
      UserError: a line is no object, or lacks a column; names the row.
    """
    for where, line, record in _records(file, reading):
        row = wanted.values(record, where)
        if "\\u" in line:
            _require_characters(json.dumps(row, ensure_ascii=False), where)
        yield row


def table(file: DataFile, reading: Reading) -> Table:
    """All that each line's object has, as JSON has it.

    Raises:
      UserError: when it is read, a line is no object.
    """
    return Table(None, _whole(file, reading))


def _whole(file: DataFile, reading: Reading) -> Iterator[dict[str, Any]]:
    for where, line, record in _records(file, reading):
        if "\\u" in line:
            _require_characters(json.dumps(record, ensure_ascii=False), where)
        yield record


def _records(file: DataFile, reading: Reading) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where it is, line, object) of each line that is not empty."""
    number = 0
    for line in text_lines(file, reading.encoding):
        if not line.isspace():
            number += 1
            where = f"{file.path}: row {number}"
            yield where, line, object_of(line, where, _SUCH_AS)


def _require_characters(text: str, where: str) -> None:
    r"""Refuses half of a character, such as "\ud83d" alone, which no other file could hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start].encode("unicode_escape").decode()
        raise UserError(f"{where}: holds {half}, half of a character: write all of it") from None
