"""Compiles the shapes to come in threads, while the first ones are trained on."""

import os
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock

# A compilation keeps one core busy, and training on a CPU wants some for itself.
_WORKERS = max(1, min(4, (os.cpu_count() or 1) // 2))


class CompileAhead:
    """Compilations by the shape that they are for; each happens once, here or with who needs it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="compile-ahead")
        # Which shapes there will be is read off all steps: that must not keep a worker.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="shapes-to-come")
        self._begun: dict[Hashable, Future] = {}
        self._lock = Lock()
        self._closed = False

    def start(self, jobs: Iterable[tuple[Hashable, Callable[[], None]]]) -> None:
        """Begins with (shape, what compiles it) in this order, each as soon as it is known; `jobs`
        is iterated in a thread of its own."""
        self._reader.submit(self._start_all, jobs)

    def _start_all(self, jobs: Iterable[tuple[Hashable, Callable[[], None]]]) -> None:
        for shape, compile_shape in jobs:
            with self._lock:
                if self._closed:
                    return
                if shape not in self._begun:
                    self._begun[shape] = self._pool.submit(compile_shape)

    def has(self, shape: Hashable) -> bool:
        """Whether `shape` is compiled already."""
        future = self._begun.get(shape)
        return future is not None and _succeeded(future)

    def take(self, shape: Hashable) -> None:
        """Returns when nobody else compiles `shape`: it is compiled, or the caller is to do it.

        What failed here is left to the caller as well, who has a place for the error.
        """
        with self._lock:
            future = self._begun.setdefault(shape, Future())
            if future.cancel():  # nobody has begun with it, and now nobody will
                return
        wait([future])

    def close(self) -> None:
        """Begins with nothing more; does not wait for what has begun."""
        with self._lock:
            self._closed = True
        for threads in (self._reader, self._pool):
            threads.shutdown(wait=False, cancel_futures=True)


def _succeeded(future: Future) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
