"""Draws the documents of a language for mixtures such as en:2000+de: the same ones on every
machine, for ever.

A language's documents have one order, by a digest of their ids and `data.split_seed`; a mixture
that asks for n of them gets the first n. So draws are nested: en:1000 is a part of en:2000, in
every mixture.

Where the data set brings no validation split, a share of the same documents validates. Which ones
depends on the place that a document has among those of its class, and on nothing else: of the
first n of a class, ceil(share · (n - 1)) validate, none of one and at least one of two. So no
document trains in one mixture and validates in another, and classes are as frequent in both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.drawing import Draw, classes_in_turn, places_in_class, without_repeats
from xlt_flax.data.order import hash_order
from xlt_flax.errors import UserError

_EXACT = 1e-9  # .1 · 30 is 3.0000000000000004 in some orders of multiplication: no document more


@dataclass(frozen=True)
class LanguagePool:
    """A language's labelled documents.

    Attributes:
      language: of all documents.
      train: of its training file.
      validation: of its validation file; None: it has none, and a share of `train` validates.
      excluded: S32[...], digests of texts that are not to be trained on where repeats are dropped.
    """

    language: str
    train: Documents
    validation: Documents | None
    excluded: np.ndarray | tuple = ()


def draw_language(
    pool: LanguagePool,
    count: int | None,
    *,
    seed: int,
    share: float,
    stratify: bool,
    dedup: bool,
    class_names: Sequence[str] | None,
    listed: bool = False,
) -> Draw:
    """Draws so many documents of a language.

    Args:
      pool: what it has.
      count: labelled documents, those that validate counted unless they have a file; None: all.
      seed: of the draw, `config.data.split_seed`.
      share: of the documents that validates, `config.data.validation_share`.
      stratify: as many documents of each class as of the rarest; where classes are `listed`, as
        far as each of them has any.
      dedup: only the first of each text, and none that the pool excludes.
      class_names: of the labels; None: documents may have several, and count as of one class.
      listed: whether classes are of a list (see LabelSet): one of them may have one document, which
        is trained on, or none.

    Returns:
      indices into `pool.train`, in its order; none for validation if the pool has its own.

    Raises:
      UserError: there are not so many, or a class has too few to validate as well.
    """
    kept = without_repeats(pool.train.digests, pool.excluded) if dedup else None
    documents = pool.train if kept is None else pool.train.take(kept)
    labels = np.zeros(len(documents), int) if class_names is None else documents.labels
    ordered = np.array(hash_order(documents.ids, seed, pool.language), np.int64)
    if stratify:
        ordered = np.array(classes_in_turn(ordered, labels, to_the_end=listed), np.int64)
    if count is not None and count > len(ordered):
        raise _too_few(pool.language, count, len(ordered), stratify, dedup)
    validates = np.zeros(len(ordered), bool)
    if pool.validation is None:
        if not listed:
            _require_two_of_each(labels[ordered], class_names, pool.language)
        validates = validation_places(labels[ordered], share)
    chosen, validates = ordered[:count], validates[:count]
    if pool.validation is None and not validates.any():
        raise _none_left(pool.language, len(chosen))
    train, validation = np.sort(chosen[~validates]), np.sort(chosen[validates])
    if kept is not None:
        train, validation = kept[train], kept[validation]
    return Draw(train.tolist(), validation.tolist())


def validation_places(labels: np.ndarray, share: float) -> np.ndarray:
    """bool[documents]: which of them validate, of documents in their language's order.

    Args:
      labels: int[documents], the class of each.
      share: that validates, above 0 and below 1.
    """
    place = places_in_class(labels)
    before = np.ceil(share * np.maximum(place - 1, 0) - _EXACT)
    return np.ceil(share * place - _EXACT) > before


def _require_two_of_each(
    labels: np.ndarray, class_names: Sequence[str] | None, language: str
) -> None:
    single = [number for number, count in zip(*_counted(labels), strict=True) if count == 1]
    if single:
        named = f" of class {class_names[single[0]]!r}" if class_names else ""
        raise UserError(
            f"{language} has one training document{named} and no validation file, so none is left "
            "to validate it: add documents, take it out, or name a validation file"
        )


def _counted(labels: np.ndarray) -> tuple[list[int], list[int]]:
    values, counts = np.unique(labels[labels >= 0], return_counts=True)
    return values.tolist(), counts.tolist()


def _too_few(language: str, count: int, there: int, stratify: bool, dedup: bool) -> UserError:
    how = " with as many of each class (config.data.stratify)" if stratify else ""
    how += " without repeats (config.data.dedup)" if dedup else ""
    return UserError(
        f"config.mixture names {count:,} {language} documents, but there are {there:,} to train "
        f"on{how}: name fewer, or all of them, {language}"
    )


def _none_left(language: str, documents: int) -> UserError:
    return UserError(
        f"config.mixture names {documents} {language} documents, each of another class, so none is "
        "left to validate: name more, or bring a validation file"
    )
