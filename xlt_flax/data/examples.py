"""What a data set gives: examples, and the names of their labels."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Example:
    """One document before it is tokenized.

    Attributes:
      id: unique in its data set, language and split.
      texts: one, or two that belong together.
      labels: numbers of a LabelSet; none, one, or several.
      language: of its texts.

    Raises:
      ValueError: there is no text, or more than two.
    """

    id: str
    texts: tuple[str, ...]
    labels: tuple[int, ...]
    language: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.texts) <= 2:
            raise ValueError(f"example {self.id!r} has {len(self.texts)} texts, not one or two")


class Examples(Iterator[Example]):
    """A stream of examples that knows how long it is (`operator.length_hint`)."""

    def __init__(self, stream: Iterator[Example], count: int):
        self._stream, self._count = stream, count

    def __next__(self) -> Example:
        return next(self._stream)

    def __length_hint__(self) -> int:
        return self._count


@dataclass(frozen=True)
class LabelSet:
    """The labels that documents may have; a label's number is its place in `names`.

    Attributes:
      names: of the labels, each once.
      several: whether a document may have more than one.
      listed: whether they are of a list that was there before the documents, which may have one or
        none of a label, instead of those that the training documents have.
    """

    names: tuple[str, ...]
    several: bool = False
    listed: bool = False

    def __len__(self) -> int:
        return len(self.names)

    def number_of(self, name: str) -> int:
        """
        Raises:
          KeyError: no label has that name.
        """
        return self._numbers[name]

    def named(self, numbers: Iterable[int]) -> list[str]:
        """The names of labels given by number."""
        return [self.names[number] for number in numbers]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}
