"""A user's own files as a data set."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.data.examples import Example, LabelSet
from xlt_flax.data.sources.files.composing import Composer
from xlt_flax.data.sources.files.description import Description, File, listed
from xlt_flax.data.sources.files.labels import Labels, first_rows, label_set
from xlt_flax.data.sources.files.remembered import Memory
from xlt_flax.data.sources.files.toml_file import read_toml
from xlt_flax.errors import UserError

_FORMAT = 1  # raise it when the same files become other examples


def make_source(data: ConfigDict) -> "FilesSource":
    """The files that `data.files` names; what is read of them is remembered in `data.data_dir`.

    Raises:
      UserError: there is no such folder or TOML file, or it names nothing that can be read.
    """
    memory = Memory(Path(data.data_dir).expanduser() / "xlt_flax_files")
    return FilesSource(describe(data.files), memory)


def describe(place: str) -> Description:
    """Reads a TOML file, or lists a folder; opens none of the files.

    Raises:
      UserError: there is nothing to read there, or a key or name means nothing.
    """
    if not place:
        raise UserError(
            "config.data.files is empty: give a folder of files named LANGUAGE.SPLIT.EXT, or a "
            "TOML file that names them"
        )
    path = Path(place).expanduser()
    if path.is_dir():
        return Description(listed(path))
    if not path.exists():
        raise UserError(f"config.data.files: there is no folder and no TOML file {path}")
    return read_toml(path)


@dataclass(eq=False)
class FilesSource:
    """Files of any languages (data/sources says what a source is).

    Attributes:
      description: which files, and what stands where in them.
      memory: of what was read of them before.
    """

    description: Description
    memory: Memory
    name = "files"

    @property
    def languages(self) -> tuple[str, ...]:
        return self.description.languages

    @property
    def letters(self) -> Mapping[str, str]:
        return {}

    @cached_property
    def labels(self) -> LabelSet:
        """Those that the description lists; else those of all training files, which are read."""
        if self.description.labels:
            return label_set((), self.description)
        return label_set(map(self._labels_of, self._training_files), self.description)

    def splits(self, language: str) -> tuple[str, ...]:
        return self.description.splits(language)

    def digest(self, language: str, split: str) -> str:
        """Of the files' bytes, of what the description says of them, and of the labels' order."""
        files = self._files(language, split)
        return self._digest(split, files, [self.memory.sha256(file.path) for file in files])

    def known_digest(self, language: str, split: str) -> str | None:
        """The same where the files have not changed since they were read."""
        if split not in self.splits(language) or not self._labels_are_known():
            return None
        files = self._files(language, split)
        known = [self.memory.known_sha256(file.path) for file in files]
        digests = [digest for digest in known if digest]
        return self._digest(split, files, digests) if len(digests) == len(files) else None

    def examples(self, language: str, split: str) -> Iterator[Example]:
        """Rows in the order of the files, and of each one's rows."""
        self._files(language, split)
        labels = Labels(self.labels, self.description.rename)
        return Composer(self.description, language, split, labels).examples()

    __hash__ = None  # type: ignore[assignment]  # what its files hold may change

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FilesSource) or self.description != other.description:
            return False
        return all(self.digest(*one) == other.digest(*one) for one in self.description.files)

    def _files(self, language: str, split: str) -> tuple[File, ...]:
        if (language, split) not in self.description.files:
            raise UserError(
                f"files: {language} has no {split} split; it has "
                f"{', '.join(self.splits(language)) or 'none'}"
            )
        return self.description.files[language, split]

    def _digest(self, split: str, files: tuple[File, ...], digests: list[str]) -> str:
        said = self.description
        facts = {
            "format": _FORMAT,
            "files": [[file.name, digest] for file, digest in zip(files, digests, strict=True)],
            "columns": [said.text, said.pair, said.id, said.label],
            "labels": self.labels.names if split != "unlabeled" else (),
            "rename": dict(said.rename) if split != "unlabeled" else {},
            "reader": asdict(said.reader),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    # ---- Labels ------------------------------------------------------------------------------

    @property
    def _training_files(self) -> list[File]:
        of_splits = self.description.files.items()
        return [file for (_, split), files in of_splits if split == "train" for file in files]

    def _labels_of(self, file: File) -> tuple[File, dict[str, int]]:
        question = self._question(file, self.memory.sha256(file.path))
        return file, self.memory.answer(question, lambda: first_rows(file, self.description))

    def _labels_are_known(self) -> bool:
        """Whether `labels` would read nothing but what is remembered."""
        if self.description.labels or "labels" in self.__dict__:
            return True
        known = [(file, self.memory.known_sha256(file.path)) for file in self._training_files]
        return all(
            d and self.memory.known_answer(self._question(f, d)) is not None for f, d in known
        )

    def _question(self, file: File, digest: str) -> dict:
        reader = asdict(self.description.reader)
        kind = "".join(file.path.suffixes[-2:])
        return {"labels": self.description.label, "of": digest, "kind": kind, "reader": reader}
