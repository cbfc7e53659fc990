"""What a person sees of long work, on terminals of any width and in logs."""

import fcntl
import logging
import os
import re
import struct
import termios
from contextlib import ExitStack, suppress

import pytest

from xlt_flax import console
from xlt_flax.training import progress
from xlt_flax.training.progress import Progress, say


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but where a test moves it."""
    now = {"now": 100.0}
    monkeypatch.setattr(progress.time, "monotonic", lambda: now["now"])
    return now


@pytest.fixture
def terminal(monkeypatch):
    """terminal(columns) makes stdout and stderr a terminal of so many columns; then `seen()` closes
    it, and is what was written there."""
    with ExitStack() as parts:

        def make(columns):
            master, slave = os.openpty()
            parts.callback(os.close, master)
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            streams = [open(os.dup(slave), "w", encoding="utf-8") for _ in range(2)]  # noqa: SIM115
            monkeypatch.setattr("sys.stdout", streams[0])
            monkeypatch.setattr("sys.stderr", streams[1])

            def seen():
                for stream in streams:
                    stream.close()
                os.close(slave)
                return read_all(master)

            return seen

        yield make


def read_all(master):
    """Of a terminal whose other side is closed."""
    parts = []
    with suppress(OSError):  # as Linux says that there is no more
        while part := os.read(master, 1 << 16):
            parts.append(part)
    return b"".join(parts).decode("utf-8")


def lines_of(text):
    """What stands on the screen, line by line: a carriage return writes over a line."""
    lines = []
    for line in re.sub("\x1b\\[A", "", text).split("\n"):
        cells = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        lines.append("".join(cells).rstrip())
    return lines


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_terminals_of_any_width_show_step_epoch_loss_and_eta(columns, terminal, clock):
    seen = terminal(columns)
    work = Progress("training", 3750)
    for _ in range(1200):
        clock["now"] += 0.5
        work.advance(note="epoch 10, loss 0.6931")
    work._bar.refresh()
    (bar,) = lines_of(seen())
    work.close()
    assert len(bar) <= columns
    for told in ("1200/3750", "epoch 10", "loss 0.6931", "0:21:15"):
        assert told in bar
    assert ("training" in bar) == (columns >= 80)


def test_no_line_is_glued_to_a_bar(terminal):
    seen = terminal(80)
    log, handler = logging.getLogger("xlt_flax"), console._plain_lines()
    log.addHandler(handler)
    try:
        work = Progress("training", 10)
        for step in range(3):
            work.advance(note="epoch 1, loss 0.5")
            work._bar.refresh()
            log.warning("a line of the log, number %d", step)
            say(f"a line of stdout, number {step}")
        work.close()
    finally:
        log.removeHandler(handler)
    lines = [line for line in lines_of(seen()) if line]
    assert len(lines) == 6
    for step, (logged, said) in enumerate(zip(lines[::2], lines[1::2], strict=True)):
        assert re.fullmatch(rf"[-\d]+ [:\d]+ a line of the log, number {step}", logged)
        assert said == f"a line of stdout, number {step}"


def estimates(caplog):
    return [message.rpartition("ETA ")[2] for message in caplog.messages]


def test_the_first_estimate_leaves_the_start_out(clock, caplog, monkeypatch):
    """A minute until the first step, and one for a shape that comes later; then 2 s each."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    caplog.set_level("INFO", "xlt_flax")
    work = Progress("training", 100)
    clock["now"] += 60
    work.advance()
    for step in range(2, 31):
        if step == 3:
            with work.paused():
                clock["now"] += 60
        clock["now"] += 2
        work.advance()
    assert estimates(caplog)[0] == "?"
    assert estimates(caplog)[1] == "0:03:14"  # 97 steps
    assert len(estimates(caplog)) == 7  # one each 10 seconds, at most


def test_an_estimate_follows_what_was_done_last(clock, caplog, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    caplog.set_level("INFO", "xlt_flax")
    work = Progress("training", 1000)
    for seconds in (10, *[10] * 20, *[1] * 100):
        clock["now"] += seconds
        work.advance()
    assert estimates(caplog)[-1] == "0:14:39"  # 879 steps of a second


def test_a_total_that_is_not_known(terminal, clock, caplog, monkeypatch):
    """Of a pipe: how many there were and how fast, on a terminal and in a log."""
    seen = terminal(80)
    work = Progress("predicting", None, unit="doc")
    for _ in range(60):
        clock["now"] += 2
        work.advance(32)
    work._bar.refresh()
    (bar,) = lines_of(seen())
    assert re.fullmatch(r"predicting 1920 doc, +16\.00doc/s", bar)
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    caplog.set_level("INFO", "xlt_flax")
    work = Progress("predicting", None, unit="doc")
    for _ in range(20):
        clock["now"] += 1
        work.advance(32)
    assert caplog.messages == ["predicting: doc 320, 32.0 doc/s", "predicting: doc 640, 32.0 doc/s"]


def test_what_was_done_before_is_in_no_rate(clock, caplog, monkeypatch):
    """Of a prediction that goes on after 50,000 documents; the first batch pays for compiling."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    caplog.set_level("INFO", "xlt_flax")
    work = Progress("predicting", 100_000, 50_000, "doc")
    for seconds in (60, 10, 10):
        clock["now"] += seconds
        work.advance(20)
    assert caplog.messages == [
        "predicting: doc 50,020 of 100,000, ETA ?",
        "predicting: doc 50,040 of 100,000, 2.0 doc/s, ETA 6:56:20",
        "predicting: doc 50,060 of 100,000, 2.0 doc/s, ETA 6:56:10",
    ]
