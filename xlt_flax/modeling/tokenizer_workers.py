"""Processes that tokenize: a tokenizer that is written in Python has the cores that there are.

Each is a Python begun anew that imports neither JAX nor TensorFlow, nor, as multiprocessing's own
would, the program that was run: a script without a guard would run again. It gets its work by pipe
and ends when that does, so whoever began it may be killed, and leaves none. A session of its own
keeps a terminal's Ctrl-C from it: who began it ends it.
"""

import os
import pickle
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import IO

from xlt_flax.errors import RunError

Tokenize = Callable[[Sequence[str]], list[list[int]]]

_SERVE = "from xlt_flax.modeling.tokenizer_workers import serve; serve()"
_LIGHT = dict.fromkeys(("USE_FLAX", "USE_TF", "USE_TORCH"), "0") | {
    "TRANSFORMERS_VERBOSITY": "error"
}
_MOST = 16  # processes; each has a tokenizer of its own in memory
_ALONE = 2.0  # CPU seconds of work, about what each takes to begin, before any does
_SHARE = 50  # texts that are handed over at once


class Spreading:
    """A tokenizer that has processes to help it while somebody is `within`, and the work is long.

    How much is still to come nobody knows. Where they begin after as much work as their begin
    costs, no more than that is ever lost.

    Args:
      tokenize: texts to numbers; can be pickled.
    """

    def __init__(self, tokenize: Tokenize):
        self._tokenize = tokenize
        self._workers: _Workers | None = None
        self._within, self._alone, self._lock = 0, 0.0, threading.Lock()

    @contextmanager
    def within(self) -> Iterator[None]:
        """Processes that begin in here end with the outermost."""
        with self._lock:
            self._within += 1
        try:
            yield
        finally:
            with self._lock:
                self._within -= 1
                if not self._within:
                    self._end()

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """
        Raises:
          RunError: a process that helped is gone.
        """
        workers = self._helpers()
        if workers is not None:
            return workers.tokenize(texts)
        start = time.thread_time()
        try:
            return self._tokenize(texts)
        finally:
            self._alone += time.thread_time() - start

    def _helpers(self) -> "_Workers | None":
        with self._lock:
            if self._within and self._alone >= _ALONE and self._workers is None and _cores() > 1:
                self._workers = _Workers(self._tokenize, min(_cores(), _MOST))
            return self._workers

    def _end(self) -> None:
        workers, self._workers, self._alone = self._workers, None, 0.0
        if workers is not None:
            workers.end()


class _Workers:
    """Processes, and a thread for each that hands it texts and waits for it."""

    def __init__(self, tokenize: Tokenize, count: int):
        self._processes = [_begin() for _ in range(count)]
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="tokenizing")
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        try:
            self._hand_over(pickle.dumps(tokenize))
        except BaseException:
            self.end()
            raise

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        shares = [texts[start : start + _SHARE] for start in range(0, len(texts), _SHARE)]
        return [ids for share in self._threads.map(self._ask, shares) for ids in share]

    def end(self) -> None:
        for process in self._processes:
            process.kill()  # it holds nothing that would be lost
            process.wait()
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what was under way to it
                    _of(pipe).close()

    def _hand_over(self, tokenize: bytes) -> None:
        for process in self._processes:
            with _alive(process):
                _send(_of(process.stdin), tokenize)
            self._idle.put(process)

    def _ask(self, texts: Sequence[str]) -> list[list[int]]:
        process = self._idle.get()
        try:
            with _alive(process):
                _send(_of(process.stdin), texts)
                answer = pickle.load(_of(process.stdout))
        finally:
            self._idle.put(process)
        if isinstance(answer, Exception):
            raise answer
        return answer


def serve() -> None:
    """What such a process does: it reads a tokenizer, then texts, until there are no more."""
    texts_in, answers_out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    with suppress(EOFError, BrokenPipeError):  # who began it is gone, or has enough
        tokenize = pickle.loads(pickle.load(texts_in))
        while True:
            _send(answers_out, _answer(tokenize, pickle.load(texts_in)))


def _answer(tokenize: Tokenize, texts: Sequence[str]) -> list[list[int]] | Exception:
    try:
        return tokenize(texts)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return error


def _begin() -> "subprocess.Popen[bytes]":
    paths = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | _LIGHT | {"PYTHONPATH": paths},
        start_new_session=True,
    )


def _send(pipe: IO[bytes], message: object) -> None:
    pickle.dump(message, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _of(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


@contextmanager
def _alive(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """A process that is gone is said so."""
    try:
        yield
    except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
        raise RunError(
            f"a process that tokenizes is gone (exit code {process.wait()}): if memory ran short, "
            "make room, or let fewer cores be used (taskset)"
        ) from error


def _cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
