"""A file's lines by their numbers, whatever it is packed with; never whole in memory."""

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from xlt_flax.data.sources._json_object import object_of
from xlt_flax.errors import UserError

LONGEST = 1 << 26  # bytes of a line: what is longer was never ended
_UNPACK: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open}
_Numbered = TypeVar("_Numbered", bound=tuple)


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, counted from 1; of gzip, bzip2 or plain files, told by their bytes.

    Raises:
      UserError: there is no such file, it is cut, or a line has no end.
    """
    number = 0
    try:
        with _opened(path) as stream:
            while line := stream.readline(LONGEST):
                number += 1
                if len(line) == LONGEST:
                    raise UserError(
                        f"{path}: line {number}: has more than {LONGEST:,} bytes: is it the file "
                        "that is meant?"
                    )
                if not line.isspace():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        if getattr(error, "errno", None) is not None:  # the disk's, which failures.py explains
            raise
        raise UserError(
            f"{path}: line {number + 1}: the packed file is not whole ({error}): get it again"
        ) from None


def record_of(line: bytes, where: str) -> dict[str, Any]:
    """The JSON object of a line; errors as of `object_of`."""
    return object_of(line, where, "{…}")


def text_of(record: dict[str, Any], name: str, where: str) -> str:
    """A value that is text; "" where there is none.

    Raises:
      UserError: it is something else, or holds half of a character, which no file could hold.
    """
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UserError(f"{where}: {name!r} holds a {type(value).__name__}: give text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UserError(f"{where}: {name!r} holds half of a character: write all of it") from None
    return value


def id_of(value: object, where: str) -> str:
    """A page's id as text, which it is compared as.

    Raises:
      UserError: it is neither text nor a whole number, or empty.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise UserError(f"{where}: a page's id is {value!r}: give text or a whole number")


def each_id_once(read: Callable[[], Iterator[_Numbered]], path: Path) -> Iterator[_Numbered]:
    """The same values, each a tuple of (line, id, …). A hash an id is held; where one comes again,
    the file says whether the id does.

    Args:
      read: the values, from the beginning each time.
      path: of their file.

    Raises:
      UserError: an id comes twice.
    """
    hashes: set[int] = set()
    for value in read():
        if hash(value[1]) in hashes and (earlier := _line_of(read, path, value)):
            raise UserError(
                f"{path}: line {value[0]}: the page {value[1]} has been in {earlier}: leave one out"
            )
        hashes.add(hash(value[1]))
        yield value


def _line_of(read: Callable[[], Iterator[_Numbered]], path: Path, value: _Numbered) -> str | None:
    """Where the same id is earlier in the file; None: nowhere."""
    if not path.is_file():  # a pipe: its lines are gone
        return "an earlier line"
    for earlier in read():
        if earlier[0] == value[0]:
            return None
        if earlier[1] == value[1]:
            return f"line {earlier[0]}"
    return None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        raw = open(path, "rb")  # noqa: SIM115  (closed below)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise UserError(f"{path}: {error.strerror}: say where the file is") from None
    with raw:
        begins = raw.peek(3)
        packed = [unpack for mark, unpack in _UNPACK.items() if begins.startswith(mark)]
        if not packed:
            yield raw
            return
        with packed[0](raw) as stream:
            yield stream
