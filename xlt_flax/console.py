"""What a command line says to a person, and that saying it never ends what it does."""

import errno
import io
import logging
import os
import sys
from contextlib import contextmanager

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
    def _whoever_reads(self):
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


def start() -> None:
    """Plain lines on stderr; the libraries below speak of problems only."""
    sys.stdout, sys.stderr = _lasting(sys.stdout), _lasting(sys.stderr)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    absl_logging.set_verbosity(absl_logging.FATAL)  # Orbax logs what it raises, with its traceback
    sys.unraisablehook = _leave_out_echoes


def _lasting(stream: io.TextIOWrapper | None) -> _Stream | None:
    if stream is None:  # closed by whoever started the process
        return None
    encoding, by_line = stream.encoding, stream.line_buffering
    return _Stream(stream.detach(), encoding, errors="replace", line_buffering=by_line)


def _leave_out_echoes(unraisable) -> None:
    """Of a read or write that failed, and was told of, Orbax's other files print this as well."""
    if "Event loop is closed" not in str(unraisable.exc_value):
        sys.__unraisablehook__(unraisable)
