"""The configs that come with the package: `configs/NAME.py` is found from any folder."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from xlt_flax.errors import UserError

FOLDER = Path(__file__).parent / "configs"  # in a checkout, a link to the configs/ beside xlt_flax/


def names() -> list[str]:
    """All of them as they are given, "configs/demo.py", sorted."""
    return sorted(f"configs/{path.name}" for path in FOLDER.glob("*.py"))


def find(path: str) -> str:
    """The file that a config's path means: as given if it is there, else the package's own.

    Raises:
      UserError: there is no such file, and the package has none of that name.
    """
    if Path(path).is_file():
        return path
    if path in names():
        return str(FOLDER / Path(path).name)
    near = difflib.get_close_matches(f"configs/{Path(path).name}", names(), n=1, cutoff=0.8)
    hint = f"was {near[0]} meant? " if near else ""
    raise UserError(
        f"--config: there is no file {path}: {hint}The package has {', '.join(names())}"
    )


def with_found_config(argv: Sequence[str]) -> list[str]:
    """A command line whose --config=FILE.py[:MIXTURE] names the file that is meant.

    Raises:
      UserError: as `find`, or nothing stands after the colon.
    """
    found = list(argv)
    for place, word in enumerate(argv):
        name, equals, given = word.partition("=")
        if name.lstrip("-") != "config" or not word.startswith("-"):
            continue
        if equals:
            found[place] = f"{name}={_find_value(given)}"
        elif place + 1 < len(argv):
            found[place + 1] = _find_value(argv[place + 1])
    return found


def _find_value(value: str) -> str:
    path, colon, mixture = value.partition(":")
    if colon and not mixture:  # as of "configs/demo.py:$UNSET"
        raise UserError(
            f"--config={value}: nothing stands after the colon: give a mixture or a data set's "
            "place there, or leave out the colon"
        )
    return find(path) + colon + mixture
