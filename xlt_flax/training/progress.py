"""How far long work is: a bar on a terminal, a line now and then in a log."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

log = logging.getLogger("xlt_flax")

_SECONDS_BETWEEN_LINES = 30


class Progress:
    """Counts units of work, and tells how long the rest will take.

    Args:
      name: of the work.
      total: units of the whole work, those done before included.
      done: units done before.
      unit: what to call them.
    """

    def __init__(self, name: str, total: int, done: int = 0, unit: str = "step"):
        self._name, self._total, self._done, self._unit = name, total, done, unit
        self._begun = self._told = time.monotonic()
        self._at_begin = done
        self._paused = 0.0
        self._bar = None
        if sys.stderr.isatty():
            self._bar = tqdm(total=total, initial=done, desc=name, unit=unit, leave=False)

    def advance(self, units: int = 1, note: str = "") -> None:
        self._done += units
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(units)
        elif time.monotonic() - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            log.info("%s: %s %d of %d%s, ETA %s", *self._line(note))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent in here is other work's: the estimate leaves it out."""
        begun = time.monotonic()
        yield
        paused = time.monotonic() - begun
        self._paused += paused
        if self._bar is not None:
            self._bar.start_t += paused

    def seconds_at_work(self) -> float:
        """Since the begin, pauses left out."""
        return time.monotonic() - self._begun - self._paused

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _line(self, note: str) -> tuple[str, str, int, int, str, str]:
        each = self.seconds_at_work() / max(self._done - self._at_begin, 1)
        eta = _clock(each * (self._total - self._done))
        return self._name, self._unit, self._done, self._total, f", {note}" if note else "", eta


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
