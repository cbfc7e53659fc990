"""Makes examples of a split's rows."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from xlt_flax.data.examples import Example
from xlt_flax.data.sources.files import plain_text
from xlt_flax.data.sources.files.description import Description, File, extension
from xlt_flax.data.sources.files.formats import read
from xlt_flax.data.sources.files.labels import Labels
from xlt_flax.data.sources.files.rows import Rows, Wanted
from xlt_flax.errors import UserError

log = logging.getLogger("xlt_flax")

_LABELLED = ("train", "validation")  # splits of which each row has a label


@dataclass
class Composer:
    """Makes the examples of one split, once.

    Attributes:
      description: of all files.
      language, split: of these.
      labels: that they may have.
    """

    description: Description
    language: str
    split: str
    labels: Labels
    _ids: set[str] = field(default_factory=set, init=False)
    _documents: int = field(default=0, init=False)
    _empty: int = field(default=0, init=False)

    def examples(self) -> Iterator[Example]:
        """
        Raises:
          UserError: a file is not as it should be, or there is no row; the message names file, row
            and column.
        """
        files = self.description.files[self.language, self.split]
        for file in files:
            for rows in read(file.path, self._wanted(file), self.description):
                yield from self._composed(file, rows)
        if not self._documents:
            raise UserError(f"{files[0].path}: the {self.language} {self.split} split has no row")
        if self._empty:
            log.info(
                "files: %s of %s %s %s documents have no text",
                *(f"{self._empty:,}", f"{self._documents:,}", self.language, self.split),
            )

    def _composed(self, file: File, rows: Rows) -> Iterator[Example]:
        texts, ids = self._texts(file, rows), self._ids_of(file, rows)
        labels = self._labels_of(file, rows)
        for one, text, label in zip(ids, texts, labels, strict=True):
            self._empty += not any(text)
            yield Example(one, text, label, self.language)
        self._documents += len(rows.numbers)

    # ---- Columns ---------------------------------------------------------------------------------

    def _wanted(self, file: File) -> Wanted:
        plain = _is_plain(file)
        needed = [*self._text_columns(file)]
        optional = []
        if self.description.id and not plain:
            needed.append(self.description.id)
        if self.split in _LABELLED:
            needed.append(self.description.label)
        elif self.split != "unlabeled" and not plain:
            optional.append(self.description.label)
        return Wanted(tuple(needed), tuple(optional))

    def _text_columns(self, file: File) -> tuple[str, ...]:
        """A line of plain text is the whole text, whatever other files call it."""
        if not _is_plain(file):
            return self.description.text
        if self.description.pair:
            raise UserError(f"{file.path}: pair = true wants two texts, and a .txt file has one")
        return (plain_text.COLUMN,)

    def _texts(self, file: File, rows: Rows) -> Iterator[tuple[str, ...]]:
        columns = [_without_none(rows.columns[name]) for name in self._text_columns(file)]
        if len(columns) == 1 or self.description.pair:
            return zip(*columns, strict=True)
        return ((" ".join(filter(None, parts)),) for parts in zip(*columns, strict=True))

    def _ids_of(self, file: File, rows: Rows) -> Sequence[str]:
        name = self.description.id
        if not name or _is_plain(file):
            ids = [f"{file.name}:{number}" for number in rows.numbers]
        else:
            ids = [
                value or self._refuse(file, number, name, "is empty: give each document its own")
                for number, value in zip(rows.numbers, rows.columns[name], strict=True)
            ]
        if name:
            self._require_new(file, rows, ids)
        return ids

    def _require_new(self, file: File, rows: Rows, ids: Sequence[str]) -> None:
        before = len(self._ids)
        for number, (place, one) in zip(rows.numbers, enumerate(ids, before + 1), strict=True):
            self._ids.add(one)
            if len(self._ids) < place:
                self._refuse(
                    file,
                    number,
                    self.description.id,
                    f"is {one!r}, which another {self.language} {self.split} document has: give "
                    "each its own",
                )

    def _labels_of(self, file: File, rows: Rows) -> Iterator[tuple[int, ...]]:
        name = self.description.label
        if self.split == "unlabeled" or name not in rows.columns or _lacks_labels(file, self.split):
            return (() for _ in rows.numbers)
        return map(self._label_of(file), rows.numbers, rows.columns[name])

    def _label_of(self, file: File) -> Callable[[int, str | None], tuple[int, ...]]:
        name, known = self.description.label, {}

        def numbers(number: int, value: str | None) -> tuple[int, ...]:
            found = known.get(value)
            if found is None:
                found = known[value] = self._numbers(file, number, name, value)
            return found

        return numbers

    def _numbers(self, file: File, number: int, name: str, value: str | None) -> tuple[int, ...]:
        if value and value.strip():
            return self.labels.numbers(value, _where(file, number, name))
        if self.split in _LABELLED:
            self._refuse(file, number, name, "is empty: label it, or name the file [unlabeled]")
        return ()

    def _refuse(self, file: File, number: int, name: str, what: str) -> str:
        raise UserError(f"{_where(file, number, name)} {what}")


def _where(file: File, number: int, column: str) -> str:
    return f"{file.path}: row {number}: {column!r}"


def _is_plain(file: File) -> bool:
    return extension(file.path.name) == "txt"


def _lacks_labels(file: File, split: str) -> bool:
    return _is_plain(file) and split not in _LABELLED


def _without_none(values: Sequence[str | None]) -> list[str]:
    return [value or "" for value in values]
