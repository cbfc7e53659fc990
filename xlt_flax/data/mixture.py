"""Names of mixtures (section 4.1 of the thesis).

A mixture such as `E1E2D1` names groups. A group is a draw of training and validation documents
from its language's pool (data/drawing); groups of one language are disjoint. Which language a
letter stands for is the data set's affair (data/sources).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_uppercase

from xlt_flax.errors import UserError


@dataclass(frozen=True)
class Group:
    """One group of a mixture's name: the letter of its language, and its number counted from 1."""

    letter: str
    number: int

    @property
    def name(self) -> str:
        return f"{self.letter}{self.number}"


@dataclass(frozen=True)
class Part:
    """What a mixture takes of one language.

    Attributes:
      name: as the mixture spells it.
      language: of its documents.
      number: parts of one language and size are disjoint where their numbers differ; from 1.
      train, validation: how many documents it has of each.
    """

    name: str
    language: str
    number: int
    train: int
    validation: int


def parse_mixture(name: str, letters: Iterable[str] = ascii_uppercase) -> list[Group]:
    """The groups that a mixture's name lists; the empty name has none.

    Args:
      name: such as "E1D1F1".
      letters: that a data set has; any, where it does not matter which one it is.

    Raises:
      UserError: the name is not made of groups, or names one twice.
    """
    known = "".join(letters)
    if not re.fullmatch(f"([{known}][1-9])*" if known else "", name):
        one_of = "a letter" if known == ascii_uppercase else f"one of {', '.join(known) or 'none'}"
        raise UserError(
            f"config.mixture {name!r} is not a list of groups such as E1D1F1: a group is {one_of} "
            "and a number from 1 to 9"
        )
    groups = [Group(letter, int(number)) for letter, number in re.findall("(.)(.)", name)]
    repeated = [group.name for group, count in Counter(groups).items() if count > 1]
    if repeated:
        raise UserError(f"config.mixture {name!r} names {repeated[0]} more than once")
    return groups


def parts_of(mixture: str, letters: Mapping[str, str], train: int, validation: int) -> list[Part]:
    """The parts of a mixture of groups.

    Args:
      mixture: its name.
      letters: of the data set, {letter: language}.
      train, validation: documents of each group.

    Raises:
      UserError: as of `parse_mixture`.
    """
    return [
        Part(group.name, letters[group.letter], group.number, train, validation)
        for group in parse_mixture(mixture, letters)
    ]


def mixture_shape(groups: list[Group]) -> str:
    """How many groups each language has, most first: `3:0`, `2:1`, `1:1:1`, or `1` for one group.

    The target language's groups count as any other; configs say which shapes they take.
    """
    counts = sorted(Counter(group.letter for group in groups).values(), reverse=True)
    return "3:0" if counts == [3] else ":".join(map(str, counts))
