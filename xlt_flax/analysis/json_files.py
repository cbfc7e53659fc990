"""Reads JSON files of a workdir; what is wrong with one is said in one line that names it."""

import json
from collections.abc import Iterator
from pathlib import Path

from xlt_flax.errors import UserError


def read_object(path: Path) -> dict:
    """A file's JSON object.

    Raises:
      UserError: it cannot be read, or holds no object; the message names the file and the line.
    """
    try:
        value = json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}:{error.lineno}: not JSON ({error.msg}); remove it and run again"
        ) from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: wants a JSON object; remove it and run again")
    return value


def read_lines(path: Path, torn_end: bool = False) -> Iterator[tuple[int, dict]]:
    """JSON objects with their line numbers; nothing where there is no file.

    Args:
      path: of the file.
      torn_end: a run being written, or killed, may end within a line: that line is left out.

    Raises:
      UserError: the file cannot be read, or a line holds no object.
    """
    if not path.exists():
        return
    lines = _read_text(path).split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            if torn_end and number == len(lines):
                return
            raise UserError(
                f"{path}:{number}: not JSON ({error.msg}); remove the file and run again"
            ) from None
        if not isinstance(value, dict):
            raise UserError(f"{path}:{number}: wants a JSON object; remove the file and run again")
        yield number, value


def inner(values: dict, key: str) -> dict:
    """The object under a key; an empty one where there is none."""
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def number(values: dict, key: str, path: Path) -> float | None:
    """The number under a key, which may be NaN; None where there is none.

    Raises:
      UserError: there is something else.
    """
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{path}: {key} is {value!r}, not a number; evaluate this run again")
    return float(value)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); remove it and run again") from None
