"""The documents of one run: its mixture's training and validation parts, and the test sets."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ml_collections import ConfigDict

from xlt_flax.data.corpus import Corpus
from xlt_flax.data.documents import Documents, concatenate
from xlt_flax.data.drawing import Draw, draw_part, without_repeats
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.mixture import Part, parse_mixture, parts_of
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


def select(corpus: Corpus, mixture: str, data: ConfigDict) -> Selection:
    """Draws the mixture's documents.

    Args:
      corpus: where the documents come from.
      mixture: such as "E1D1F1"; "" selects nothing.
      data: the config's `data` (target_language, dedup, dedup_in_place, stratify, split_seed,
        sizes of groups).

    Raises:
      UserError: the mixture cannot be drawn, or a document of it has no label.
    """
    labels = corpus.source.labels
    _require_one_class(labels, data)
    parts = parts_of(
        mixture, corpus.source.letters, data.train_per_group, data.validation_per_group
    )
    pools = {part.language: _pool(corpus, part.language, data) for part in parts}
    drawn = [(pools[part.language], _draw(corpus, pools, part, data)) for part in parts]
    train = concatenate([pool.take(draw.train) for pool, draw in drawn])
    validation = concatenate([pool.take(draw.validation) for pool, draw in drawn])
    for documents in (train, validation):
        _require_labels(documents, corpus)
    return Selection(parts, train, validation, labels)


def needed_splits(mixture: str, target_language: str, source: Source) -> list[tuple[str, str]]:
    """Every (language, split) that a run reads: its parts' pools, and the target's test set.

    Args:
      mixture: of the run.
      target_language: on whose test set it is judged.
      source: the data set.
    """
    needed = {(target_language, "test")}
    for group in parse_mixture(mixture, source.letters):
        language = source.letters[group.letter]
        needed |= {(language, split) for split in _pool_splits(source, language, target_language)}
    return sorted(needed)


def test_documents(corpus: Corpus, language: str) -> Documents:
    """The test set of a language, whole and in the file's order."""
    return concatenate([corpus.store(language, "test")])


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
        without_repeats(pool.digests, _excluded(corpus, language, data.target_language))
    )


def _draw(corpus: Corpus, pools: Mapping[str, Documents], part: Part, data: ConfigDict) -> Draw:
    return draw_part(
        pools[part.language],
        part,
        seed=data.split_seed,
        stratify=data.stratify,
        replace_repeats=data.dedup_in_place,
        excluded=_excluded(corpus, part.language, data.target_language),
    )


def _excluded(corpus: Corpus, language: str, target_language: str) -> np.ndarray | tuple:
    """S32[...], digests of the texts that dedup keeps out of a language's groups: those that runs
    are judged by."""
    return corpus.store(language, "test").digests if language == target_language else ()


def _require_one_class(labels: LabelSet, data: ConfigDict) -> None:
    for field in ("stratify", "dedup_in_place"):
        if labels.several and data[field]:
            raise UserError(
                f"config.data.{field} is True, but documents of {data.dataset} may have several "
                "labels, and so no class of their own: set it to False"
            )


def _require_labels(documents: Documents, corpus: Corpus) -> None:
    """Refuses documents that nothing can be learned from, or judged by."""
    without = np.flatnonzero(documents.label_counts == 0)
    if len(without):
        first = int(without[0])
        raise UserError(
            f"{corpus.source.name}: the {documents.languages[first]} document "
            f"{documents.ids[first]} has no label (nor have {len(without) - 1:,} others of "
            "these), and is to be trained on or to validate: label it, or leave it out of the data"
        )
