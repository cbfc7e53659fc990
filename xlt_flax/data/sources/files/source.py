"""Files of one's own as a Source: what data/sources says a data set is."""

import dataclasses
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from xlt_flax.data.examples import Example, Examples, LabelSet
from xlt_flax.data.remembered import remembered
from xlt_flax.data.sources.files.description import DataFile, Description
from xlt_flax.data.sources.files.labels import (
    have_several,
    renamed,
    require_known,
    require_one_each,
    training_labels,
)
from xlt_flax.data.sources.files.records import Record, records
from xlt_flax.data.sources.files.survey import Survey, survey
from xlt_flax.errors import UserError

log = logging.getLogger("xlt_flax")

_FORM = 1  # raise it when the same files give other examples


@dataclass(frozen=True, eq=False)
class FilesSource:
    """Text of one's own (data/sources says what a source is).

    Labels are those of all training files, of whatever language: no other file has a say in them,
    nor in whether a document may have several.

    Attributes:
      description: which files there are, and how they are read.
      data_dir: what was found out about them is kept there.
    """

    description: Description
    data_dir: Path

    @property
    def name(self) -> str:
        return "files"

    @property
    def languages(self) -> tuple[str, ...]:
        return self.description.languages

    @cached_property
    def labels(self) -> LabelSet:
        """Read from the training files.

        Raises:
          UserError: they are not as they should be.
        """
        surveys = [
            self._survey(language, "train")
            for language in self.languages
            if "train" in self.description.splits(language)
        ]
        several = have_several(self.description, surveys)
        for one in () if several else surveys:
            require_one_each(self.description, "train", one)
        return LabelSet(training_labels(self.description, surveys), several)

    @property
    def letters(self) -> Mapping[str, str]:
        return {}

    def splits(self, language: str) -> tuple[str, ...]:
        """Those that files are named for."""
        return self.description.splits(language)

    def digest(self, language: str, split: str) -> str:
        """Of the files' bytes and of what is said of them, but not of where they lie; the split is
        read once, and refused unless all of it is as it should be."""
        if (language, split) not in self.description.files:
            raise UserError(
                f"{self.description.place}: has no {language} {split} documents: give a file, "
                f"{language}.{split}.csv or {language} = … under [{split}]"
            )
        found, labels = self._survey(language, split), self.labels
        require_known(self.description, found, labels.names)
        if not labels.several:
            require_one_each(self.description, split, found)
        return self._digest(language, split)

    def known_digest(self, language: str, split: str) -> str | None:
        """The same, of files that are there; None: they are not, or cannot be read."""
        try:
            return self._digest(language, split)
        except (UserError, OSError, KeyError):
            return None

    def examples(self, language: str, split: str) -> Examples:
        """Documents in the order of their files; knows how many they are."""
        self.digest(language, split)
        found = self._survey(language, split)
        if found.empty:
            log.info(
                "%s %s: %s of %s documents have an empty text, and are documents like any other",
                *(language, split, f"{found.empty:,}", f"{found.documents:,}"),
            )
        return Examples(self._examples(language, split, found), found.documents)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same documents, wherever they lie."""
        if not isinstance(other, FilesSource):
            return NotImplemented
        if self.description == other.description:
            return True
        mine, others = self._content(), other._content()
        return None not in mine.values() and mine == others

    def __hash__(self) -> int:
        return hash((self.name, self.languages))

    def _content(self) -> dict[tuple[str, str], str | None]:
        return {key: self.known_digest(*key) for key in self.description.files}

    def _examples(self, language: str, split: str, found: Survey) -> Iterator[Example]:
        number_of = {
            label: self.labels.number_of(name)
            for label, name in renamed(self.description, found).items()
        }
        for record in records(self.description, language, split):
            labels = () if split == "unlabeled" else record.labels
            if not number_of.keys() >= {*labels}:
                raise _changed(record)
            numbers = dict.fromkeys(number_of[label] for label in labels)
            yield Example(record.id, record.texts, tuple(numbers), language)

    # ---- What is found out about files, once -------------------------------------------------

    def _survey(self, language: str, split: str) -> Survey:
        read = self._how_read(split) | {"split": split}
        files = self.description.files[language, split]
        found = self._remembered(
            files,
            {"survey": read},
            lambda: dataclasses.asdict(survey(self.description, language, split)),
        )
        return Survey(**found)

    def _digest(self, language: str, split: str) -> str:
        files = self.description.files[language, split]
        content = {
            "form": _FORM,
            "files": [[file.form, self._sha256(file)] for file in files],
            "named": None if self._have_ids(files) else [file.name for file in files],
            "read": self._how_read(split),
            "labels": None if split == "unlabeled" else self.labels.names,
            "rename": None if split == "unlabeled" else dict(self.description.rename),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _sha256(self, file: DataFile) -> str:
        return self._remembered((file,), {"sha256": None}, lambda: _sha256(file.path))

    def _have_ids(self, files: tuple[DataFile, ...]) -> bool:
        return bool(self.description.id) and all(file.form != "txt" for file in files)

    def _how_read(self, split: str) -> dict[str, Any]:
        """All of the description that decides what a row says."""
        said = self.description
        how = {
            "text": said.text,
            "pair": said.pair,
            "id": said.id,
            "label": None if split == "unlabeled" else said.label,
            "reading": dataclasses.asdict(said.reading),
        }
        if said.labels_separator and split != "unlabeled":
            how["labels_separator"] = said.labels_separator
        return how

    def _remembered(self, files: tuple[DataFile, ...], about: dict[str, Any], find: Any) -> Any:
        paths = [file.path for file in files]
        try:
            return remembered(self.data_dir / "xlt_flax_files", paths, about, find)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise UserError(
                f"{self.description.place}: there is no file {error.filename}: put it there, or "
                "say where it is"
            ) from None


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _changed(record: Record) -> UserError:
    return UserError(f"{record.where}: was changed while it was read: give the same command again")
