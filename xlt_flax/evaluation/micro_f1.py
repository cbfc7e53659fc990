"""Micro-averaged precision, recall and F1 over sets of classes, with intervals over pages.

All pages' counts are pooled, so each figure is a ratio of sums over pages, Σx / Σy. Its variance
is that of a ratio estimator, linear in the residuals x − r·y (Cochran, Sampling Techniques, 1977,
section 2.11). The interval is Wilson's (1927) for a proportion with as many trials as would have
that variance (Korn and Graubard, Survey Methodology 24, 1998): it stays within 0 and 1, is not
empty where all is right, and is Wilson's own where each page has one class.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LEVEL = 0.95
_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


@dataclass(frozen=True)
class Ratio:
    """A figure between 0 and 1; as text, "0.8715 [0.8650, 0.8780]".

    Attributes:
      value: 0 where nothing was counted.
      low, high: its interval.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class MicroF1:
    """What is right of sets of classes.

    Attributes:
      pages: how many are judged.
      right, predicted, answers: classes, of all pages together.
      precision: right / predicted.
      recall: right / answers.
      f1: 2 right / (predicted + answers), the harmonic mean of both.
    """

    pages: int
    right: int
    predicted: int
    answers: int
    precision: Ratio
    recall: Ratio
    f1: Ratio


def micro_f1(pairs: Iterable[tuple[Collection[str], Collection[str]]]) -> MicroF1:
    """
    Args:
      pairs: what is predicted of a page and what is the answer, each class once; none is allowed.

    Raises:
      ValueError: there is no page.
    """
    counts = np.array([*map(_counts, pairs)], np.int64).reshape(-1, 3)
    if not len(counts):
        raise ValueError("no pages")
    right, predicted, answers = counts.T
    return MicroF1(
        pages=len(counts),
        right=int(right.sum()),
        predicted=int(predicted.sum()),
        answers=int(answers.sum()),
        precision=ratio(right, predicted),
        recall=ratio(right, answers),
        f1=ratio(2 * right, predicted + answers),
    )


def ratio(above: np.ndarray, below: np.ndarray) -> Ratio:
    """Σ above / Σ below with its interval, of at least one page.

    Args:
      above, below: of each page, above ≤ below.
    """
    total = below.sum()
    value = float(above.sum() / total) if total else 0.0
    variance = float(np.square(above - value * below).sum() / total**2) if total else 0.0
    trials = value * (1 - value) / variance if variance else float(len(below))
    return Ratio(value, *_wilson(value, trials))


def _wilson(share: float, trials: float) -> tuple[float, float]:
    """The bounds of a share of so many trials."""
    square = _Z**2 / trials
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt((share * (1 - share) + square / 4) / trials)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _counts(pair: tuple[Collection[str], Collection[str]]) -> tuple[int, int, int]:
    predicted, answers = pair
    return len({*predicted} & {*answers}), len(predicted), len(answers)
