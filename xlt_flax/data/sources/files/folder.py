"""A folder of files that are named LANGUAGE.SPLIT.EXT."""

from collections.abc import Mapping
from pathlib import Path

from xlt_flax.data.sources.files.description import (
    FORMATS,
    LANGUAGE,
    SPLITS,
    DataFile,
    Description,
    data_file,
)
from xlt_flax.errors import UserError

_SPLIT_OF = {split: split for split in SPLITS} | {"dev": "validation"}  # as SIB-200 calls it


def describe_folder(folder: Path) -> Description:
    """A folder's files, with columns `text` and `label`.

    Raises:
      UserError: as `files_of`.
    """
    return Description(folder, files_of(folder, folder))


def files_of(folder: Path, root: Path) -> Mapping[tuple[str, str], tuple[DataFile, ...]]:
    """{(language, split): (its file,)} of a folder, by name; `dev` is read as `validation`.

    What is not named as data is, such as README.md, is left alone.

    Args:
      folder: whose files are meant.
      root: the folder that the files' names begin at.

    Raises:
      UserError: there is no such file, one's split or extension is not known, or two are of the
        same language and split.
    """
    found: dict[tuple[str, str], tuple[DataFile, ...]] = {}
    for path in sorted(folder.iterdir()):
        if (key := _language_and_split(path)) is None:
            continue
        if key in found:
            raise UserError(
                f"{folder}: {found[key][0].path.name} and {path.name} both hold the "
                f"{' '.join(key)} documents: take one away, or list both in a TOML file"
            )
        found[key] = (data_file(path, root),)
    if not found:
        raise UserError(
            f"{folder}: holds no file named LANGUAGE.SPLIT.EXT, such as en.train.csv: a split is "
            f"one of {', '.join(SPLITS)}, an extension one of {', '.join(FORMATS)}"
        )
    return found


def _language_and_split(path: Path) -> tuple[str, str] | None:
    """Of a name such as en.train.csv.gz; None of one that is no data.

    Raises:
      UserError: its ending is one of data, and its split is none.
    """
    parts = path.name.removesuffix(".gz").split(".")
    if len(parts) != 3 or not LANGUAGE.fullmatch(parts[0]) or path.is_dir():
        return None
    language, split, extension = parts
    if split in _SPLIT_OF:
        return language, _SPLIT_OF[split]
    if extension.lower() in FORMATS:
        raise UserError(
            f"{path}: {split!r} is no split: name it LANGUAGE.SPLIT.EXT, with one of "
            f"{', '.join(SPLITS)}"
        )
    return None
