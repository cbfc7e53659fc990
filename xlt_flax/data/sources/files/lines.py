"""A file as bytes or as lines of text, whatever it is packed with; never whole in memory."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from xlt_flax.data.sources.files.description import DataFile
from xlt_flax.errors import UserError

STDIN = Path("/dev/stdin")  # is this process's own, also where that name cannot be opened
LONGEST = 1 << 24  # characters of a line, or of a value: what is longer was never closed or ended


@contextmanager
def opened(file: DataFile) -> Iterator[BinaryIO]:
    """A file's bytes, unpacked.

    Raises:
      UserError: there is no such file, or gzip cannot unpack it.
    """
    try:
        with _raw(file) as raw, gzip.open(raw) if file.zipped else raw as stream:
            yield cast(BinaryIO, stream)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise UserError(f"{file.path}: {error.strerror}: say where the file is") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{file.path}: is no whole gzip file ({error}): get it again") from None


def _raw(file: DataFile) -> BinaryIO:
    return open(0, "rb", closefd=False) if file.path == STDIN else open(file.path, "rb")


def text_lines(file: DataFile, encoding: str) -> Iterator[str]:
    """A file's lines, with what ends them; a mark of byte order at its beginning is no text.

    Raises:
      UserError: as `opened`; or a line is not of the encoding, or has no end.
    """
    with opened(file) as stream:
        text = io.TextIOWrapper(stream, encoding=_without_mark(encoding), newline="\n")
        number = 0
        try:
            while line := text.readline(LONGEST):
                number += 1
                if len(line) == LONGEST:
                    raise UserError(
                        f"{file.path}: line {number} has more than {LONGEST:,} characters: is it "
                        "the file that is meant?"
                    )
                yield line
        except UnicodeError:
            raise UserError(
                f"{file.path}: line {_first_bad_line(file, encoding, number)} is no {encoding}: "
                'save the file as UTF-8, or say encoding = "…" under [reader] in a TOML file '
                "(predict: --encoding)"
            ) from None


def _first_bad_line(file: DataFile, encoding: str, good: int) -> int | str:
    """Counted from 1. Text is decoded in large pieces, so the line is looked for when one fails; of
    a pipe, whose lines are gone, it is said how many were good."""
    if not file.path.is_file():
        return f"{good + 1} or a later one"
    decoder, number = codecs.getincrementaldecoder(encoding)(), 1
    with opened(file) as stream:
        for piece in stream:
            try:
                number += decoder.decode(piece).count("\n")
            except UnicodeError:
                break
    return number


def _without_mark(encoding: str) -> str:
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
