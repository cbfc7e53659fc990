"""No step waits for a tracker, and none ends a run; nothing that was written is lost."""

import errno
import threading

import pytest

from xlt_flax.training import tracking
from xlt_flax.training.tracking import TrackerThread


class Kept:
    """A tracker that keeps what it gets; fails at a step, if told to, with an error."""

    def __init__(self, error=None, at=None):
        self.points, self.error, self.at, self.threads = [], error, at, set()
        self.flushes = self.closes = 0

    def write(self, seconds, step, values):
        self.threads.add(threading.current_thread())
        if step == self.at:
            raise self.error
        self.points.append((step, values))

    def flush(self):
        self.flushes += 1

    def close(self):
        self.closes += 1


def test_all_points_are_written_in_order_in_another_thread():
    kept = Kept()
    thread = TrackerThread("kept", lambda: kept)
    expected = [(step, {"loss": step / 2}) for step in range(1000)]
    for step, values in expected:
        thread.write(step, values)
    thread.close()
    assert kept.points == expected
    assert kept.closes == 1
    assert threading.current_thread() not in kept.threads


def test_what_is_written_later_does_not_change_a_point():
    kept, values = Kept(), {"loss": 1.0}
    thread = TrackerThread("kept", lambda: kept)
    thread.write(1, values)
    values["loss"] = 2.0
    thread.close()
    assert kept.points == [(1, {"loss": 1.0})]


def test_a_write_does_not_wait_for_a_tracker_that_hangs():
    hangs, kept = threading.Event(), Kept()

    def opened():
        hangs.wait()
        return kept

    thread = TrackerThread("kept", opened)
    for step in range(10):
        thread.write(step, {})
    assert kept.points == []
    hangs.set()
    thread.close()
    assert len(kept.points) == 10


def test_whoever_watches_sees_points_while_others_come(monkeypatch):
    monkeypatch.setattr(tracking, "_SECONDS_BETWEEN_FLUSHES", 0)
    kept = Kept()
    thread = TrackerThread("kept", lambda: kept)
    for step in range(10):
        thread.write(step, {})
    thread.close()
    assert kept.flushes >= 10


FAILURES = {
    "full disk": (OSError(errno.ENOSPC, "No space left on device", "/e"), False),
    "a mistake": (ValueError("of a library"), True),
}


@pytest.mark.parametrize(("error", "has_traceback"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("at", ["opening", 3])
def test_a_failure_is_told_once_and_ends_nothing(error, has_traceback, at, caplog):
    kept = Kept(error, at)

    def opened():
        if at == "opening":
            raise error
        return kept

    thread = TrackerThread("kept", opened)
    for step in range(10):
        thread.write(step, {})
    thread.close()
    thread.write(11, {})
    (record,) = caplog.records
    told = "kept shows no more of this run, which goes on: "
    assert record.getMessage().startswith(told)
    assert bool(record.exc_info) == has_traceback
    if not has_traceback:
        assert "No space left on device" in record.getMessage()
    assert [step for step, _ in kept.points] == ([] if at == "opening" else [0, 1, 2])
    assert kept.closes == (at == 3)


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("_MOST_WAITING", 5, "5 of its points wait to be written"),
        ("_PATIENCE", 0, "it did not take its last points in 0 s"),
    ],
)
def test_a_disk_that_hangs_is_told_once_and_not_waited_for(
    setting, value, told, monkeypatch, caplog
):
    hangs, kept = threading.Event(), Kept()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(tracking, setting, value)
        thread = TrackerThread("kept", lambda: hangs.wait() and kept)
        for step in range(10):
            thread.write(step, {})
        if setting == "_PATIENCE":
            thread.close()
    hangs.set()
    thread.close()
    assert [told in message for message in caplog.messages] == [True]
    assert kept.closes == 1
