"""What a machine can run out of, or forbid, as one line that says what to do.

Libraries below raise the same failure as different types, those in C++ and Rust as a text alone:
the chain of an error's causes is searched for what the operating system said. A mistake of ours
must not read as the machine's, so a text counts only in a form that such a library gives it.
"""

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.errors import RunError, UserError

_WAYS_OUT = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room, or raise the quota",
    errno.EACCES: "give this user the right to it, or another folder",
    errno.EPERM: "give this user the right to it, or another folder",
    errno.EROFS: "make it writable, or give another folder",
    errno.EIO: "look at the disk",
    errno.EMFILE: "raise the limit, ulimit -n",
}
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
# Tensorstore: "[OS error 28: ENOSPC No space left on device]", or "… [os_error_code='28']"; Rust:
# "(os error 13)".
_SYSTEM_TEXT = re.compile(r"\[OS error (\d+): |os_error_code='(\d+)'|\(os error (\d+)\)")
# What goes wrong in our own code while it handles something else does not come of that.
_MISTAKES = (AssertionError, AttributeError, ImportError, NameError, TypeError)
_PATH = re.compile(r"(?<![\w:/.])/[^\s\"'\[\],:;]+")


class NoSpaceError(RunError):
    """A full disk: whatever is tried next in the same place fails as well."""


def explain(error: BaseException) -> RunError | None:
    """One line for what the machine ran out of or forbade; None for all other errors."""
    for cause in _causes(error):
        if isinstance(cause, UserError | RunError):
            return None
        number, path = _system_error(cause)
        if number is not None:
            kind = NoSpaceError if number in _NO_SPACE else RunError
            return kind(
                f"{os.strerror(number)}: {path or 'the workdir or data_dir'}: "
                f"{_WAYS_OUT[number]}, and give the same command again: it goes on from what it "
                "saved last"
            )
    if any(isinstance(cause, MemoryError) for cause in _causes(error)):
        return RunError("out of memory on the host: close what else runs there, or take another")
    return None


@contextlib.contextmanager
def place_named(place: Path | str) -> Iterator[None]:
    """Gives an error of the operating system the place that was written to: a write into an open
    file does not know it."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(place)
        raise


@contextlib.contextmanager
def out_of_memory_explained(config: ConfigDict) -> Iterator[None]:
    """Turns running out of memory, a device's or the host's, into one line on what to lower.

    Raises:
      RunError: one of them ran out.
    """
    try:
        yield
    except Exception as error:
        spent = next(filter(None, map(_spent_memory, _causes(error))), None)
        if not spent:
            raise
        raise RunError(
            f"out of {spent} with config.train.batch_size={config.train.batch_size}, "
            f"config.eval.batch_size={config.eval.batch_size} and "
            f"config.data.max_length={config.data.max_length}, {config.model.dtype}: lower one of "
            "them (config.eval.batch_size changes no result), or set config.model.dtype=bfloat16"
        ) from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from or while handling, and so on, as a traceback has them."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        is_apart = error.__suppress_context__ or isinstance(error, _MISTAKES)
        error = error.__cause__ or (None if is_apart else error.__context__)


def _system_error(error: BaseException) -> tuple[int | None, str | None]:
    """(errno, path) of what the operating system refused; the first is None if nothing."""
    if isinstance(error, OSError) and error.errno is not None:
        known = error.errno in _WAYS_OUT
        return (error.errno, error.filename and str(error.filename)) if known else (None, None)
    text = str(error)
    number = _number_in(error, text)
    if number not in _WAYS_OUT:
        return None, None
    path = _PATH.search(text)
    return number, path and path.group()


def _number_in(error: BaseException, text: str) -> int | None:
    if found := _SYSTEM_TEXT.search(text):
        return int(next(filter(None, found.groups())))
    if type(error).__module__.startswith("tensorflow."):  # "…; Permission denied", and no number
        return next((number for number in _WAYS_OUT if os.strerror(number) in text), None)
    return None


def _spent_memory(error: BaseException) -> str | None:
    """Whose memory an error says there is no more of; None if it says something else."""
    if isinstance(error, MemoryError):
        return "memory on the host"
    text = str(error)
    is_device = (
        isinstance(error, RuntimeError)
        and "RESOURCE_EXHAUSTED" in text
        and "memory" in text.lower()
    )
    return "device memory" if is_device else None
