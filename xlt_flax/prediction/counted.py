"""How far a prediction is: a bar on a terminal and in a notebook, a line now and then in a log."""

import logging
import time

from tqdm import tqdm

from xlt_flax.training.progress import bar_place

log = logging.getLogger("xlt_flax")

_SECONDS_BETWEEN_LINES = 10


class Counted:
    """Counts documents, and says how many a second there are and how long the rest will take.

    Args:
      total: documents of all, those done before included; None: it is not known.
      done: documents done before.
    """

    def __init__(self, total: int | None, done: int = 0):
        self._total, self._done, self._at_begin = total, done, done
        self._begun = self._told = time.monotonic()
        self._bar = None
        if (place := bar_place()) is not None:
            self._bar = tqdm(
                desc="predicting", total=total, initial=done, unit="doc", unit_scale=True, **place
            )

    def advance(self, documents: int) -> None:
        self._done += documents
        if self._bar is not None:
            self._bar.update(documents)
        elif time.monotonic() - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            log.info("predicting: %s", self._line())

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _line(self) -> str:
        rate = (self._done - self._at_begin) / max(time.monotonic() - self._begun, 1e-9)
        if self._total is None:
            return f"{self._done:,} documents, {rate:,.1f} a second"
        eta = tqdm.format_interval((self._total - self._done) / max(rate, 1e-9))
        return f"{self._done:,} of {self._total:,} documents, {rate:,.1f} a second, ETA {eta}"
