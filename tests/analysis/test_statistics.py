"""Statistics against known answers: by hand, by scipy, by counting every case."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xlt_flax.analysis import statistics


def values_with(blocks, documents, rest, shape=(6, 40), seed=0):
    """Values whose three kinds of deviations have these standard deviations."""
    rng = np.random.default_rng(seed)
    return (
        0.03
        + blocks * rng.normal(size=(shape[0], 1))
        + documents * rng.normal(size=shape[1])
        + rest * rng.normal(size=shape)
    )


def test_one_runs_interval_is_the_binomials():
    right = np.arange(2000) < 1462  # .7310, the thesis's E1E2E3
    exact = stats.binom.ppf([0.025, 0.975], 2000, 0.731) / 2000
    assert statistics.share_interval(right) == pytest.approx(tuple(exact), abs=0.001)
    low, high = statistics.share_interval(np.ones(20, bool))
    assert low < 0.9  # twenty right of twenty are no proof of 1
    assert high == pytest.approx(1)


def test_crossed_by_hand():
    """Two blocks, two documents: every mean square is one square."""
    found = statistics.crossed(np.array([[0.0, 1.0], [1.0, 4.0]]))
    # means of blocks .5 and 2.5, of documents .5 and 2.5, of all 1.5: squares 4, 4, and rest 1
    assert found.mean == 1.5
    assert found.variance == pytest.approx((4 + 4 - 1) / 4)
    assert found.df == pytest.approx((4 + 4 - 1) ** 2 / (4**2 + 4**2 + 1))
    assert found.components == statistics.Components(1.5, 1.5, 1)
    half = stats.t.ppf(0.975, found.df) * np.sqrt(7 / 4)
    assert found.interval == pytest.approx((1.5 - half, 1.5 + half))


@pytest.mark.parametrize(
    ("blocks", "documents", "rest"), [(0.02, 0.1, 0.3), (0, 0.2, 0.2), (0.05, 0, 0.1)]
)
def test_the_mean_squares_are_the_analysis_of_variances(blocks, documents, rest):
    """The sums of squares by projection, and what is expected of a variance's parts."""
    values = values_with(blocks, documents, rest)
    rows, columns = values.shape
    found = statistics.crossed(values)
    projected = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    square_rest = (projected**2).sum() / ((rows - 1) * (columns - 1))
    square = columns * values.mean(axis=1).var(ddof=1)
    square_documents = rows * values.mean(axis=0).var(ddof=1)
    assert found.variance == pytest.approx(
        (square + square_documents - square_rest) / (rows * columns)
    )
    assert found.components.rest == pytest.approx(square_rest)
    assert found.components.blocks == pytest.approx(max(0, (square - square_rest) / columns))


def test_the_variance_is_that_of_many_such_means():
    """2,000 studies: the mean of the estimated variances is the variance of the means."""
    found = [
        statistics.crossed(values_with(0.02, 0.1, 0.3, shape=(4, 30), seed=seed))
        for seed in range(2000)
    ]
    true = 0.02**2 / 4 + 0.1**2 / 30 + 0.3**2 / 120
    assert np.mean([each.variance for each in found]) == pytest.approx(true, rel=0.05)
    assert np.var([each.mean for each in found]) == pytest.approx(true, rel=0.1)


def test_one_block_is_over_documents_only():
    values = values_with(0, 1, 0, shape=(1, 50))
    found = statistics.crossed(values)
    low, high = stats.t.interval(0.95, 49, values.mean(), stats.sem(values[0]))
    assert found.interval == pytest.approx((low, high))
    assert found.components is None


def test_a_negative_variance_is_replaced_and_said():
    """Blocks closer to each other than their noise allows: the estimate comes out below zero."""
    values = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    found = statistics.crossed(values)
    assert found.floored
    # the mean squares are 0, 0 and 2/3: the larger of each with the rest's, 2/3 + 2/3 - 2/3
    assert found.variance == pytest.approx((2 / 3) / 8)
    assert not statistics.crossed(values_with(0.1, 0.1, 0.1)).floored


def test_the_degrees_of_freedom_never_make_an_interval_endless():
    """MS_R + MS_J - MS_RJ close to 0 made df .004 and an interval of 1e147 points."""
    worst = 1.0
    for seed in range(400):
        found = statistics.crossed(values_with(0, 0, 0.3, shape=(3, 30), seed=seed))
        worst = min(worst, found.df)
        assert (found.raised_from is not None) == (found.df == 1.0)
        assert np.isfinite(found.interval).all()
        assert found.interval.high - found.interval.low < 2
    assert worst == 1.0  # it does happen


def test_nothing_varies():
    found = statistics.crossed(np.full((3, 5), 0.25))
    assert found.interval == (0.25, 0.25)
    assert found.p == 0
    assert statistics.crossed(np.zeros((3, 5))).p == 1


@given(st.lists(st.integers(-40, 40), min_size=2, max_size=9))
def test_the_sign_flip_counts_every_choice_of_signs(counts):
    values = np.array(counts) / 100
    signs = np.array(list(product([-1, 1], repeat=len(values))))
    expected = np.mean(np.abs(signs @ values) >= abs(values.sum()) - 1e-12)
    found = statistics.sign_flip(values)
    assert found.p == pytest.approx(expected)
    assert found.least == 2.0 ** (1 - len(values))


def test_the_sign_flip_by_known_answers():
    assert statistics.sign_flip([0.01, 0.02, 0.03, 0.01, 0.05]).p == 2 / 32
    assert statistics.sign_flip([0.1, -0.1]).p == 1
    assert statistics.sign_flip([-0.09, -0.20, 0.29]).p == 1  # 0 but for rounding
    assert statistics.sign_flip([0.01] * 30).p == 2.0**-29  # a billion choices, never listed


def test_permutation_p_values_by_counting():
    apart = statistics.permutation_test([0.763, 0.761, 0.7685], [0.731, 0.745, 0.719])
    assert (apart.p, apart.least) == (pytest.approx(0.1), 0.1)
    six = statistics.permutation_test([0.9, 0.91, 0.92, 0.93, 0.94, 0.95], [0.1, 0.2, 0.3])
    assert six.p == pytest.approx(2 / 84)
    assert statistics.permutation_test([0.7, 0.7, 0.7], [0.7, 0.7, 0.7]).p == 1


def test_the_permutation_test_is_exact_where_there_is_no_effect():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(300, 9))
    p = [statistics.permutation_test(row[:6], row[6:]).p for row in values]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(4 / 84, abs=0.03)


def holm(p_values):
    return statistics.tarone_holm(p_values, [0.0] * len(p_values))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.01, None, 0.04]) == [pytest.approx(0.03), None, pytest.approx(0.08)]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_a_p_value_nor_changes_their_order(p_values):
    adjusted = holm(p_values)
    order = np.argsort(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    assert list(np.array(adjusted)[order]) == sorted(adjusted)


def test_tests_that_can_never_reject_are_not_paid_for():
    """Three tests can give .1 at the least: Holm's would take the fourth's .02 times 4."""
    found = statistics.tarone_holm([0.02, 0.1, 0.1, 0.5], [0.001, 0.1, 0.1, 0.1])
    assert found == [pytest.approx(0.02), None, None, None]


def test_tarones_rule_by_hand():
    """Least p .001, .02, .03, .2: two are at most .05 / 2, no three at most .05 / 3."""
    found = statistics.tarone_holm([0.02, 0.02, 0.03, 0.2], [0.001, 0.02, 0.03, 0.2])
    assert found == [pytest.approx(0.04), pytest.approx(0.04), None, None]


@given(st.lists(st.sampled_from([0.5, 0.25, 0.125, 0.0625, 0.03125, 0.004]), max_size=10))
def test_tarone_never_leaves_out_what_bonferroni_could_reject(least):
    found = statistics.tarone_holm(least, least)
    able = [bound for bound, p in zip(least, found, strict=True) if p is not None]
    left_out = [bound for bound, p in zip(least, found, strict=True) if p is None]
    assert all(bound * len(able) <= 0.05 for bound in able)
    assert all(bound * len(least) > 0.05 for bound in left_out)


def test_one_more_seed_falls_where_it_is_predicted_95_times_in_100():
    rng = np.random.default_rng(8)
    inside = 0
    for _ in range(400):
        runs = rng.normal(0.74, 0.01, size=(12, 2))
        spread = statistics.pooled_seed_spread(runs)
        low, high = statistics.prediction_interval(runs[0], spread)
        inside += low <= rng.normal(0.74, 0.01) <= high
    assert inside / 400 == pytest.approx(0.95, abs=0.03)
    assert statistics.pooled_seed_spread([[0.7], [0.8]]) is None
