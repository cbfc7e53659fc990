"""The documents of one run: its mixture's training and validation parts, and the test sets."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from ml_collections import ConfigDict

from xlt_flax.data.corpus import Corpus
from xlt_flax.data.documents import Documents, concatenate
from xlt_flax.data.drawing import draw_part, without_repeats
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.language_parts import LanguagePool, draw_language
from xlt_flax.data.mixture import (
    Amount,
    Group,
    Part,
    counts_of,
    documents_of_groups,
    parse_mixture,
    parts_of_groups,
)
from xlt_flax.data.sources import Source
from xlt_flax.errors import UserError


@dataclass(frozen=True)
class Selection:
    """What a mixture draws.

    Attributes:
      parts: in the mixture's order.
      train, validation: the parts' documents, part after part.
      labels: that they may have.
    """

    parts: list[Part]
    train: Documents
    validation: Documents
    labels: LabelSet

    @property
    def languages(self) -> np.ndarray:
        """str[training documents], the language of each."""
        return self.train.languages


@dataclass(frozen=True)
class _Drawn:
    """The documents of one part of a mixture."""

    part: Part
    train: Documents
    validation: Documents


def select(corpus: Corpus, mixture: str, data: ConfigDict) -> Selection:
    """Draws the mixture's documents.

    Args:
      corpus: where the documents come from.
      mixture: such as "E1D1F1" or "en:2000+de"; "" selects nothing.
      data: the config's `data` (target_language, dedup, dedup_in_place, stratify, split_seed,
        budget, validation_share, sizes of groups).

    Raises:
      UserError: the mixture cannot be drawn, or a document of it has no label.
    """
    return select_all(corpus, [mixture], data)


def select_all(corpus: Corpus, mixtures: Iterable[str], data: ConfigDict) -> Selection:
    """Draws the documents of several mixtures; a part that several have is there once.

    Arguments and errors as of `select`.
    """
    labels = corpus.source.labels
    _require_one_class(labels, data)
    parts: dict[Part, _Drawn] = {}
    for mixture in mixtures:
        parts |= {drawn.part: drawn for drawn in _drawn(corpus, mixture, data, parts)}
    train = concatenate([drawn.train for drawn in parts.values()])
    validation = concatenate([drawn.validation for drawn in parts.values()])
    for documents in (train, validation):
        _require_labels(documents, corpus)
    return Selection(list(parts), train, validation, labels)


def count_training(corpus: Corpus, mixture: str, data: ConfigDict) -> int:
    """How many documents a mixture trains on; of groups, nothing is read to know.

    Arguments and errors as of `select`.
    """
    parsed = parse_mixture(mixture, corpus.source.letters)
    if any(isinstance(part, Amount) for part in parsed):
        return len(select(corpus, mixture, data).train)
    return documents_of_groups(parsed, data.train_per_group)


def needed_splits(
    mixture: str, target_language: str, source: Source, evaluated: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Every (language, split) that a run reads: of its parts, and the target's test set, if any.

    Args:
      mixture: of the run.
      target_language: on whose test set it is judged.
      source: the data set.
      evaluated: languages whose test sets are evaluated in training.
    """
    needed = {(target_language, "test")} & {
        (target_language, split) for split in source.splits(target_language)
    }
    needed |= {(language, "test") for language in evaluated}
    for part in parse_mixture(mixture, source.letters):
        if isinstance(part, Group):
            language = source.letters[part.letter]
            splits = _pool_splits(source, language, target_language)
        else:
            language, splits = part.language, _labelled_splits(source, part.language)
        needed |= {(language, split) for split in splits}
    return sorted(needed)


def test_documents(corpus: Corpus, language: str) -> Documents:
    """The test set of a language, whole and in the file's order; empty where there is none."""
    if "test" not in corpus.source.splits(language):
        return concatenate([])
    return concatenate([corpus.store(language, "test")])


def _drawn(
    corpus: Corpus, mixture: str, data: ConfigDict, known: Iterable[Part]
) -> Iterator[_Drawn]:
    """The parts of a mixture, those that are known left out."""
    parsed = parse_mixture(mixture, corpus.source.letters)
    groups = [part for part in parsed if isinstance(part, Group)]
    if groups:
        yield from _drawn_groups(corpus, groups, data, known)
    else:
        yield from _drawn_amounts(corpus, [p for p in parsed if isinstance(p, Amount)], data)


# ---- Groups --------------------------------------------------------------------------------------


def _drawn_groups(
    corpus: Corpus, groups: Sequence[Group], data: ConfigDict, known: Iterable[Part]
) -> Iterator[_Drawn]:
    letters, sizes = corpus.source.letters, (data.train_per_group, data.validation_per_group)
    parts = [part for part in parts_of_groups(groups, letters, *sizes) if part not in known]
    pools = {part.language: _pool(corpus, part.language, data) for part in parts}
    for part in parts:
        pool = pools[part.language]
        draw = draw_part(
            pool,
            part,
            seed=data.split_seed,
            stratify=data.stratify,
            replace_repeats=data.dedup_in_place,
            excluded=_judged_by(corpus, part.language, data.target_language),
        )
        yield _Drawn(part, pool.take(draw.train), pool.take(draw.validation))


def _pool_splits(source: Source, language: str, target_language: str) -> tuple[str, ...]:
    """What a language's groups are drawn from: its test set too, unless runs are judged by it."""
    if language == target_language or "test" not in source.splits(language):
        return ("train",)
    return ("train", "test")


def _pool(corpus: Corpus, language: str, data: ConfigDict) -> Documents:
    splits = _pool_splits(corpus.source, language, data.target_language)
    pool = concatenate([corpus.store(language, split) for split in splits])
    if not data.dedup or data.dedup_in_place:
        return pool
    return pool.take(
        without_repeats(pool.digests, _judged_by(corpus, language, data.target_language))
    )


def _judged_by(corpus: Corpus, language: str, target_language: str) -> np.ndarray | tuple:
    """S32[...], digests of the texts that dedup keeps out of what is drawn of a language: those
    that runs are judged by."""
    return test_documents(corpus, language).digests if language == target_language else ()


# ---- Languages -----------------------------------------------------------------------------------


def _drawn_amounts(corpus: Corpus, amounts: Sequence[Amount], data: ConfigDict) -> Iterator[_Drawn]:
    labels = corpus.source.labels
    for amount, count in zip(amounts, counts_of(amounts, data.budget).values(), strict=True):
        pool = _language_pool(corpus, amount.language, data)
        draw = draw_language(
            pool,
            count,
            seed=data.split_seed,
            share=data.validation_share,
            stratify=data.stratify,
            dedup=data.dedup,
            class_names=None if labels.several else labels.names,
            listed=labels.listed,
        )
        own = pool.train.take(draw.validation) if pool.validation is None else pool.validation
        part = Part(amount.name, amount.language, 1, len(draw.train), len(own))
        yield _Drawn(part, pool.train.take(draw.train), own)


def _language_pool(corpus: Corpus, language: str, data: ConfigDict) -> LanguagePool:
    stores = {
        split: concatenate([corpus.store(language, split)])
        for split in _labelled_splits(corpus.source, language)
    }
    validation = stores.get("validation")
    excluded = [] if validation is None else [validation.digests]
    excluded += [np.asarray(_judged_by(corpus, language, data.target_language), "S32")]
    return LanguagePool(language, stores["train"], validation, np.concatenate(excluded))


def _labelled_splits(source: Source, language: str) -> tuple[str, ...]:
    """What a language's part of a mixture is drawn from, and validated by."""
    splits = source.splits(language)
    if "train" not in splits:
        raise UserError(
            f"config.mixture names {language}, but {source.name} has no training documents of it "
            f"(it has {', '.join(splits) or 'nothing'}): name a language that has"
        )
    return tuple(split for split in ("train", "validation") if split in splits)


# ---- What is refused -----------------------------------------------------------------------------


def _require_one_class(labels: LabelSet, data: ConfigDict) -> None:
    for field in ("stratify", "dedup_in_place"):
        if labels.several and data[field]:
            raise UserError(
                f"config.data.{field} is True, but documents of {data.dataset} may have several "
                "labels, and so no class of their own: set it to False"
            )


def _require_labels(documents: Documents, corpus: Corpus) -> None:
    """Refuses documents that nothing can be learned from, or judged by: where documents may have
    several labels, that one has none of them says something."""
    if corpus.source.labels.several:
        return
    without = np.flatnonzero(documents.label_counts == 0)
    if len(without):
        first = int(without[0])
        raise UserError(
            f"{corpus.source.name}: the {documents.languages[first]} document "
            f"{documents.ids[first]} has no label (nor have {len(without) - 1:,} others of "
            "these), and is to be trained on or to validate: label it, or leave it out of the data"
        )
