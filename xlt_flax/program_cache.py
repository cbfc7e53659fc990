"""Compiled programs that JAX keeps on disk: what a kill or a full disk has cut is removed.

JAX compiles what it cannot read, warns, and leaves the entry as it is, for every run to come.
"""

import logging
import time
import warnings
import zlib
from importlib import import_module
from pathlib import Path
from typing import TextIO

log = logging.getLogger("xlt_flax")

_UNREADABLE = "Error reading persistent compilation cache entry"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"  # its first bytes (RFC 8878); JAX takes it where Python has it
_SETTLED = 60  # seconds; what is younger may still be being written
_PIECE = 1 << 20


def repair_when_unreadable(folder: Path) -> None:
    """Where JAX says from now on that it cannot read an entry, removes the damaged ones of
    `folder`; JAX then writes what it compiles. Other warnings are shown as before."""
    shown = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not (str(message).startswith(_UNREADABLE) and remove_damaged(folder)):
            shown(message, category, filename, lineno, file, line)

    warnings.showwarning = show


def remove_damaged(folder: Path) -> int:
    """Removes entries that do not unpack, with a log line; returns how many."""
    damaged = [path for path in sorted(folder.glob("*-cache")) if _is_damaged(path)]
    for path in damaged:
        path.unlink(missing_ok=True)
    if damaged:
        names = ", ".join(path.name[:40] for path in damaged)
        log.warning("%s: removed damaged programs, which are compiled anew: %s", folder, names)
    return len(damaged)


def _is_damaged(path: Path) -> bool:
    try:
        if time.time() - path.stat().st_mtime < _SETTLED:
            return False
        with path.open("rb") as file:
            unpacked = zlib.decompressobj()
            if file.read(len(_ZSTANDARD)) == _ZSTANDARD:
                return _is_cut_zstandard(path)
            file.seek(0)
            while piece := file.read(_PIECE):
                unpacked.decompress(piece)
            return not unpacked.eof
    except FileNotFoundError:  # another process was faster
        return False
    except zlib.error:
        return True


def _is_cut_zstandard(path: Path) -> bool:
    try:
        zstd = import_module("compression.zstd")  # Python 3.14
    except ImportError:
        return False
    try:
        zstd.decompress(path.read_bytes())
    except zstd.ZstdError:
        return True
    return False
