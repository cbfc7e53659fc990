"""Reads JSON Lines: an object a line.

Python's json, not pyarrow's: a label may be a number in one line and a text in the next, a field
may first appear late, a date stays as it is written, and the line of a fault is known.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from xlt_flax.data.sources.files.opening import opened_text
from xlt_flax.data.sources.files.rows import Rows, Wanted, as_text, require_columns
from xlt_flax.errors import UserError

_LINES = 4096  # held at once


def read(path: Path, wanted: Wanted, encoding: str = "utf-8") -> Iterator[Rows]:
    """Streams the rows of a file; a row's number is its line's, and blank lines are none.

    Raises:
      UserError: a line is no object, or lacks a column; the message names it.
    """
    with opened_text(path, encoding) as file:
        numbered = ((number, line) for number, line in enumerate(file, 1) if not line.isspace())
        while lines := list(islice(numbered, _LINES)):
            objects = [_parsed(path, number, line) for number, line in lines]
            numbers = [number for number, _ in lines]
            yield Rows(
                numbers,
                {name: _column(path, name, numbers, objects, wanted) for name in wanted.all},
            )


def _parsed(path: Path, number: int, line: str) -> dict:
    try:
        value = json.loads(line)
        if "\\u" in line:  # half of a character of two
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{path}: row {number} holds half a character: {error}") from None
    except ValueError as error:
        raise UserError(f"{path}: row {number} is no JSON: {error}") from None
    except RecursionError:
        raise UserError(f"{path}: row {number} is nested too deeply") from None
    if not isinstance(value, dict):
        raise UserError(f'{path}: row {number} is no object, as {{"text": "…", "label": "…"}} is')
    return value


def _column(
    path: Path, name: str, numbers: list[int], objects: list[dict], wanted: Wanted
) -> list[str | None]:
    values = []
    for number, one in zip(numbers, objects, strict=True):
        if name not in one and name in wanted.needed:
            require_columns(Path(f"{path}: row {number}"), wanted, list(one))
        try:
            values.append(as_text(one.get(name)))
        except TypeError as error:
            raise UserError(
                f"{path}: row {number}: {name!r} is a {error}: give a text or a number"
            ) from None
    return values
