"""What there is to read, and how: a folder, or a TOML file, as a value.

A folder holds `LANGUAGE.SPLIT.EXT`, as `zh-Hans.train.csv.gz`; `dev` in a name is read as
validation.
toml_file says what a TOML file holds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xlt_flax.errors import UserError

SPLITS = ("train", "validation", "test", "unlabeled")
EXTENSIONS = ("csv", "tsv", "jsonl", "parquet", "txt")
_ALSO = {"dev": "validation"}
_LANGUAGE = re.compile(r"[A-Za-z0-9_-]+")
_SHAPES = f"LANGUAGE.SPLIT.EXT, EXT one of {', '.join(EXTENSIONS)}, each also .gz"


@dataclass(frozen=True)
class Reader:
    """How text files are written; "" of a delimiter: as its extension says."""

    delimiter: str = ""
    quote: str = '"'
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"


@dataclass(frozen=True)
class File:
    """One file, and the name by which its rows are called where they have no id."""

    path: Path = field(compare=False)
    name: str


@dataclass(frozen=True)
class Description:
    """What a folder or TOML file says.

    Attributes:
      files: {(language, split): its files}, in the order in which they are read.
      text: columns of the text.
      pair: whether two columns are two texts.
      label, id: columns; no id: FILE:ROW.
      labels: in order; none: those of the training files.
      rename: {label in a file: label}, empty: none is renamed.
      reader: of text files.
    """

    files: Mapping[tuple[str, str], tuple[File, ...]]
    text: tuple[str, ...] = ("text",)
    pair: bool = False
    label: str = "label"
    id: str = ""
    labels: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    reader: Reader = Reader()

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(language for language, _ in self.files))

    def splits(self, language: str) -> tuple[str, ...]:
        return tuple(split for split in SPLITS if (language, split) in self.files)


def extension(name: str) -> str:
    """ "csv" of "en.train.csv.gz"; "" if it is none that can be read."""
    last = name.removesuffix(".gz").rpartition(".")[2]
    return last if last in EXTENSIONS else ""


def listed(folder: Path) -> dict[tuple[str, str], tuple[File, ...]]:
    found: dict[tuple[str, str], tuple[File, ...]] = {}
    for path in sorted(folder.iterdir()):
        words = path.name.removesuffix(".gz").split(".")
        split = _ALSO.get(words[1], words[1]) if len(words) == 3 else ""
        if not words[0] or not path.is_file() or (split not in SPLITS and not extension(path.name)):
            continue
        if len(words) != 3:
            continue  # a README.txt, say
        _require_name(path, split)
        if (words[0], split) in found:
            other = found[words[0], split][0].path.name
            raise UserError(
                f"{folder}: {other} and {path.name} are both {words[0]}'s {split} split: keep one, "
                "or name both in a TOML file"
            )
        found[words[0], split] = (File(path, path.name),)
    if not found:
        raise UserError(f"{folder} has no file named {_SHAPES}")
    return dict(sorted(found.items(), key=lambda one: (one[0][0], SPLITS.index(one[0][1]))))


def _require_name(path: Path, split: str) -> None:
    if split not in SPLITS:
        raise UserError(f"{path}: the split is one of {', '.join(SPLITS)}: rename it {_SHAPES}")
    if not extension(path.name):
        raise UserError(f"{path}: files are named {_SHAPES}")
    require_language(path.name.partition(".")[0], str(path))


def require_language(language: str, where: str) -> None:
    if not _LANGUAGE.fullmatch(language):
        raise UserError(
            f"{where}: {language!r} is no language's code, as en, zh-Hans and jpn_Jpan are"
        )
