"""The documents of a split as its files have them: columns joined, labels by name, ids made."""

from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from xlt_flax.data.sources.files import delimited, json_lines, parquet, plain_text
from xlt_flax.data.sources.files.columns import Row, Table, Wanted
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
      label: as the file has it, without white space around it; "" for none.
    """

    file: DataFile
    number: int
    id: str
    texts: tuple[str, ...]
    label: str

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
        yield from _records(file, read, len(texts), description.pair, has_id)


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
    return Wanted((*texts, label, *id_column), frozenset(optional))


def _records(
    file: DataFile, rows: Iterator[Row], texts: int, pair: bool, has_id: bool
) -> Iterator[Record]:
    for number, row in enumerate(rows, 1):
        given = [value or "" for value in row[:texts]]
        yield Record(
            file,
            number,
            (row[-1] or "") if has_id else f"{file.name}:{number}",
            tuple(given) if pair else (" ".join(given),),
            (row[texts] or "").strip(),
        )
