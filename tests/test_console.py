"""Who reads what a command line says may leave, or lack a character: it goes on all the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xlt_flax import console

ROOT = Path(__file__).parents[1]

SAYS_MORE_LATER = """
import os, sys
from xlt_flax import cli

def main(_):
    print("one", flush=True)
    print("two", file=sys.stderr, flush=True)
    input()
    for number in range(9):
        print("more", flush=True)
        print("more", file=sys.stderr, flush=True)
    os.write(int(os.environ["TOLD_AT"]), b"all done")

cli.run(main)
"""


@pytest.mark.parametrize("leaves", ["stdout", "both"])
def test_a_reader_that_leaves_does_not_end_it(leaves):
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", SAYS_MORE_LATER],
        cwd=ROOT,
        env=os.environ | {"TOLD_AT": str(write)},
        pass_fds=[write],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    assert process.stdout.readline() == b"one\n"
    assert process.stderr.readline() == b"two\n"
    process.stdout.close()
    if leaves == "both":
        process.stderr.close()
    process.stdin.write(b"\n")
    process.stdin.close()
    assert process.wait() == 0
    with os.fdopen(read, "rb") as told:
        assert told.read() == b"all done"
    if leaves == "stdout":
        assert process.stderr.read() == b"more\n" * 9


def test_a_terminal_that_is_closed_does_not_end_it():
    """As when a connection breaks: SIGHUP comes, and what is saved then says so nowhere."""
    master, slave = os.openpty()
    stream = console._Stream(os.fdopen(slave, "wb"), "utf-8", line_buffering=True)
    os.close(master)
    print("saving", file=stream, flush=True)
    print("saved", file=stream, flush=True)
    stream.close()


def test_what_else_goes_wrong_is_told():
    full = console._Stream(open("/dev/full", "wb"), "utf-8", line_buffering=True)  # noqa: SIM115
    with pytest.raises(OSError, match="No space left"):
        print("x", file=full, flush=True)
    full._leave()
    full.close()


def test_a_character_that_the_terminal_lacks_is_another_one():
    script = "from xlt_flax import cli; cli.run(lambda _: print('2.0 ± 日'))"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (finished.stdout, finished.returncode) == ("2.0 ? ?\n", 0), finished.stderr


def test_a_closed_stdout_is_none():
    script = "from xlt_flax import cli; cli.run(lambda _: print('x'))"
    closing = ["sh", "-c", '"$0" -c "$1" >&-', sys.executable, script]
    finished = subprocess.run(closing, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
