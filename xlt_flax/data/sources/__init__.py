"""What data sets are. Each module or package in this folder is one, of the name that
`config.data.dataset` gives; its `make_source(data)` makes a Source of the config's `data`. What
several of them share begins with an underscore."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from ml_collections import ConfigDict

from xlt_flax.data.examples import Example, LabelSet
from xlt_flax.errors import UserError


class Source(Protocol):
    """A data set. It is cheap to make: nothing is read until it is asked for.

    Two that are equal hold the same documents, wherever their files lie.

    Attributes:
      name: `config.data.dataset`; with language, split and id it says which document one is.
      languages: that it has.
      labels: that its examples may have.
      letters: {letter: language}, of the groups in names such as "E1D1"; empty if it has none.
    """

    @property
    def name(self) -> str: ...
    @property
    def languages(self) -> tuple[str, ...]: ...
    @property
    def labels(self) -> LabelSet: ...
    @property
    def letters(self) -> Mapping[str, str]: ...

    def splits(self, language: str) -> tuple[str, ...]:
        """Those of a language: "train", "test" and what else there is.

        Raises:
          UserError: the data is not there, or not as it should be.
        """

    def digest(self, language: str, split: str) -> str:
        """Of all that the split's examples are made from; prepares it where that is needed.

        Raises:
          UserError: as of `splits`, or there is no such split.
        """

    def known_digest(self, language: str, split: str) -> str | None:
        """The same where it is cheap to know; prepares nothing. None: it is not."""

    def examples(self, language: str, split: str) -> Iterator[Example]:
        """A stream of the split's examples, always in the same order.

        Raises:
          UserError: as of `digest`.
        """


def find_source(data: ConfigDict) -> Source:
    """The data set that a config names.

    Args:
      data: the config's `data`; which other fields count is the data set's own affair.

    Raises:
      UserError: there is no such data set, or it has not what the config names.
    """
    names = dataset_names()
    if data.dataset not in names:
        raise UserError(f"config.data.dataset is {data.dataset!r}: give one of {', '.join(names)}")
    return importlib.import_module(f"{__name__}.{data.dataset}").make_source(data)


def dataset_names() -> list[str]:
    """What `config.data.dataset` may be."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in names if not name.startswith("_"))


def left_out_of(source: Source, language: str, split: str) -> dict[str, int]:
    """{why: how many} of the documents that a data set has and gives none of, for its own reasons;
    it says so by a method `left_out`, if it has one.

    Raises:
      UserError: as `source.digest`.
    """
    left_out = getattr(source, "left_out", None)
    return left_out(language, split) if left_out else {}


def languages_named(values: Iterable[str], languages: Sequence[str]) -> list[str]:
    """The languages that values of --language name, in order, each once.

    Args:
      values: each a language, or several joined by commas.
      languages: of the data set.

    Raises:
      UserError: a name is not a language's.
    """
    names = [name.strip() for value in values for name in value.split(",")]
    if unknown := [name for name in names if name not in languages]:
        raise UserError(
            f"--language={unknown[0]}: give one of {', '.join(languages)}, or several joined by "
            "commas"
        )
    return list(dict.fromkeys(names))
