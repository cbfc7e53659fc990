"""Finds Webis-CLS-10's raw files in `manual_dir`: an unpacked folder, or the archive itself."""

import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from xlt_flax.errors import UserError

SAMPLE_DIR = Path(__file__).parents[2] / "sample"
FOLDER = "cls-acl10-unprocessed"
ARCHIVE = FOLDER + ".tar.gz"
HOW_TO_GET_IT = (
    "request Webis-CLS-10 from Zenodo record 3251672 (https://zenodo.org/records/3251672) and put "
    f"{ARCHIVE}, or its unpacked folder {FOLDER}, into the folder that config.data.manual_dir names"
)
_CHUNK = 1 << 20
_UNREADABLE = (OSError, EOFError, tarfile.TarError, zlib.error)
# The distribution names Japanese by its country, the rest of the world by its language code.
_FOLDER_OF_LANGUAGE = {"ja": "jp"}


class RawFiles:
    """The `.review` files below `manual_dir`.

    Args:
      manual_dir: holds the archive or the unpacked folder, or is one of them itself.

    Raises:
      UserError: neither is there; the message says what to request, where, and where to put it.
    """

    def __init__(self, manual_dir: str | Path):
        place = Path(manual_dir).expanduser()
        folders = [place / FOLDER, place] if place.name == FOLDER else [place / FOLDER]
        archives = [place if place.name == ARCHIVE else place / ARCHIVE]
        found = [folder for folder in folders if folder.is_dir()]
        self._unpacked = bool(found)
        found += [archive for archive in archives if archive.is_file()]
        if not found:
            raise UserError(f"no {ARCHIVE} and no folder {FOLDER} in {place}: {HOW_TO_GET_IT}")
        self._path = found[0]

    @property
    def place(self) -> Path:
        """The folder that holds them, as TFDS wants to be told."""
        return self._path.parent

    @property
    def unpacked(self) -> bool:
        """Whether there is a folder: its files are cheap to read again, an archive's are not."""
        return self._unpacked

    def describe(self, language: str, domain: str, split: str) -> str:
        """The file as a message should name it."""
        path = _relative_path(language, domain, split)
        return f"{self._path / path}" if self._unpacked else f"{self._path}:{FOLDER}/{path}"

    def exists(self, language: str, domain: str, split: str) -> bool:
        path = _relative_path(language, domain, split)
        if self._unpacked:
            return (self._path / path).is_file()
        return f"{FOLDER}/{path}" in self._members

    @contextmanager
    def open(self, language: str, domain: str, split: str) -> Iterator[BinaryIO]:
        """Opens one file for reading, straight from the archive if that is what there is.

        Raises:
          UserError: the file is missing or cannot be read.
        """
        where = self.describe(language, domain, split)
        if not self.exists(language, domain, split):
            raise UserError(f"{where} is missing: {HOW_TO_GET_IT}")
        path = _relative_path(language, domain, split)
        try:
            if self._unpacked:
                with open(self._path / path, "rb") as file:
                    yield file
            else:
                member = self._members[f"{FOLDER}/{path}"]
                with tarfile.open(self._path) as archive:
                    yield cast(BinaryIO, archive.extractfile(member))  # None of what is no file
        except PermissionError:  # which says nothing about the file
            raise
        except _UNREADABLE as error:
            raise _unreadable(where, error) from None

    def sha256(self, language: str, domain: str, split: str) -> str:
        """The file's digest, by which everything made from it is known."""
        with self.open(language, domain, split) as file:
            return hashlib.file_digest(cast(BufferedReader, file), "sha256").hexdigest()

    @cached_property
    def _members(self) -> dict[str, tarfile.TarInfo]:
        try:
            with tarfile.open(self._path) as archive:
                members = {_safe_name(m.name, self._path): m for m in archive if m.isfile()}
                while cast(BinaryIO, archive.fileobj).read(_CHUNK):
                    pass  # gzip's checksum stands at its end, which tarfile does not read
        except PermissionError:
            raise
        except _UNREADABLE as error:
            raise _unreadable(self._path, error) from None
        return members


def _unreadable(where: str | Path, error: Exception) -> UserError:
    reason = " ".join(str(error).split())  # tarfile writes a line for each format it has tried
    return UserError(f"{where} cannot be read ({reason}); is it whole?")


def _relative_path(language: str, domain: str, split: str) -> PurePosixPath:
    folder = _FOLDER_OF_LANGUAGE.get(language, language)
    return PurePosixPath(folder) / domain / f"{split}.review"


def _safe_name(name: str, archive: Path) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise UserError(
            f"{archive} holds {name!r}, which leaves its folder: not the archive of Zenodo"
        )
    return path.as_posix()
