"""Intervals and tests for accuracies over blocks of runs and documents.

Two things vary at once, and cross: the runs (in blocks: draws of the training documents, or seeds)
and the test documents, which judge every run alike. For a mean over both,

    V = (MS_R + MS_J - MS_RJ) / (R N),   df = Satterthwaite's,   mean ± t_df sqrt(V)

with the mean squares of blocks, documents and their interaction is the two-way random-effects
analysis of variance (Searle, Casella and McCulloch 1992, chapter 4; Satterthwaite 1946, Biometrics
2; the same crossing of readers and cases in Obuchowski and Rockette 1995). Over six kinds of
simulated worlds, 2,000 each, the 95% intervals of four contrasts cover .93 to .96 with 3, 5 and 10
blocks (tests/analysis/test_coverage.py).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
POWER = 0.8
LEVEL = 0.05
_LEAST_DF = 1.0  # Satterthwaite's formula has a term less: by bad luck it says .01, and t is 1e100


class Interval(NamedTuple):
    """A 95% interval: [low, high] in the unit of what it bounds."""

    low: float
    high: float


@dataclass(frozen=True)
class Components:
    """Variances of one block's value on one document, as the analysis of variance splits them.

    Attributes:
      blocks: of a block's mean over all documents there are; 0 where it comes out negative.
      documents: of a document's mean over all blocks there are; likewise.
      rest: of what is left, one block on one document.
    """

    blocks: float
    documents: float
    rest: float


@dataclass(frozen=True)
class Estimate:
    """A mean over blocks and documents.

    Attributes:
      mean: the mean; a share.
      variance: of the mean.
      df: degrees of freedom of `variance`.
      blocks, documents: numbers of them.
      components: None with one block, whose `parts` are none either.
      floored: the variance came out negative, and is the larger one of `crossed`.
      raised_from: what Satterthwaite's formula gave, where it gave less than one degree of freedom
        and 1 is used; else None.
    """

    mean: float
    variance: float
    df: float
    blocks: int
    documents: int
    components: Components | None = None
    floored: bool = False
    raised_from: float | None = None

    @property
    def parts(self) -> tuple[float, float, float]:
        """Standard deviations that blocks, these documents and the rest give one block's mean."""
        found, documents = self.components or Components(0.0, 0.0, 0.0), self.documents
        return (
            math.sqrt(found.blocks),
            math.sqrt(found.documents / documents),
            math.sqrt(found.rest / documents),
        )

    @property
    def interval(self) -> Interval:
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, self.df)) * math.sqrt(self.variance)
        return Interval(self.mean - half, self.mean + half)

    @property
    def p(self) -> float:
        """Two-sided p-value of "the mean is 0", of the same t as the interval."""
        if not self.variance:
            return 1.0 if self.mean == 0 else 0.0
        return float(2 * stats.t.sf(abs(self.mean) / math.sqrt(self.variance), self.df))

    @property
    def detectable(self) -> float:
        """The mean that a study as sure as this one would see in 80% of its repetitions."""
        return t_quantiles(self.df) * math.sqrt(self.variance)


def t_quantiles(df: float) -> float:
    """How many standard errors a mean must be from 0 to be seen in 80% of all studies."""
    return float(sum(stats.t.ppf(share, df) for share in ((1 + CONFIDENCE) / 2, POWER)))


def share_interval(right: np.ndarray) -> Interval:
    """Wilson's (1927) score interval of one run's accuracy: over documents only.

    Args:
      right: bool (documents,).
    """
    result = stats.binomtest(int(right.sum()), len(right))
    return Interval(*map(float, result.proportion_ci(CONFIDENCE, "wilson")))


def crossed(values: np.ndarray) -> Estimate:
    """The mean over blocks and documents, with a variance that counts both as drawn.

    One block: the variance is the documents' alone, and speaks of this block's runs only.

    Args:
      values: float (blocks, documents), such as a contrast of right and wrong; at least two
        documents.
    """
    values = np.asarray(values, float)
    blocks, documents = values.shape
    mean = float(values.mean())
    if blocks == 1:
        variance = float(values.var(ddof=1)) / documents
        return Estimate(mean, variance, documents - 1, 1, documents)
    by_block, by_document = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    free = (blocks - 1, documents - 1, (blocks - 1) * (documents - 1))
    square = documents * float(by_block @ by_block) / free[0]
    square_documents = blocks * float(by_document @ by_document) / free[1]
    rest = values - mean - by_block[:, None] - by_document
    square_rest = float((rest**2).sum()) / free[2]
    components = Components(
        max(0.0, (square - square_rest) / documents),
        max(0.0, (square_documents - square_rest) / blocks),
        square_rest,
    )
    squares = (square, square_documents, square_rest)
    total = square + square_documents - square_rest
    floored = total <= 0
    if floored:
        squares = (max(square, square_rest), max(square_documents, square_rest), square_rest)
        total = squares[0] + squares[1] - square_rest
    spread = sum(s * s / f for s, f in zip(squares, free, strict=True))
    formula = total * total / spread if spread else float(free[0])
    return Estimate(
        mean,
        total / (blocks * documents),
        max(formula, _LEAST_DF),
        blocks,
        documents,
        components,
        floored,
        raised_from=formula if formula < _LEAST_DF else None,
    )


@dataclass(frozen=True)
class Exact:
    """An exact test.

    Attributes:
      p: two-sided p-value.
      least: the smallest p that so few values can give, whatever the difference.
    """

    p: float
    least: float


def sign_flip(values: Sequence[float] | np.ndarray) -> Exact:
    """Is the mean of blocks' contrasts 0? Counts all 2^n ways to choose their signs.

    Exact on the documents that judged the blocks: it does not count them as drawn.

    Args:
      values: one for each block; up to 40.
    """
    array = np.asarray(values, float)
    ways = 2.0 ** len(array)
    # Sums that are equal but for rounding count as equal, which one of 0 is to all others.
    reached = abs(array.sum()) - 1e-12 * np.abs(array).sum()
    if reached <= 0:
        return Exact(1.0, 2 / ways)
    half = len(array) // 2
    left, right = _signed_sums(array[:half]), np.sort(_signed_sums(array[half:]))
    above = len(right) - np.searchsorted(right, reached - left, "left")
    below = np.searchsorted(right, -reached - left, "right")
    return Exact(float((above + below).sum() / ways), 2 / ways)


def _signed_sums(values: np.ndarray) -> np.ndarray:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def permutation_test(first: Sequence[float], second: Sequence[float]) -> Exact:
    """Are two groups of numbers alike? Deals the group labels in every possible way."""
    arrangements = math.comb(len(first) + len(second), len(first))
    result = stats.permutation_test(
        (np.asarray(first), np.asarray(second)),
        lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis),
        permutation_type="independent",
        n_resamples=arrangements,  # so all of them, once each
        vectorized=True,
    )
    return Exact(float(result.pvalue), 2 / arrangements)


def tarone_holm(
    p_values: Sequence[float | None], least: Sequence[float], level: float = LEVEL
) -> list[float | None]:
    """Holm's (1979) step-down correction over the tests that could reject at all.

    A test whose least possible p is above the corrected level can never reject, so it need not be
    paid for: Tarone (1990, Biometrics 46) counts the k tests that can, for the smallest k with at
    most k tests of least p <= level / k. Which those are depends on no outcome, so Holm's over
    them keeps the level.

    Args:
      p_values: None is a test that is planned and not yet possible: it stays None, and is counted
        where its least p says so.
      least: the smallest p that each test can give; 0 where there is no such bound.
      level: of the family.

    Returns:
      Adjusted p-values; None also for tests that can never reject.
    """
    count = next(
        k for k in range(1, len(least) + 2) if sum(bound <= level / k for bound in least) <= k
    )
    able = [index for index, bound in enumerate(least) if bound <= level / count]
    known = sorted((p, index) for index in able if (p := p_values[index]) is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for rank, (p, index) in enumerate(known):
        running = max(running, min(1.0, p * (len(able) - rank)))
        adjusted[index] = running
    return adjusted


@dataclass(frozen=True)
class SeedSpread:
    """Spread over seeds, pooled over runs: standard deviation and its degrees of freedom."""

    sd: float
    freedom: int


def pooled_seed_spread(accuracies: Sequence[Sequence[float]]) -> SeedSpread | None:
    """Pools the variance over seeds of runs with at least two; None where there are none."""
    several = [np.asarray(values) for values in accuracies if len(values) > 1]
    freedom = sum(len(values) - 1 for values in several)
    if not freedom:
        return None
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in several)
    return SeedSpread(math.sqrt(squares / freedom), freedom)


def prediction_interval(accuracies: Sequence[float], spread: SeedSpread) -> Interval:
    """Where one more seed's accuracy on the same documents would fall, 95% of the time.

    It is what a number of one seed, reported elsewhere, is held against.
    """
    mean = float(np.mean(accuracies))
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, spread.freedom))
    half = t * spread.sd * math.sqrt(1 + 1 / len(accuracies))
    return Interval(mean - half, mean + half)
