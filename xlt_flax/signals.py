"""SIGTERM, SIGINT, SIGHUP and SIGUSR1 end a process with 128 + n. Imports nothing heavy.

The first signal ends the process at once where nothing would be lost, and is otherwise left to
whoever saves (see training/preemption). A second one ends it at once whatever it is doing: what
was saved before is whole, since checkpoints and files get their names when they are finished. The
same signal again within two seconds is no second one: `timeout` of GNU sends its own to the process
and then to its group, a terminal that closes to its jobs and to who is in front.

Python runs a signal's handler in the main thread, and not before a call into XLA returns, such as a
compilation. A thread therefore listens as well: it is the one that can end the process then.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

# Of schedulers and users; of a terminal that closes; of Slurm's --signal, ahead of a time limit.
_SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1]
_ONE_WISH = 2.0  # seconds
_GRACE = 5.0  # seconds for the main thread to come back where there is nothing to save

_deferred = False  # whether the first signal waits for somebody who asks `requested`
_first: int | None = None  # the signal that came first


def listen() -> None:
    """Begins to listen; called once, in the main thread of a command line.

    Under nohup, SIGHUP stays ignored.
    """
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        _SIGNALS.remove(signal.SIGHUP)
    threading.Thread(target=_listen, args=(_wakeup_pipe(),), name="signals", daemon=True).start()
    take_over()


def take_over() -> None:
    """Makes the signals this module's again: JAX, on several hosts, makes SIGTERM its own."""
    for number in _SIGNALS:
        signal.signal(number, _in_main_thread)


def _wakeup_pipe() -> int:
    """A pipe's end, from which the number of each signal that arrives can be read."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    return read


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """While in here, somebody asks `requested` now and then, saves, and raises `stop()`.

    A signal that nobody asked for meanwhile takes effect at the end.
    """
    global _deferred
    _deferred = True
    try:
        yield
    finally:
        _deferred = False
    if requested():
        raise stop()


def requested() -> bool:
    """Whether this process was told to stop."""
    return _first is not None


def name() -> str:
    """Of the signal that came first; of another host's, to which this one was not sent."""
    return signal.Signals(_first).name if _first else "a signal to another host"


def stop() -> SystemExit:
    """What to raise when all is saved."""
    return SystemExit(128 + (_first or signal.SIGTERM))


def exit_code(stop: SystemExit) -> int:
    """Of a process that ends so."""
    return stop.code if isinstance(stop.code, int) else bool(stop.code)


def _in_main_thread(number: int, frame: FrameType | None) -> None:
    del frame
    _note(number)  # the thread may not have come to it yet
    if not _deferred:
        raise stop()


def _listen(pipe: int) -> None:
    """Counts signals as they arrive, whatever the main thread does."""
    wishes = _Wishes()
    while True:
        number = os.read(pipe, 1)[0]
        if number not in _SIGNALS:
            continue
        _note(number)
        if wishes.count(number, time.monotonic()) > 1:
            _end_at_once()
        elif not _deferred:
            timer = threading.Timer(_GRACE, _end_unless_deferred)
            timer.daemon = True
            timer.start()


class _Wishes:
    """How often somebody wished that the process ends."""

    def __init__(self) -> None:
        self._count, self._last = 0, (0, 0.0)

    def count(self, number: int, now: float) -> int:
        """Wishes so far, with a signal that came at a time, in seconds."""
        before, then = self._last
        if number != before or now - then >= _ONE_WISH:
            self._count += 1
            self._last = number, now
        return self._count


def _note(number: int) -> None:
    global _first
    _first = _first or number


def _end_unless_deferred() -> None:
    if not _deferred:
        _end_at_once()


def _end_at_once() -> None:
    print(f"xlt_flax: {name()}: ended at once", file=sys.stderr, flush=True)
    os._exit(exit_code(stop()))
