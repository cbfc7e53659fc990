"""The labels of a user's files: which there are, in which order, and their numbers."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from xlt_flax.data.examples import LabelSet
from xlt_flax.data.sources.files.description import Description, File
from xlt_flax.data.sources.files.formats import read
from xlt_flax.data.sources.files.rows import Wanted
from xlt_flax.errors import UserError

MOST = 10_000  # different labels; a column of more is another one
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


def first_rows(file: File, description: Description) -> dict[str, int]:
    """{label as the file has it: the first row that does}; rows without one are left out here.

    Raises:
      UserError: the file is not as it should be, or its labels are too many.
    """
    found: dict[str, int] = {}
    for rows in read(file.path, Wanted((description.label,)), description):
        for number, value in zip(rows.numbers, rows.columns[description.label], strict=True):
            if value and value not in found:
                found[value] = number
        if len(found) > MOST:
            raise UserError(
                f"{file.path}: column {description.label!r} has more than {MOST:,} different "
                "values: does it hold the labels? A TOML file says which does (label)"
            )
    return found


def label_set(found: Iterable[tuple[File, dict[str, int]]], description: Description) -> LabelSet:
    """The labels that a data set has.

    Args:
      found: the training files, each with its labels and the first row of each.
      description: the labels' order and new names, where it gives them.

    Raises:
      UserError: labels are renamed, but not this one.
    """
    if description.labels:
        return LabelSet(description.labels)
    names = set()
    for file, rows in found:
        for value, row in rows.items():
            if stripped := value.strip():
                where = f"{file.path}: row {row}: {description.label!r}"
                names.add(renamed(stripped, description.rename, where))
    return LabelSet(tuple(sorted(names, key=_key(names))))


def renamed(label: str, rename: Mapping[str, str], where: str) -> str:
    """
    Raises:
      UserError: labels are renamed, but not this one; `where` says of which row.
    """
    if rename and label not in rename:
        raise UserError(f"{where} is {label!r}, which rename does not list: add it there")
    return rename.get(label, label)


def _key(names: set[str]) -> Callable[[str], tuple[float, str]]:
    """What they are sorted by: numbers as numbers, where all are."""
    if all(map(_NUMBER.fullmatch, names)):
        return lambda name: (float(name), name)
    return lambda name: (0, name)


@dataclass(frozen=True)
class Labels:
    """Labels as files have them, and their numbers.

    Attributes:
      names: of the data set.
      rename: {label in a file: label}; empty: none is renamed.
    """

    names: LabelSet
    rename: Mapping[str, str]

    def numbers(self, label: str, where: str) -> tuple[int, ...]:
        """
        Args:
          label: as the file has it.
          where: its file, row and column, for the message.

        Raises:
          UserError: the data set has no such label.
        """
        name = renamed(label.strip(), self.rename, where)
        if name not in self.names.names:
            known = ", ".join(self.names.names[:20]) or "none"
            raise UserError(
                f"{where} is {name!r}, and no training file has that label (known are {known}): "
                "correct it, or list all in labels = […] of a TOML file"
            )
        return (self.names.number_of(name),)
