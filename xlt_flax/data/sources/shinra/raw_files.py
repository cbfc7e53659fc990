"""Finds SHINRA's files in a folder, under short names or those of their releases."""

import hashlib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from xlt_flax.data.remembered import remembered
from xlt_flax.errors import UserError

SAMPLE_DIR = Path(__file__).parents[2] / "sample" / "shinra"
SPLITS = {"train": "train", "test": "development", "unlabeled": "target"}  # the file of each
REQUIRED = ("train", "classes", "dump")
# In small letters, without what a packer adds; the first is the short one.
_NAMES = {
    "train": ("train.jsonl", "*categorization*train*.jsonl"),
    "classes": ("classes.jsonl", "*ene_definition*.jsonl"),
    "dump": ("dump.json", "*cirrussearch-content.json", "wikipedia-ja-*json"),
    "development": ("development.tsv", "*categorization*dev*.tsv"),
    "target": (
        "target.jsonl",
        "*categorization*leaderboard*.jsonl",
        "*categorization*target*.jsonl",
    ),
}
HOW_TO_GET_IT = (
    "get SHINRA's classification data, class list and CirrusSearch dump from "
    "http://shinra-project.info and put them into the folder that config.data.manual_dir names, "
    "under the names of their release or as train.jsonl, classes.jsonl and dump.json, each also "
    ".gz or .bz2"
)


def find_files(folder: Path) -> dict[str, Path]:
    """{what: its file} of those that are there; all of REQUIRED, and what _NAMES has besides.

    Raises:
      UserError: a required one is missing, or two are the same; says what to do.
    """
    there = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    found = {what: [path for path in there if _is(what, path.name)] for what in _NAMES}
    for what, paths in found.items():
        if len(paths) > 1:
            raise UserError(
                f"{folder}: {paths[0].name} and {paths[1].name} are both {_NAMES[what][0]} by "
                "their names: leave one there"
            )
    if missing := [_NAMES[what][0] for what in REQUIRED if not found[what]]:
        raise UserError(f"{folder}: has no {' and no '.join(missing)}: {HOW_TO_GET_IT}")
    return {what: paths[0] for what, paths in found.items() if paths}


def digests_of(files: Mapping[str, Path], data_dir: Path) -> dict[str, str]:
    """{what: sha256 of its file}; a file is not read again while it is as it was.

    Args:
      data_dir: where digests are remembered.
    """
    kept = data_dir / "xlt_flax_files"
    return {
        what: remembered(kept, [path], {"sha256": None}, partial(_sha256, path))
        for what, path in files.items()
    }


def _is(what: str, name: str) -> bool:
    stem = name.lower().removesuffix(".gz").removesuffix(".bz2")
    return any(fnmatchcase(stem, pattern) for pattern in _NAMES[what])


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
