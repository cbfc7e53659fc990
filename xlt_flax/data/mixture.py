"""From a mixture's name to its documents (section 4.1 of the thesis).

A mixture such as `E1E2D1` names groups. A group is a draw of training and validation documents
from its language's pool; groups of one language are disjoint. The pool of English, German and
French is train and test together; the target language's is train alone, since test is what runs
are judged by.
"""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.order import hash_order
from xlt_flax.data.sources.webis_cls10.languages import LANGUAGE_OF_LETTER
from xlt_flax.errors import UserError

_LETTERS = "".join(LANGUAGE_OF_LETTER)
_LETTER_OF_LANGUAGE = {language: letter for letter, language in LANGUAGE_OF_LETTER.items()}


@dataclass(frozen=True)
class Group:
    """One group of a mixture: its language, and its number counted from 1."""

    language: str
    number: int

    @property
    def name(self) -> str:
        return f"{_LETTER_OF_LANGUAGE[self.language]}{self.number}"


@dataclass(frozen=True)
class Draw:
    """Indices into a language's pool."""

    train: list[int]
    validation: list[int]


def parse_mixture(name: str) -> list[Group]:
    """The groups that a mixture's name lists; the empty name has none.

    Raises:
      UserError: the name is not made of groups, or names one twice.
    """
    if not re.fullmatch(f"([{_LETTERS}][1-9])*", name):
        raise UserError(
            f"config.mixture {name!r} is not a list of groups such as E1D1F1: a group is one of "
            f"{', '.join(_LETTERS)} and a number from 1 to 9"
        )
    groups = [
        Group(LANGUAGE_OF_LETTER[letter], int(number))
        for letter, number in re.findall("(.)(.)", name)
    ]
    repeated = [group.name for group, count in Counter(groups).items() if count > 1]
    if repeated:
        raise UserError(f"config.mixture {name!r} names {repeated[0]} more than once")
    return groups


def mixture_shape(groups: list[Group]) -> str:
    """How many groups each language has, most first: `3:0`, `2:1`, `1:1:1`, or `1` for one group.

    The target language's groups count as any other; configs say which shapes they take.
    """
    counts = sorted(Counter(group.language for group in groups).values(), reverse=True)
    return "3:0" if counts == [3] else ":".join(map(str, counts))


def without_repeats(digests: np.ndarray, excluded=()) -> np.ndarray:
    """Indices of the documents to keep: the first of each text, and none that is in `excluded`."""
    _, first = np.unique(digests, return_index=True)
    first.sort()
    return first[~np.isin(digests[first], excluded)]


def draw_group(
    pool: Documents,
    group: Group,
    *,
    seed: int,
    train_documents: int,
    validation_documents: int,
    stratify: bool,
    replace_repeats: bool = False,
    excluded: np.ndarray | tuple = (),
) -> Draw:
    """Draws one group.

    The draw depends on the seed and the documents' ids alone, so it is the same on every machine,
    and a document that deduplication took away moves no other to another place in the order.

    Args:
      pool: the language's documents.
      group: which group of the language.
      seed: of the draw, `config.data.split_seed`: training seeds share their groups.
      train_documents, validation_documents: the group's size.
      stratify: half of each part positive, instead of as the draw gives it.
      replace_repeats: put other documents in the places of repeats (see `_replaced`).
      excluded: S32[...], digests of texts that count as repeats then.

    Raises:
      UserError: the pool is too small for a group of this number and size.
    """
    size = train_documents + validation_documents
    ordered = hash_order(pool.ids, seed, group.language)
    if stratify:
        ordered = _alternate_labels(ordered, pool.labels)
    if replace_repeats:
        ordered = _replaced(ordered, pool, excluded, size)
    if group.number * size > len(ordered):
        what, way_out = f"{len(ordered)} {group.language} documents", ""
        if replace_repeats:
            what += ", repeats replaced by others of their class (config.data.dedup_in_place),"
            way_out = "" if stratify else "set config.data.stratify=True, "
        raise UserError(
            f"config.mixture names {group.name}, but {what} "
            f"make only {len(ordered) // size} groups of {train_documents} + "
            f"{validation_documents}: {way_out}name another group, or lower "
            "config.data.train_per_group"
        )
    drawn = ordered[(group.number - 1) * size : group.number * size]
    return Draw(train=drawn[:train_documents], validation=drawn[train_documents:])


def _replaced(ordered: list[int], pool: Documents, excluded, size: int) -> list[int]:
    """The places of groups, with another document in that of each repeat.

    A repeat is a text that came before in the order, or is excluded. Its place goes to the first
    document of its class that no group has; all others stay where they are, so groups share as
    many documents as they can with those drawn without deduplication, and have their classes.

    Args:
      ordered: indices into the pool.
      size: of a group.

    Returns:
      indices, which end before the first repeat that there is nothing left to replace with.
    """
    labels, kept = pool.labels[ordered], np.zeros(len(ordered), bool)
    kept[without_repeats(pool.digests[ordered], excluded)] = True
    places = kept.sum() // size * size
    spares = {
        label: iter(places + np.flatnonzero(kept[places:] & (labels[places:] == label)))
        for label in np.unique(labels)
    }
    replaced = []
    for place in range(places):
        filled = place if kept[place] else next(spares[labels[place]], None)
        if filled is None:
            break
        replaced.append(ordered[filled])
    return replaced


def _alternate_labels(ordered: list[int], labels: np.ndarray) -> list[int]:
    """As many of both labels as there are of the rarer, in turn, each in its order."""
    negative = [index for index in ordered if labels[index] == 0]
    positive = [index for index in ordered if labels[index] == 1]
    return [index for pair in zip(negative, positive, strict=False) for index in pair]
