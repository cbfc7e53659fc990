"""Locks on files that several processes, also of several hosts, share.

The system lets go of a lock when its process dies (flock). A file system that has none is refused:
whatever could stand in for it, a file that is there or not, outlives a kill.
"""

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from xlt_flax import files
from xlt_flax.errors import UserError

_UNSUPPORTED = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
_TRIES, _PAUSE = 5, 0.1  # `is_held` holds a lock itself, for a moment


class LockHeldError(Exception):
    """Somebody else has it."""


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Holds a lock; makes its file, and the folder, and leaves them.

    Args:
      path: of the file that is locked. Only the holder may remove it.
      wait: for whoever has it.

    Raises:
      LockHeldError: somebody has it, and `wait` is false.
      UserError: the file system has no locks.
    """
    descriptor = _acquire(path, wait)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # a forked child has the descriptor as well
        os.close(descriptor)


@contextmanager
def held_alone(lock: Path, holder: Path, place: Path, flag: str) -> Iterator[None]:
    """Holds a place as its only writer; the lock of a dead process does not count.

    Args:
      lock, holder: the files of `locked` and `note_holder`.
      place: what is written.
      flag: of the command line, which may name another.

    Raises:
      UserError: another process holds it; the message names host and process.
    """
    with ExitStack() as held:
        try:
            held.enter_context(locked(lock, wait=False))
        except LockHeldError:
            raise UserError(
                f"{place} is being written by {describe_holder(holder)}: wait for it, or give "
                f"another {flag}"
            ) from None
        note_holder(holder)
        yield


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock now; changes nothing on the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor, path, fcntl.LOCK_SH | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def note_holder(holder: Path) -> None:
    """Writes down that this process holds a lock, in a file beside it."""
    files.write_json(holder, {"host": socket.gethostname(), "pid": os.getpid()})


def describe_holder(holder: Path) -> str:
    """The process that noted itself in a file, for a message."""
    try:
        who = json.loads(holder.read_text("utf-8"))
        return f"process {who['pid']} on {who['host']}"
    except (OSError, ValueError, KeyError):
        return "another process"


def _acquire(path: Path, wait: bool) -> int:
    """A descriptor of the file of that name, locked."""
    tries = 0
    made = [folder for folder in path.parents if not folder.exists()]  # from within outwards
    while True:
        descriptor, is_new = _open(path)
        try:
            held = _try(descriptor, path, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BaseException as error:
            os.close(descriptor)
            if is_new and isinstance(error, UserError):  # nobody can hold it: leave nothing behind
                path.unlink(missing_ok=True)
                with suppress(OSError):
                    for folder in made:
                        folder.rmdir()
            raise
        if held and _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)
        if held:
            continue
        tries += 1
        if tries == _TRIES:
            raise LockHeldError(path)
        time.sleep(_PAUSE)


def _open(path: Path) -> tuple[int, bool]:
    """A descriptor of the file, which everybody may lock who may read it; whether it is new."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        for flags in (os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_RDWR, os.O_RDONLY):
            try:
                return os.open(path, flags | os.O_CLOEXEC, 0o666), bool(flags & os.O_CREAT)
            except FileExistsError:
                pass
            except FileNotFoundError:
                break  # another holder has removed it, or the folder, meanwhile
            except PermissionError:
                if flags == os.O_RDONLY or not path.exists():
                    raise


def _try(descriptor: int, path: Path, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        raise UserError(
            f"{path.parent}: its file system has no locks ({error.strerror}), and two processes "
            "could write there at once: give a folder on another one, or mount it with locks "
            "(Lustre: -o flock)"
        ) from error
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the file is still the one of that name: its last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
