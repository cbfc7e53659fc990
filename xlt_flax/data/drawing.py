"""Draws the documents of a mixture's parts: the same ones on every machine, for ever."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.mixture import Part
from xlt_flax.data.order import hash_order
from xlt_flax.errors import UserError


@dataclass(frozen=True)
class Draw:
    """Indices into a language's pool."""

    train: list[int]
    validation: list[int]


def without_repeats(digests: np.ndarray, excluded: np.ndarray | tuple = ()) -> np.ndarray:
    """Indices of the documents to keep: the first of each text, and none that is in `excluded`."""
    _, first = np.unique(digests, return_index=True)
    first.sort()
    return first[~np.isin(digests[first], excluded)]


def draw_part(
    pool: Documents,
    part: Part,
    *,
    seed: int,
    stratify: bool,
    replace_repeats: bool = False,
    excluded: np.ndarray | tuple = (),
) -> Draw:
    """Draws one part.

    The draw depends on the seed and the documents' ids alone, so it is the same on every machine,
    and a document that deduplication took away moves no other to another place in the order.

    Args:
      pool: the language's documents.
      part: which part of the language.
      seed: of the draw, `config.data.split_seed`: training seeds share their groups.
      stratify: as many documents of each class, instead of as the draw gives them.
      replace_repeats: put other documents in the places of repeats (see `_replaced`).
      excluded: S32[...], digests of texts that count as repeats then.

    Raises:
      UserError: the pool is too small for a part of this number and size.
    """
    size = part.train + part.validation
    ordered = list(hash_order(pool.ids, seed, part.language))
    if stratify:
        ordered = classes_in_turn(ordered, pool.labels)
    if replace_repeats:
        ordered = _replaced(ordered, pool, excluded, size)
    if part.number * size > len(ordered):
        raise _too_small(part, len(ordered), stratify, replace_repeats)
    drawn = ordered[(part.number - 1) * size : part.number * size]
    return Draw(train=drawn[: part.train], validation=drawn[part.train :])


def _too_small(part: Part, documents: int, stratify: bool, replace_repeats: bool) -> UserError:
    what, way_out = f"{documents} {part.language} documents", ""
    if stratify:
        what += " with as many of each class (config.data.stratify)"
    if replace_repeats:
        what += ", repeats replaced by others of their class (config.data.dedup_in_place),"
        way_out = "" if stratify else "set config.data.stratify=True, "
    return UserError(
        f"config.mixture names {part.name}, but {what} "
        f"make only {documents // (part.train + part.validation)} groups of {part.train} + "
        f"{part.validation}: {way_out}name another group, or lower "
        "config.data.train_per_group"
    )


def _replaced(
    ordered: Sequence[int], pool: Documents, excluded: np.ndarray | tuple, size: int
) -> list[int]:
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
    places = int(kept.sum()) // size * size
    spares = {
        label: iter((places + np.flatnonzero(kept[places:] & (labels[places:] == label))).tolist())
        for label in np.unique(labels)
    }
    replaced = []
    for place in range(places):
        filled = place if kept[place] else next(spares[labels[place]], None)
        if filled is None:
            break
        replaced.append(ordered[filled])
    return replaced


def classes_in_turn(
    ordered: Sequence[int] | np.ndarray, labels: np.ndarray, to_the_end: bool = False
) -> list[int]:
    """Documents of each class in turn, each class in its order; those without a label have none.

    Args:
      ordered: indices of documents.
      labels: of all documents.
      to_the_end: go on without the classes that have no more, instead of ending with the rarest.
    """
    indices = np.asarray(ordered, np.int64)
    indices = indices[labels[indices] >= 0]
    classes = labels[indices]
    turns = places_in_class(classes)
    in_turn = np.lexsort((classes, turns))
    if not to_the_end and len(indices):
        in_turn = in_turn[turns[in_turn] < np.unique(classes, return_counts=True)[1].min()]
    return indices[in_turn].tolist()


def places_in_class(labels: np.ndarray) -> np.ndarray:
    """int64[documents], counted from 0: how many of its class come before each."""
    by_class = np.argsort(labels, kind="stable")
    ordered = labels[by_class]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[begins, len(ordered)])
    places = np.empty(len(labels), np.int64)
    places[by_class] = np.arange(len(ordered)) - np.repeat(begins, sizes)
    return places
