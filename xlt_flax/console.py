"""What a command line says to a person, and that saying it never ends what it does."""

import errno
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from absl import logging as absl_logging

log = logging.getLogger("xlt_flax")


# A pipe without a reader; a terminal that was closed, as when a connection breaks (with SIGHUP).
_NOBODY_READS = (errno.EPIPE, errno.EIO)


class _Stream(io.TextIOWrapper):
    """Standard output or error. Whoever reads it may leave (`| head`), and a terminal that lacks a
    character gets another one."""

    def write(self, text: str) -> int:
        with self._whoever_reads():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with self._whoever_reads():
            super().flush()

    @contextmanager
    def _whoever_reads(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in _NOBODY_READS:
                raise
            self._leave()

    def _leave(self) -> None:
        """What is written from here on, and what is still to be written, goes nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


# What the libraries below read when they are imported. transformers would import TensorFlow and
# PyTorch where it finds them; TensorFlow would greet, and keep all of a GPU's memory.
_QUIET = {
    "USE_TF": "0",
    "USE_TORCH": "0",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_VERBOSITY": "error",  # it names every retry
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # what TensorFlow does here gains nothing from it
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",  # it wants to be asked for the store that needs no database
}


def start() -> None:
    """Plain lines on stderr; the libraries below speak of problems only. Called before they are
    imported, once, by a command line: it is the process's own."""
    quiet_libraries()
    sys.stdout, sys.stderr = _lasting(sys.stdout), _lasting(sys.stderr)
    log.addHandler(_plain_lines())
    log.setLevel(logging.INFO)
    log.propagate = False
    absl_logging.set_verbosity(absl_logging.FATAL)  # Orbax logs what it raises, with its traceback
    sys.unraisablehook = _leave_out_echoes


def quiet_libraries() -> None:
    """Sets what libraries read when they are imported, but for what the user has set."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


@contextmanager
def shown() -> Iterator[None]:
    """What is said meanwhile can be read, also in a program that has not set up logging; in one
    that has set the logger "xlt_flax", or reads INFO of all, nothing changes. Afterwards all is as
    before. A notebook without widgets is not told so by a library that would have used them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        with _logged():
            yield


@contextmanager
def _logged() -> Iterator[None]:
    if log.level != logging.NOTSET or (log.hasHandlers() and log.isEnabledFor(logging.INFO)):
        yield
        return
    handler, propagate = _plain_lines(), log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False  # a library may give the root logger a handler meanwhile
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
        log.propagate = propagate


class _BesideBars(logging.StreamHandler):
    """Takes bars away while it writes a line, and puts them below it."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm  # as late as the first line

        with tqdm.external_write_mode(self.stream):
            super().emit(record)


def _plain_lines() -> logging.Handler:
    handler = _BesideBars(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    return handler


def _lasting(stream: TextIO | Any) -> Any:
    """The stream as a `_Stream`; None, which it is where whoever started the process closed it, and
    whatever else stands in its place, stay."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    encoding, by_line = stream.encoding, stream.line_buffering
    return _Stream(stream.detach(), encoding, errors="replace", line_buffering=by_line)


def _leave_out_echoes(unraisable: Any) -> None:
    """Of a read or write that failed, and was told of, Orbax's other files print this as well."""
    if "Event loop is closed" not in str(unraisable.exc_value):
        sys.__unraisablehook__(unraisable)
