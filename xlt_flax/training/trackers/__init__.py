"""Where a run's curves are shown, besides its own files: each module here is one tracker, and its
name is what `config.train.trackers` calls it, that of the package that it needs.

A module has `open_tracker(workdir, config, first)`. What that returns is opened, written and closed
by one thread (see training/tracking.py), so its library may take its time.
"""

import hashlib
import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from xlt_flax.errors import UserError

if TYPE_CHECKING:
    from ml_collections import ConfigDict

    from xlt_flax.workdir import Workdir


class Tracker(Protocol):
    """Takes points of curves."""

    def write(self, seconds: float, step: int, values: Mapping[str, float]) -> None:
        """Adds a point to each of some curves.

        Args:
          seconds: since the epoch, when the values were known.
          step: updates made.
          values: by the curves' names, such as "train/loss".
        """

    def flush(self) -> None:
        """Whoever looks sees all that was written."""

    def close(self) -> None:
        """All is written."""


class TrackerModule(Protocol):
    """What a tracker's module has."""

    def open_tracker(self, workdir: "Workdir", config: "ConfigDict", first: int) -> Tracker:
        """A run's tracker, which is told the config.

        Args:
          workdir: of the run; what is kept locally goes in here.
          config: of the run.
          first: the first step that is still to be written; what an earlier process wrote of it and
            of later ones is written again.
        """


def identity(workdir: "Workdir") -> str:
    """By which a tracker finds a run again that goes on: 16 letters of its workdir's place."""
    return hashlib.sha256(str(workdir).encode()).hexdigest()[:16]


def tracker_names(spelled: str) -> list[str]:
    """The trackers of `config.train.trackers`, each once; imports none.

    Raises:
      UserError: there is none of that name.
    """
    known = sorted(module.name for module in pkgutil.iter_modules(__path__))
    names = list(dict.fromkeys(filter(None, map(str.strip, spelled.split(",")))))
    if unknown := [name for name in names if name not in known]:
        raise UserError(
            f"config.train.trackers is {spelled!r}: there is no {unknown[0]!r}: give some of "
            f"{', '.join(known)}, joined by commas, or nothing"
        )
    return names


def require_trackers(spelled: str) -> Sequence[str]:
    """The same, when what each needs is installed.

    Raises:
      UserError: there is none of that name, or its package is missing.
    """
    names = tracker_names(spelled)
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise UserError(
                f"config.train.trackers is {spelled!r}, but {name} is not installed: "
                f"pip install 'xlt_flax[{name}]', or leave it out"
            )
    return names


def find_tracker(name: str) -> TrackerModule:
    """The module of a tracker that there is."""
    return importlib.import_module(f"{__name__}.{name}")
