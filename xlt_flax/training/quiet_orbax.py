"""Orbax reads checkpoints and warns, ten times a restore, of what is meant as it is."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_orbax() -> Iterator[None]:
    """While in here, Orbax speaks of errors only; whoever uses absl otherwise is heard."""
    absl, held_back = logging.getLogger("absl"), _OfOrbax()
    absl.addFilter(held_back)
    try:
        yield
    finally:
        absl.removeFilter(held_back)


class _OfOrbax(logging.Filter):
    """Holds back the warnings of Orbax, which logs as absl."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR or "orbax" not in record.pathname
