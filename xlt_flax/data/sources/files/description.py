"""What is said of text of one's own, as values: which files there are, and how they are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xlt_flax.errors import UserError

SPLITS = ("train", "validation", "test", "unlabeled")
LABELLED = ("train", "validation")  # a test set may be there to be predicted alone
FORMATS = ("csv", "tsv", "jsonl", "parquet", "txt")
LANGUAGE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")  # a mixture's name has : + and % for itself


@dataclass(frozen=True)
class DataFile:
    """One file with documents.

    Attributes:
      path: of the file.
      name: that ids have of it: its path below the folder or the TOML file.
      form: one of FORMATS.
      zipped: whether gzip has packed it.
    """

    path: Path
    name: str
    form: str
    zipped: bool


@dataclass(frozen=True)
class Reading:
    """How bytes become rows.

    Attributes:
      delimiter: of csv and tsv; "": a comma, or a tab.
      quote: around values that hold a delimiter, a line break or itself; "": none.
      columns: names of files that begin without; (): the first row has them.
      encoding: of all files but parquet.
    """

    delimiter: str = ""
    quote: str = '"'
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Description:
    """A data set of files.

    Attributes:
      place: the folder, or the TOML file, that describes it.
      files: {(language, split): its files, in order}.
      text: columns of the text.
      pair: whether the two are two texts, instead of one.
      label, id: columns; no `id`: FILE:ROW.
      labels_separator: between the labels of a document; "": a text in the label's column is one.
      labels: all there are, in order; (): those of the training files.
      rename: {label in the files: label}; {}: as they are.
      reading: of the files.
    """

    place: Path
    files: Mapping[tuple[str, str], tuple[DataFile, ...]]
    text: tuple[str, ...] = ("text",)
    pair: bool = False
    label: str = "label"
    id: str = ""
    labels_separator: str = ""
    labels: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = Reading()

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted({language for language, _ in self.files}))

    def splits(self, language: str) -> tuple[str, ...]:
        """Those that a language has, in the order of SPLITS."""
        return tuple(split for split in SPLITS if (language, split) in self.files)


def data_file(path: Path, root: Path) -> DataFile:
    """The file of a path, told by its extension; `root` is what its name is below of.

    Raises:
      UserError: the extension is none of FORMATS, with or without .gz.
    """
    stem = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    form = stem.rpartition(".")[2].lower()
    if form not in FORMATS:
        raise UserError(
            f"{path}: what is in it is told by its extension, one of {', '.join(FORMATS)}, each "
            "also with .gz behind it: rename or convert it"
        )
    name = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
    return DataFile(path, name, form, stem != path.name)
