"""Models that lie in the package itself: named by a constant, found wherever the package lies."""

from pathlib import Path

from xlt_flax.errors import UserError

SAMPLE_MODEL = "xlt_flax:tiny-bert"  # a shape and a tokenizer; its weights are drawn
_PREFIX = "xlt_flax:"
_SAMPLES = Path(__file__).parents[1] / "data" / "sample"
_FOLDERS = {SAMPLE_MODEL: _SAMPLES / "tiny-bert"}
# Where it lay in a checkout; until format 2 of workdirs, configs had its absolute path.
_OLD_ENDING = "/xlt_flax/data/sample/tiny-bert"


def shipped_folder(name: str) -> Path | None:
    """The folder of a shipped model; None if the name is not such a constant.

    Raises:
      UserError: there is no such shipped model.
    """
    if not name.startswith(_PREFIX):
        return None
    if name not in _FOLDERS:
        raise UserError(f"config.model.name: xlt_flax has no model {name}, only {SAMPLE_MODEL}")
    return _FOLDERS[name]


def constant_of(folder: Path) -> str | None:
    """The constant that names this very folder; None if it is none of the package's."""
    found = (name for name, own in _FOLDERS.items() if own.is_dir() and own.samefile(folder))
    return next(found, None)


def renamed_from_path(name: str) -> str:
    """A stored `model.name` of format 1: the constant for a checkout's sample model."""
    return SAMPLE_MODEL if name.endswith(_OLD_ENDING) else name
