"""What runs and their folders are called.

A run is called by its mixture, "E1D1F1" or "en+de:1000". One that goes on from another has that
one's name before its own mixture: "E1D1F1+J1" where both are groups, and "en+de-then-ja:50" else,
since "+" joins the parts of such mixtures.
"""

import re
from dataclasses import dataclass

_GROUPS = "(?:[A-Z][1-9])+"
_CHAIN_OF_GROUPS = re.compile(rf"{_GROUPS}(?:\+{_GROUPS})*")
_PLUS, _THEN = "+", "-then-"
_FOLDER = re.compile(r"(?P<name>.+?)(-draw(?P<draw>\d+))?-seed(?P<seed>\d+)")


def stage_name(source: str, mixture: str) -> str:
    """The name of a run on a mixture that goes on from the run `source`."""
    joined = f"{source}{_PLUS}{mixture}"
    return joined if _CHAIN_OF_GROUPS.fullmatch(joined) else f"{source}{_THEN}{mixture}"


def split_name(name: str) -> tuple[str | None, str]:
    """(the run that a run goes on from, its own mixture); None: it goes on from none."""
    between = _PLUS if _CHAIN_OF_GROUPS.fullmatch(name) else _THEN
    source, _, mixture = name.rpartition(between)
    return source or None, mixture


def is_of_groups(mixture: str) -> bool:
    """Whether a mixture is made of groups, "E1D1F1", and not of languages."""
    return bool(re.fullmatch(_GROUPS, mixture))


def folder_name(name: str, seed: int, draw: int | None = None) -> str:
    """The folder of a run in its study; `draw` None: the study's own."""
    return f"{name}{'' if draw is None else f'-draw{draw}'}-seed{seed}"


@dataclass(frozen=True)
class FolderName:
    """What a folder's name says of the run in it; `draw` None: nothing of its draw."""

    name: str
    seed: int
    draw: int | None


def read_folder_name(folder: str) -> FolderName | None:
    """None: it is not called like a run's."""
    match = _FOLDER.fullmatch(folder)
    if not match:
        return None
    draw = match["draw"]
    return FolderName(match["name"], int(match["seed"]), None if draw is None else int(draw))
