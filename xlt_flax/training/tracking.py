"""Trackers in threads of their own: no step waits for a disk or a server, none ends a run."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping

from xlt_flax.errors import UserError
from xlt_flax.training.trackers import Tracker

log = logging.getLogger("xlt_flax")

_SECONDS_BETWEEN_FLUSHES = 1  # whoever watches sees that much less
_MOST_WAITING = 100_000  # points, should a disk hang
_PATIENCE = 30  # seconds, at the end


class TrackerThread:
    """One tracker and its thread.

    A run's own record is metrics.jsonl, and what trackers show can be made again from it: so what
    goes wrong in here is told once, and training goes on without the tracker.

    Args:
      name: of the tracker.
      open_tracker: is called in the thread.
    """

    def __init__(self, name: str, open_tracker: Callable[[], Tracker]):
        self._name, self._open = name, open_tracker
        self._waiting: queue.Queue[tuple[float, int, dict[str, float]] | None]
        self._waiting = queue.Queue(_MOST_WAITING)
        self._has_failed = False
        self._thread = threading.Thread(target=self._work, name=f"{name}-tracker", daemon=True)
        self._thread.start()

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Returns at once."""
        self._put((time.time(), step, dict(values)))

    def close(self) -> None:
        """Returns when all is written, or the tracker cannot write; or after half a minute."""
        self._put(None)
        self._thread.join(_PATIENCE)
        if self._thread.is_alive() and not self._has_failed:
            self._fail("it did not take its last points in %d s", _PATIENCE)

    def _put(self, entry: tuple[float, int, dict[str, float]] | None) -> None:
        if self._has_failed:
            return
        try:
            self._waiting.put_nowait(entry)
        except queue.Full:
            self._fail("%d of its points wait to be written", _MOST_WAITING)

    def _work(self) -> None:
        try:
            tracker = self._open()
            try:
                self._write_all(tracker)
            finally:
                tracker.close()
        except (OSError, UserError) as error:
            self._fail("%s", error)
        except Exception:  # of a library, or of ours: with its traceback
            self._fail("it failed", with_traceback=True)

    def _write_all(self, tracker: Tracker) -> None:
        due = time.monotonic() + _SECONDS_BETWEEN_FLUSHES
        while not self._has_failed:
            if time.monotonic() >= due:
                tracker.flush()
                due = time.monotonic() + _SECONDS_BETWEEN_FLUSHES
            try:
                entry = self._waiting.get(timeout=max(due - time.monotonic(), 0))
            except queue.Empty:
                continue
            if entry is None:
                return
            tracker.write(*entry)

    def _fail(self, reason: str, *values: object, with_traceback: bool = False) -> None:
        if not self._has_failed:
            self._has_failed = True
            log.warning(
                "%s shows no more of this run, which goes on: " + reason,
                self._name,
                *values,
                exc_info=with_traceback,
            )
