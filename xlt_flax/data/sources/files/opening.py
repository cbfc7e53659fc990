"""Opens the files that users bring: plain or gzip, bytes or text; what fails is one line."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from xlt_flax.errors import UserError

_UNREADABLE = (OSError, EOFError, zlib.error)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file's bytes, unpacked where its name ends in .gz.

    Raises:
      UserError: it is missing, or cannot be read to its end.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            yield cast(BinaryIO, file)
    except PermissionError:  # which says nothing about the file
        raise
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    except _UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read ({reason}); is it whole?") from None


@contextmanager
def opened_text(path: Path, encoding: str) -> Iterator[TextIO]:
    """A file's text; a line ends where a line feed is, and nowhere else (texts may hold U+2028).

    Raises:
      UserError: as `opened`, or it has another encoding; the message names the line.
    """
    try:
        with opened(path) as file:
            yield io.TextIOWrapper(file, _with_mark(encoding), newline="\n")
    except UnicodeError:
        raise other_encoding(path, encoding) from None


def other_encoding(path: Path, encoding: str) -> UserError:
    """What to say of a file that cannot be decoded, with the line where it is so."""
    line = _undecodable_line(path, encoding)
    where = f"line {line}: " if line else ""
    return UserError(
        f'{path}: {where}not {encoding.upper()}: save it as that, or give encoding = "…" under '
        "[reader] in a TOML file"
    )


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """Its number from 1; None where the encoding does not let bytes escape, as UTF-16."""
    try:
        with opened(path) as file:
            text = io.TextIOWrapper(file, _with_mark(encoding), "surrogateescape", newline="\n")
            for number, line in enumerate(text, 1):
                if any("\udc80" <= character <= "\udcff" for character in line):
                    return number
    except UnicodeError:
        pass
    return None


def _with_mark(encoding: str) -> str:
    """UTF-8 with or without the mark (BOM) that some programs write first."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
