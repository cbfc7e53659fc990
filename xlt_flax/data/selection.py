"""The documents of one run: its mixture's training and validation parts, and the test sets."""

from dataclasses import dataclass

import numpy as np

from xlt_flax.data.corpus import Corpus
from xlt_flax.data.documents import Documents, concatenate
from xlt_flax.data.mixture import Group, draw_group, parse_mixture, without_repeats


@dataclass(frozen=True)
class Selection:
    """What a mixture draws.

    Attributes:
      groups: in the mixture's order.
      train, validation: the groups' documents, group after group.
      languages: str[training documents], the language of each.
    """

    groups: list[Group]
    train: Documents
    validation: Documents
    languages: np.ndarray


def select(corpus: Corpus, mixture: str, data) -> Selection:
    """Draws the mixture's documents.

    Args:
      corpus: where the documents come from.
      mixture: such as "E1D1F1"; "" selects nothing.
      data: the config's `data` (target_language, dedup, dedup_in_place, stratify, split_seed,
        sizes of groups).

    Raises:
      UserError: the mixture cannot be drawn.
    """
    groups = parse_mixture(mixture)
    pools = {g.language: _pool(corpus, g.language, data) for g in groups}
    draws = [
        draw_group(
            pools[group.language],
            group,
            seed=data.split_seed,
            train_documents=data.train_per_group,
            validation_documents=data.validation_per_group,
            stratify=data.stratify,
            replace_repeats=data.dedup_in_place,
            excluded=_excluded(corpus, group.language, data.target_language),
        )
        for group in groups
    ]
    drawn = list(zip(groups, draws, strict=True))
    return Selection(
        groups=groups,
        train=concatenate([pools[group.language].take(draw.train) for group, draw in drawn]),
        validation=concatenate(
            [pools[group.language].take(draw.validation) for group, draw in drawn]
        ),
        languages=np.repeat([group.language for group in groups], data.train_per_group),
    )


def needed_splits(mixture: str, target_language: str) -> list[tuple[str, str]]:
    """Every (language, split) that a run reads: its groups' pools, and the target's test set."""
    needed = {(target_language, "test")}
    for group in parse_mixture(mixture):
        splits = _pool_splits(group.language, target_language)
        needed |= {(group.language, split) for split in splits}
    return sorted(needed)


def test_documents(corpus: Corpus, language: str) -> Documents:
    """The test set of a language, whole and in the file's order."""
    return concatenate([corpus.store(language, "test")])


def _pool_splits(language: str, target_language: str) -> tuple[str, ...]:
    """What a language's groups are drawn from: its test set too, unless runs are judged by it."""
    return ("train",) if language == target_language else ("train", "test")


def _pool(corpus: Corpus, language: str, data) -> Documents:
    splits = _pool_splits(language, data.target_language)
    pool = concatenate([corpus.store(language, split) for split in splits])
    if not data.dedup or data.dedup_in_place:
        return pool
    return pool.take(
        without_repeats(pool.digests, _excluded(corpus, language, data.target_language))
    )


def _excluded(corpus: Corpus, language: str, target_language: str) -> np.ndarray | tuple:
    """S32[...], digests of the texts that dedup keeps out of a language's groups: those that runs
    are judged by."""
    return corpus.store(language, "test").digests if language == target_language else ()
