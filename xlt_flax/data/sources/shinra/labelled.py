"""Pages of a split with the leaves of the class list that they have."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from xlt_flax.data.sources.shinra.class_list import ClassList
from xlt_flax.data.sources.shinra.development import read_development
from xlt_flax.data.sources.shinra.pages import read_pages

# What is counted of a split's pages; those of several classes are given.
COUNTED = (WITHOUT_CLASS, WITHOUT_TEXT, OF_SEVERAL) = (
    "without_class",
    "without_text",
    "of_several_classes",
)


class LabelledPage(NamedTuple):
    """A page.

    Attributes:
      id: as text.
      title: "" if its line has none.
      leaves: ids of classes; of other classes there is nothing to learn.
    """

    id: str
    title: str
    leaves: tuple[str, ...]


def read_split(split: str, path: Path, classes: ClassList) -> Iterator[LabelledPage]:
    """Pages in the order of their lines; those of "unlabeled" have no class, whatever it says.

    Raises:
      UserError: as the file's reader, or there is no such class; names file and line.
    """
    return _READERS[split](path, classes)


def _training(path: Path, classes: ClassList) -> Iterator[LabelledPage]:
    for page in read_pages(path):
        classes.require(page.classes, f"{path}: line {page.number}")
        yield LabelledPage(page.id, page.title, _leaves(page.classes, classes))


def _development(path: Path, classes: ClassList) -> Iterator[LabelledPage]:
    for _, id, found in read_development(path, classes):
        yield LabelledPage(id, "", _leaves(found, classes))


def _target(path: Path, classes: ClassList) -> Iterator[LabelledPage]:
    for page in read_pages(path):
        yield LabelledPage(page.id, page.title, ())


def _leaves(ids: tuple[str, ...], classes: ClassList) -> tuple[str, ...]:
    return tuple(id for id in ids if classes.is_leaf(id))


_READERS: dict[str, Callable[[Path, ClassList], Iterator[LabelledPage]]] = {
    "train": _training,
    "test": _development,
    "unlabeled": _target,
}
