"""Files that are either whole or not there: written to a temporary name, then renamed."""

import errno
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write: a reader, or a crash, sees the old one or the new one, whole. The new one is
    there at the end, unless an exception ends the writing."""
    with replaced(path) as temporary, open(temporary, "wb") as file:
        yield file


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """The same by the name of a file that is to be written, by whatever means: who may read it is
    what this user's other files say (safetensors would let nobody else)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.touch()
        mode = temporary.stat().st_mode
        yield temporary
        temporary.chmod(mode)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file, whole."""
    with written_whole(path) as file:
        file.write(data)


def require_readable(folder: Path) -> None:
    """
    Raises:
      PermissionError: this user may not read something in there.
    """
    for path in (folder, *folder.rglob("*")):
        wanted = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
        if os.path.lexists(path) and not os.access(path, wanted):
            raise _denied(path)


def require_writable(folder: Path) -> None:
    """Makes a folder, unless it is there.

    Raises:
      OSError: it cannot be made, or this user may not write in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _denied(folder)


def _denied(path: Path) -> PermissionError:
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Writes a value piece by piece; any sequence in it is a list of JSON's."""
    encoder = json.JSONEncoder(indent=2, ensure_ascii=False, default=_as_list)
    with written_whole(path) as file:
        for piece in encoder.iterencode(value):
            file.write(piece.encode("utf-8"))
        file.write(b"\n")


def _as_list(value: object) -> list:
    if not isinstance(value, Sequence):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return list(value)


def write_json_lines(path: Path, values: Iterable[object]) -> None:
    """Writes a line for each value as it comes; the file is there when all have come."""
    with written_whole(path) as file:
        for value in values:
            file.write(json.dumps(value, ensure_ascii=False).encode("utf-8") + b"\n")
