"""SHINRA as a data set of xlt_flax: pages and labels prepared once by TFDS, text from the dump.

TensorFlow is imported when pages are read, or the dataset is prepared, and not before.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xlt_flax.data.drawing import classes_in_turn
from xlt_flax.data.examples import Example, Examples, LabelSet
from xlt_flax.data.order import hash_order
from xlt_flax.data.sources._prepared import PreparedDataset
from xlt_flax.data.sources.shinra.class_list import ClassList, ClassNode, read_class_list
from xlt_flax.data.sources.shinra.dump import DumpPage, read_dump
from xlt_flax.data.sources.shinra.labelled import OF_SEVERAL
from xlt_flax.data.sources.shinra.raw_files import SPLITS, digests_of, find_files
from xlt_flax.errors import UserError

log = logging.getLogger("xlt_flax")

_VERSION = "1.0.0"
_FORM = 1  # raise it when the same files give other examples
_LANGUAGE = "ja"
TEXTS: Mapping[str, Callable[[DumpPage], tuple[str, ...]]] = {  # what `config.data.text` may be
    "text": lambda page: (page.text,),
    "title+text": lambda page: (f"{page.title} {page.text}",),
    "title,text": lambda page: (page.title, page.text),
}


class _Row(NamedTuple):
    """A page of the TFDS dataset: its id, and its labels' numbers."""

    id: str
    labels: tuple[int, ...]


@dataclass(frozen=True)
class ShinraSource:
    """Pages of Japanese Wikipedia (data/sources says what a source is).

    Attributes:
      name: of the TFDS dataset.
      text: one of TEXTS.
      several: whether pages of several classes are kept.
      sample: pages that are drawn of the training ones; 0: all.
      split_seed: of that draw.
      stratify: whether it takes classes in turn, as far as each has any.
      manual_dir: where the files are; read when they are needed only.
      data_dir: where the prepared dataset is kept.
    """

    name: str
    text: str
    several: bool
    sample: int
    split_seed: int
    stratify: bool
    manual_dir: Path = field(compare=False)
    data_dir: Path = field(compare=False)

    @property
    def languages(self) -> tuple[str, ...]:
        return (_LANGUAGE,)

    @property
    def letters(self) -> Mapping[str, str]:
        return {}

    @cached_property
    def labels(self) -> LabelSet:
        """The leaves of the class list.

        Raises:
          UserError: nothing is prepared, and the list is not there, or not as it should be.
        """
        return LabelSet(self.classes.leaves, self.several, listed=True)

    @cached_property
    def classes(self) -> ClassList:
        """All classes, with their names and what lies above them. Raises as `labels`."""
        noted = self._prepared.metadata()
        if noted is None:
            return read_class_list(find_files(self.manual_dir)["classes"])
        return ClassList(
            {
                id: ClassNode(id, english, japanese, tuple(children), parent)
                for id, english, japanese, children, parent in noted["classes"]
            }
        )

    def splits(self, language: str) -> tuple[str, ...]:
        """Training data; "test" where there is development data, "unlabeled" where there are
        target lines."""
        there = self._prepared.digests() or find_files(self.manual_dir)
        return tuple(split for split, what in SPLITS.items() if what in there)

    def digest(self, language: str, split: str) -> str:
        """Of the files that a split is made from, and of all that decides which pages it has."""
        made_of = self._prepared.digests() or self._prepared.prepare_once()
        for what, digest in self._digests_now().items():
            if made_of.get(what) != digest:
                raise UserError(
                    f"{self._prepared.folder} was prepared from another {what} file than is now in "
                    f"{self.manual_dir}: delete the former, or give the latter's old files"
                )
        if SPLITS.get(split) not in made_of:
            raise UserError(f"{self.name} has no split {split!r}, but {self.splits(language)}")
        return self._digest(split, made_of)

    def known_digest(self, language: str, split: str) -> str | None:
        """The same of what is prepared already; else None."""
        made_of = self._prepared.digests()
        known = made_of is not None and SPLITS.get(split) in made_of
        return self._digest(split, made_of or {}) if known else None

    def left_out(self, language: str, split: str) -> dict[str, int]:
        """{why: how many} of the pages that a split has not."""
        self.digest(language, split)
        noted = self._prepared.metadata() or {}
        kept = (OF_SEVERAL,) if self.several else ()
        counts = noted["counts"][split]
        return {why: n for why, n in counts.items() if n and why not in kept}

    def examples(self, language: str, split: str) -> Examples:
        """Pages in the order of the dump, which is read once, as a stream."""
        self.digest(language, split)
        wanted = self._wanted(split)
        if left_out := self.left_out(language, split):
            counts = ", ".join(f"{n:,} {why.replace('_', ' ')}" for why, n in left_out.items())
            log.info("%s %s: pages left out: %s", self.name, split, counts)
        return Examples(self._examples(wanted), len(wanted))

    def _examples(self, wanted: Mapping[str, tuple[int, ...]]) -> Iterator[Example]:
        """
        Args:
          wanted: {id: labels} of the pages that are given.
        """
        dump, given = find_files(self.manual_dir)["dump"], 0
        for page in read_dump(dump, wanted) if wanted else ():
            if page.text.strip():
                yield Example(page.id, self._texts(page), wanted[page.id], _LANGUAGE)
                given += 1
                if given == len(wanted):
                    return
        if given < len(wanted):
            raise UserError(f"{dump}: was changed while it was read: give the same command again")

    def _texts(self, page: DumpPage) -> tuple[str, ...]:
        return TEXTS[self.text](page)

    # ---- Which pages a split has -------------------------------------------------------------

    def _wanted(self, split: str) -> dict[str, tuple[int, ...]]:
        rows = [row for row in self._rows(split) if self.several or len(row.labels) < 2]
        if split == "train" and self.sample:
            rows = self._drawn(rows)
        return dict(rows)

    def _drawn(self, rows: list[_Row]) -> list[_Row]:
        """Nested: of two samples of a seed, the smaller one is a part of the larger one."""
        if self.sample > len(rows):
            raise UserError(
                f"config.data.sample is {self.sample}, but {self.name} has {len(rows)} pages to "
                "draw from: lower it, or give 0 for all of them"
            )
        ordered = hash_order([row.id for row in rows], self.split_seed, _LANGUAGE)
        if self.stratify:
            labels = np.array([row.labels[0] for row in rows])
            ordered = classes_in_turn(ordered, labels, to_the_end=True)
        return [rows[at] for at in ordered[: self.sample]]

    def _rows(self, split: str) -> Iterator[_Row]:
        number_of: dict[tuple[bytes, ...], tuple[int, ...]] = {}  # pages of a class share one tuple

        def row(read: dict[str, Any]) -> _Row:
            names = tuple(read["labels"].tolist())
            if names not in number_of:
                number_of[names] = tuple(self.labels.number_of(name.decode()) for name in names)
            return _Row(read["id"].decode(), number_of[names])

        return self._prepared.read(split, self._prepared.digests() or {}, row)

    # ---- What it is made from ----------------------------------------------------------------

    @property
    def _prepared(self) -> PreparedDataset:
        return PreparedDataset(
            self.name,
            _VERSION,
            "xlt_flax.data.sources.shinra.builder",
            self.data_dir,
            self.manual_dir,
            lambda: find_files(self.manual_dir)["train"].parent,
        )

    def _digests_now(self) -> dict[str, str]:
        """Of the files, if all are there, and this user may read them."""
        try:
            return digests_of(find_files(self.manual_dir), self.data_dir)
        except (UserError, PermissionError):
            return {}

    def _digest(self, split: str, made_of: Mapping[str, str]) -> str:
        drawn = (self.sample, self.split_seed, self.stratify) if self.sample else None
        content = {
            "form": _FORM,
            "files": [made_of[what] for what in (SPLITS[split], "classes", "dump")],
            "text": self.text,
            "several": self.several and split != "unlabeled",
            "drawn": drawn if split == "train" else None,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
