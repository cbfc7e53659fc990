"""The documents of a split as its files have them: columns joined, labels by name, ids made."""

from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple, cast

from xlt_flax.data.sources.files import delimited, json_lines, parquet, plain_text
from xlt_flax.data.sources.files.columns import Labels, Row, Table, Wanted
from xlt_flax.data.sources.files.description import LABELLED, DataFile, Description, Reading

_READERS: dict[str, ModuleType] = {
    "csv": delimited,
    "tsv": delimited,
    "jsonl": json_lines,
    "parquet": parquet,
    "txt": plain_text,
}


class Record(NamedTuple):
    """A document.

    Attributes:
      file: that it is in.
      number: of its row, from 1, the header not counted.
      id: of its column, as it is, or FILE:ROW.
      texts: one, or two.
      labels: each once, as the file has it, without white space around it; empty ones left out.
      is_list: whether the file has a list of them.
    """

    file: DataFile
    number: int
    id: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    is_list: bool

    @property
    def where(self) -> str:
        return f"{self.file.path}: row {self.number}"


def records(description: Description, language: str, split: str) -> Iterator[Record]:
    """All of a split, file after file; a text that is missing is empty.

    Raises:
      UserError: a file is not as it should be; names it, and the row or column.
    """
    for file in description.files[language, split]:
        texts = (plain_text.COLUMN,) if file.form == "txt" else description.text
        wanted = _wanted(description, split, file, texts)
        read = _READERS[file.form].rows(file, description.reading, wanted)
        has_id = bool(description.id) and file.form != "txt"
        yield from _records(file, read, len(texts), description, has_id)


def read_table(file: DataFile, reading: Reading) -> Table:
    """A file with all of its columns.

    Raises:
      UserError: it is not there, or not as it should be; of a row, when that is read.
    """
    return _READERS[file.form].table(file, reading)


def _wanted(description: Description, split: str, file: DataFile, texts: tuple[str, ...]) -> Wanted:
    """The texts, the label (a test set and an unlabelled one may be without), the id if any."""
    label = description.label
    id_column = (description.id,) if description.id and file.form != "txt" else ()
    optional = {label} - {*texts, *id_column} if split not in LABELLED else set()
    lists = frozenset({label} - {*texts, *id_column})
    return Wanted((*texts, label, *id_column), frozenset(optional), lists=lists)


def _records(
    file: DataFile, rows: Iterator[Row], texts: int, description: Description, has_id: bool
) -> Iterator[Record]:
    for number, row in enumerate(rows, 1):
        one_each = cast(tuple[str | None, ...], row)  # all but the label's, which may be a list
        given = [value or "" for value in one_each[:texts]]
        yield Record(
            file,
            number,
            (one_each[-1] or "") if has_id else f"{file.name}:{number}",
            tuple(given) if description.pair else (" ".join(given),),
            split_labels(row[texts], description.labels_separator),
            isinstance(row[texts], tuple),
        )


def split_labels(value: str | Labels | None, separator: str) -> tuple[str, ...]:
    """The labels of a document, each once, without white space around them.

    Args:
      value: of the label's column: a text, or what a list holds, each a label.
      separator: between the labels of a text; "": it is one.
    """
    if isinstance(value, str):
        value = tuple(value.split(separator)) if separator else (value,)
    stripped = [(one or "").strip() for one in value or ()]
    return tuple(dict.fromkeys(one for one in stripped if one))
