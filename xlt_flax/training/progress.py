"""How far long work is: a bar on a terminal and in a notebook, a line now and then in a log."""

import logging
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from xlt_flax import notebook

log = logging.getLogger("xlt_flax")

_SECONDS_BETWEEN_LINES = 10
_NARROW = 75  # columns, below which a bar has what changes alone
_WIDE_BAR = "{desc} {n_fmt}/{total_fmt}{postfix}, ETA {eta} |{bar}| {rate_fmt}"
_NARROW_BAR = "{n_fmt}/{total_fmt} {note} {eta}"
_ENDLESS_BAR = "{desc} {n_fmt} {unit}{postfix}, {rate_fmt}"  # of a total that is not known
_RECENT = 50  # advances that an estimate is of


class Progress:
    """Counts units of work, and tells how long the rest will take.

    The first advance pays for the start (imports, compilation) and is in no estimate.

    Args:
      name: of the work.
      total: units of the whole work, those done before included; None: it is not known.
      done: units done before.
      unit: what to call them.
      lines: whether a log gets lines, where there is no bar.
    """

    def __init__(
        self, name: str, total: int | None, done: int = 0, unit: str = "step", lines: bool = True
    ):
        self._lines = lines
        self._name, self._total, self._done, self._unit = name, total, done, unit
        self._begun = self._told = time.monotonic()
        self._paused = 0.0
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT + 1)
        self._bar = None
        if (place := bar_place()) is not None:
            self._bar = _Bar(total=total, initial=done, desc=name, unit=unit, **place)

    def advance(self, units: int = 1, note: str = "", eta: str | None = None) -> None:
        """
        Args:
          units: that were done.
          note: what to say beside them.
          eta: who knows better than the last units when all will be done.
        """
        self._done += units
        self._recent.append((self.seconds_at_work(), self._done))
        if self._bar is not None:
            self._bar.advance(units, note, eta or self._eta(), self._seconds_each())
        elif self._lines and time.monotonic() - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            log.info("%s: %s", self._name, self._line(note, eta or self._eta()))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent in here is other work's: the estimate leaves it out."""
        begun = time.monotonic()
        yield
        self._paused += time.monotonic() - begun

    def seconds_at_work(self) -> float:
        """Since the begin, pauses left out."""
        return time.monotonic() - self._begun - self._paused

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _line(self, note: str, eta: str) -> str:
        of_all, rest = "", ""
        if self._total is not None:
            of_all, rest = f" of {self._total:,}", f"ETA {eta}"
        done = f"{self._unit} {self._done:,}{of_all}"
        return ", ".join(filter(None, (done, note, self._rate(), rest)))

    def _rate(self) -> str:
        """How fast it is, "" while that is not known."""
        each = self._seconds_each()
        if not each:
            return ""
        return f"{1 / each:,.1f} {self._unit}/s" if each < 1 else f"{each:,.1f} s/{self._unit}"

    def _seconds_each(self) -> float | None:
        """Of what was done last; None while that is nothing."""
        (begun, before), (now, done) = self._recent[0], self._recent[-1]
        return (now - begun) / (done - before) if done > before else None

    def _eta(self) -> str:
        if self._total is None:
            return "?"
        left = self._total - self._done
        each = self._seconds_each() if left else 0.0
        return "?" if each is None else _clock(each * left)


def bar_place() -> dict[str, Any] | None:
    """Of a bar of tqdm's, where to be: on a terminal, or below a notebook's cell, where it stays;
    None: there is no place for bars."""
    if sys.stderr.isatty():
        return {"leave": False, "dynamic_ncols": True}
    if notebook.is_notebook():  # at most twice a second, and from this thread alone
        return {"file": notebook.Line(), "ncols": 100, "mininterval": 0.5, "miniters": 1}
    return None


def say(line: str) -> None:
    """Prints a line, which no bar is glued to."""
    with tqdm.external_write_mode():
        print(line, flush=True)


class _Bar(tqdm):
    """Says what changes first, since a narrow terminal cuts the end; rate and estimate are ours."""

    eta, seconds_each = "?", None

    def advance(self, units: int, note: str, eta: str, seconds_each: float | None) -> None:
        self.eta, self.seconds_each = eta, seconds_each
        self.set_postfix_str(note, refresh=False)
        self.update(units)
        if not units:
            self.refresh()

    @property
    def format_dict(self) -> dict:
        values = super().format_dict
        narrow = (values["ncols"] or _NARROW) < _NARROW
        values["bar_format"] = _NARROW_BAR if narrow else _WIDE_BAR
        if self.total is None:
            values["bar_format"] = _ENDLESS_BAR
        rate = 1 / self.seconds_each if self.seconds_each else None
        return {**values, "eta": self.eta, "rate": rate, "note": self.postfix or ""}


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
