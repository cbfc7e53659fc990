"""Predictions as sets of labels: their micro-F1, what they come to by group, and what is confused.

One label of a document is a set of one; no prediction is the empty set.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from xlt_flax.analysis.results import Evaluation


def labels_in(value: Hashable) -> frozenset[str]:
    """What `Evaluation` has of a document, its labels or predictions, as a set of names."""
    if value is None:
        return frozenset()
    return frozenset(map(str, value if isinstance(value, tuple) else (value,)))


def micro_f1(evaluation: Evaluation, rows: np.ndarray) -> np.ndarray:
    """What each document counts of a run's micro-F1: see `judged.Judged`.

    Micro-F1 is F = 2 ΣTP / ΣS, S being the number of labels that a document has and is given. The
    value F + (2 TP − F S) / mean S has F as its mean, and as its variance that of the ratio, to
    first order (Cochran 1977, Sampling Techniques, section 2.11). Where each document has one label
    and is given one, it is 1 if that is right, else 0.

    Args:
      evaluation: with predictions.
      rows: int (rows,), places of the documents that are counted.

    Returns:
      bool (rows,) where each document has one label and is given one, else float64 (rows,).
    """
    every = list(_pairs(evaluation))
    pairs = [every[row] for row in rows]
    hits = np.array([len(true & said) for true, said in pairs], float)
    sizes = np.array([len(true) + len(said) for true, said in pairs], float)
    if all(len(true) == len(said) == 1 for true, said in pairs):
        return hits > 0
    score = 2 * hits.sum() / sizes.sum()
    return score + (2 * hits - score * sizes) / sizes.mean()


def majority_f1(evaluation: Evaluation) -> float:
    """The micro-F1 of giving every document the most frequent label, and no other."""
    found = Counter(label for value in evaluation.labels for label in labels_in(value))
    return 2 * max(found.values(), default=0) / (found.total() + len(evaluation.labels))


@dataclass(frozen=True)
class Counts:
    """Decisions on a label, or on several of them, over documents.

    Attributes:
      right: true and predicted.
      said: predicted.
      true: of the documents.
    """

    right: int = 0
    said: int = 0
    true: int = 0

    @property
    def precision(self) -> float | None:
        return self.right / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        return self.right / self.true if self.true else None

    @property
    def f1(self) -> float | None:
        """None where there is neither truth nor guess."""
        return 2 * self.right / (self.said + self.true) if self.said + self.true else None


def counts_by(evaluation: Evaluation, group: Callable[[str], str]) -> dict[str, Counts]:
    """The decisions on all labels of each group: right is the very label."""
    return _counts(
        ([*map(group, true & said)], [*map(group, said)], [*map(group, true)])
        for true, said in _pairs(evaluation)
    )


def groups_counted(evaluation: Evaluation, group: Callable[[str], str]) -> dict[str, Counts]:
    """The decisions on the groups themselves: right is any label of a group that is true."""
    sets = (({*map(group, true)}, {*map(group, said)}) for true, said in _pairs(evaluation))
    return _counts((true & said, said, true) for true, said in sets)


def confused(evaluation: Evaluation) -> Counter[tuple[str, str]]:
    """(a label of a document that was missed, one that it was given instead) -> documents."""
    return Counter(
        (missed, wrong)
        for true, said in _pairs(evaluation)
        for missed in true - said
        for wrong in said - true
    )


def _pairs(evaluation: Evaluation) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """The labels that each document has, and those that it is given."""
    for true, said in zip(evaluation.labels, evaluation.predictions, strict=True):
        yield labels_in(true), labels_in(said)


def _counts(documents: Iterable[tuple[Collection[str], ...]]) -> dict[str, Counts]:
    """Of (right, said, true) names, repeats counted."""
    right, said, true = totals = Counter[str](), Counter[str](), Counter[str]()
    for document in documents:
        for total, names in zip(totals, document, strict=True):
            total.update(names)
    return {name: Counts(right[name], said[name], true[name]) for name in {**said, **true}}
