"""Statistics against known answers: by hand, by scipy, by counting every case, by simulation."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xlt_flax.analysis import statistics


def judged(correct, resamples=1000, seed=0):
    return statistics.resample_documents(correct, np.ones_like(correct), resamples, seed)


def world(rng, mixtures, seeds, documents, accuracy, mixture_sd, seed_sd, difficulty):
    """Right or wrong, bool (documents, mixtures * seeds): documents have a common difficulty."""
    columns = []
    for _ in range(mixtures):
        own = accuracy + mixture_sd * rng.normal()
        for _ in range(seeds):
            share = np.clip(own + seed_sd * rng.normal(), 0.01, 0.99)
            noise = np.sqrt(0.6) * difficulty + np.sqrt(0.4) * rng.normal(size=documents)
            columns.append(noise < stats.norm.ppf(share))
    return np.stack(columns, axis=1)


def test_one_runs_interval_is_scipys_and_the_binomials():
    right = np.arange(2000) < 1462  # .7310, the thesis's E1E2E3
    ours = statistics.percentile_interval(judged(right[:, None], 10_000)[:, 0])
    exact = stats.binom.ppf([0.025, 0.975], 2000, 0.731) / 2000
    scipys = stats.bootstrap(
        (right,), np.mean, method="percentile", n_resamples=2000, rng=np.random.default_rng(0)
    ).confidence_interval
    assert ours == pytest.approx(tuple(exact), abs=0.001)
    assert ours == pytest.approx(tuple(scipys), abs=0.002)


def test_all_runs_are_judged_on_the_same_draw():
    rng = np.random.default_rng(0)
    right = rng.random(500) < 0.7
    both = judged(np.stack([right, right, ~right], axis=1))
    np.testing.assert_array_equal(both[:, 0], both[:, 1])
    np.testing.assert_allclose(both[:, 0] + both[:, 2], 1, atol=1e-6)


def test_a_document_that_a_run_did_not_judge_is_not_counted_for_it():
    right = np.array([[True, True], [False, True], [True, False], [True, False]])
    scored = np.array([[True, True], [True, True], [True, False], [True, False]])
    samples = statistics.resample_documents(right, scored, 200, 0)
    assert set(np.unique(samples[:, 1])) <= {0.0, 1.0}


def test_one_runs_interval_covers_at_the_nominal_rate():
    rng = np.random.default_rng(1)
    rights = rng.random((300, 600)) < 0.73
    samples = judged(rights, 600)
    low, high = np.quantile(samples, [0.025, 0.975], axis=0)
    assert 0.92 <= np.mean((low <= 0.73) & (high >= 0.73)) <= 0.98


def test_few_draws_do_not_make_the_interval_narrow():
    """n-1 of n: the variance over mixtures is s squared over n, not (n-1)/n of it."""
    accuracies = np.tile([0.70, 0.73, 0.79], (20_000, 1))
    samples = statistics.nested_mean(accuracies, [[0], [1], [2]], seed=0)
    assert samples.var() == pytest.approx(np.var([0.70, 0.73, 0.79], ddof=1) / 3, rel=0.03)


def test_fixed_mixtures_and_one_seed_vary_by_documents_only():
    accuracies = np.random.default_rng(0).random((50, 3))
    fixed = statistics.nested_mean(accuracies, [[0], [1], [2]], 0, resample_mixtures=False)
    np.testing.assert_allclose(fixed, accuracies.mean(axis=1))


@pytest.mark.parametrize(("effect", "least", "most"), [(0.0, 0.0, 0.08), (0.12, 0.9, 1.0)])
def test_the_hierarchical_interval_finds_an_effect_and_not_its_absence(effect, least, most):
    """Three mixtures against three, two seeds: how often the 95% interval leaves out zero."""
    rng = np.random.default_rng(2)
    groups = [[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]
    found = 0
    for trial in range(120):
        difficulty = rng.normal(size=300)
        sides = [
            world(rng, 3, 2, 300, accuracy, 0.02, 0.01, difficulty)
            for accuracy in (0.72 + effect, 0.72)
        ]
        samples = judged(np.concatenate(sides, axis=1), 250, trial)
        first, second = (statistics.nested_mean(samples, group, trial) for group in groups)
        low, high = statistics.percentile_interval(first - second)
        found += low > 0 or high < 0
    assert least <= found / 120 <= most


def test_permutation_p_values_by_counting():
    apart = statistics.permutation_test([0.763, 0.761, 0.7685], [0.731, 0.745, 0.719])
    assert (apart.p, apart.arrangements, apart.smallest) == (pytest.approx(0.1), 20, 0.1)
    six = statistics.permutation_test([0.9, 0.91, 0.92, 0.93, 0.94, 0.95], [0.1, 0.2, 0.3])
    assert six.p == pytest.approx(2 / 84)
    same = statistics.permutation_test([0.7, 0.7, 0.7], [0.7, 0.7, 0.7])
    assert same.p == 1
    pairs = statistics.paired_permutation_test([0.8, 0.9, 0.7, 0.8], [0.7, 0.7, 0.6, 0.6])
    assert pairs.p == pytest.approx(2 / 16)


def test_the_permutation_test_is_exact_where_there_is_no_effect():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(300, 9))
    p = [statistics.permutation_test(row[:6], row[6:]).p for row in values]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(4 / 84, abs=0.03)


def test_the_trend_test_by_counting():
    groups = [0.1, 0.25], [0.2], [0.3, 0.5]
    values = [value for group in groups for value in group]
    levels = {labels for labels in product(range(3), repeat=5) if sorted(labels) == [0, 0, 1, 2, 2]}
    slopes = [sum(v * (level - 1) for v, level in zip(values, way, strict=True)) for way in levels]
    observed = 0.3 + 0.5 - 0.1 - 0.25
    above = sum(slope >= observed - 1e-12 for slope in slopes)
    result = statistics.trend_test(groups)
    assert result.arrangements == len(levels) == 30
    assert result.p == pytest.approx(2 * above / 30)


def test_mcnemar_by_hand():
    """12 documents only the first gets right, 3 only the second: 2 (1+15+105+455) / 2**15."""
    first = np.array([[True] * 12 + [False] * 3 + [True] * 50 + [False] * 20])
    second = np.array([[False] * 12 + [True] * 3 + [True] * 50 + [False] * 20])
    assert statistics.documents_test(first, second) == pytest.approx(0.03515625, abs=1e-12)
    assert statistics.documents_test(first, second) == stats.binomtest(12, 15).pvalue
    assert statistics.documents_test(first, first) == 1


def test_mcnemar_over_random_tables_by_binomial_sums():
    rng = np.random.default_rng(4)
    for only_first, only_second in rng.integers(0, 60, size=(30, 2)):
        total, less = only_first + only_second, min(only_first, only_second)
        p = min(1.0, 2 * sum(comb(int(total), k) for k in range(less + 1)) / 2 ** int(total))
        first = np.arange(total) < only_first
        ours = statistics.documents_test(first[None], ~first[None])
        assert ours == pytest.approx(p, rel=1e-9)


def test_several_seeds_by_every_exchange_of_signs():
    rng = np.random.default_rng(5)
    for _ in range(5):
        first, second = rng.random((3, 10)) < 0.7, rng.random((3, 10)) < 0.4
        differences = first.sum(0) - second.sum(0)
        totals = [abs(np.dot(signs, differences)) for signs in product([-1, 1], repeat=10)]
        p = np.mean(np.array(totals) >= abs(differences.sum()))
        assert statistics.documents_test(first, second) == pytest.approx(p)


def test_several_seeds_of_one_model_are_not_several_times_the_documents():
    """Seeds that agree add nothing: the p-value stays what one seed gives."""
    rng = np.random.default_rng(6)
    first, second = rng.random((1, 400)) < 0.75, rng.random((1, 400)) < 0.7
    one = statistics.documents_test(first, second)
    assert statistics.documents_test(first.repeat(5, 0), second.repeat(5, 0)) == pytest.approx(one)


@pytest.mark.parametrize(("second", "least", "most"), [(0.74, 0.0, 0.07), (0.66, 0.9, 1.0)])
def test_the_documents_test_finds_a_difference_and_not_its_absence(second, least, most):
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(250):
        difficulty = rng.normal(size=800)
        one = world(rng, 1, 2, 800, 0.74, 0, 0, difficulty).T
        other = world(rng, 1, 2, 800, second, 0, 0, difficulty).T
        found += statistics.documents_test(one, other) < 0.05
    assert least <= found / 250 <= most


def test_holm_by_hand():
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.01, None, 0.04]) == [pytest.approx(0.03), None, pytest.approx(0.08)]
    assert statistics.holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_a_p_value_nor_changes_their_order(p_values):
    adjusted = statistics.holm(p_values)
    order = np.argsort(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    assert list(np.array(adjusted)[order]) == sorted(adjusted)


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
