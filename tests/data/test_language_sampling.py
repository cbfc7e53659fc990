"""Temperature sampling: exact shares, every document before any again, a function of the epoch."""

import hashlib
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_flax.data.language_sampling import SampledOrder, epoch_counts
from xlt_flax.data.order import DatasetOrder

LANGUAGES = ("de", "en", "fr", "ja")
COUNTS = st.lists(st.integers(1, 60), min_size=1, max_size=4)
TEMPERATURES = st.sampled_from([1.0, 1.5, 2.0, 1 / 0.3, 100.0])
MIXINGS = st.sampled_from(["shuffle", "balanced"])


def arguments(counts, batch_size=8, mixing="shuffle", seed=50):
    languages = [lang for lang, n in zip(LANGUAGES, counts, strict=False) for _ in range(n)]
    ids = [f"{language}/{i}" for i, language in enumerate(languages)]
    return ids, languages, batch_size, mixing, seed


def order(counts, temperature, *more):
    return SampledOrder(*arguments(counts, *more), temperature)


def epoch(made, number):
    each = made.steps_per_epoch
    return np.concatenate([made.batch(step) for step in range(number * each, (number + 1) * each)])


def by_language(made, indices):
    """{language: its documents, as they come}"""
    languages = np.array(made.languages)[indices]
    return {name: indices[languages == name].tolist() for name in dict.fromkeys(made.languages)}


def test_counts_are_xlm_rs_formula():
    totals = np.array([90_000, 9_000, 1_000])
    for temperature in (1.5, 2, 1 / 0.3):
        powers = totals ** (1 / temperature)
        expected = 100_000 * powers / powers.sum()
        assert np.abs(epoch_counts(totals, temperature) - expected).max() < 1
    assert epoch_counts(totals, 1).tolist() == totals.tolist()
    assert epoch_counts([4, 1, 1], 1e9).tolist() == [2, 2, 2]
    assert epoch_counts([100, 25], 2).tolist() == [83, 42]  # 83.33 and 41.67: the larger remainder
    assert epoch_counts([], 2).tolist() == []


@given(COUNTS, TEMPERATURES)
def test_counts_keep_the_epochs_length_and_the_languages_order(counts, temperature):
    found = epoch_counts(counts, temperature)
    assert found.sum() == sum(counts)
    assert found.min() >= 1
    for one, other in pairwise(np.argsort(counts)):
        assert found[one] <= found[other] + 1


@given(COUNTS, st.integers(1, 20), MIXINGS, TEMPERATURES, st.integers(0, 2**32 - 1))
def test_an_epoch_shows_all_before_any_comes_again(counts, batch_size, mixing, temperature, seed):
    made = order(counts, temperature, batch_size, mixing, seed)
    plain = DatasetOrder(*arguments(counts, batch_size, mixing, seed))
    assert made.steps_per_epoch == plain.steps_per_epoch
    wanted = epoch_counts(counts, temperature).tolist()
    for number in (0, 5):
        shown = by_language(made, epoch(made, number))
        assert [len(documents) for documents in shown.values()] == wanted
        for documents, there in zip(shown.values(), counts, strict=True):
            for start in range(0, len(documents), there):
                once = documents[start : start + there]
                assert len(set(once)) == len(once)


@given(COUNTS, TEMPERATURES)
def test_after_any_epochs_all_of_a_language_were_seen_equally_often(counts, temperature):
    made, seen = order(counts, temperature), Counter()
    for number in range(7):
        seen.update(epoch(made, number).tolist())
        for documents in by_language(made, np.arange(sum(counts))).values():
            times = [seen[index] for index in documents]
            assert max(times) - min(times) <= 1


def test_what_is_left_out_is_another_part_each_epoch():
    made = order([300, 20], 3.0)
    parts = [frozenset(by_language(made, epoch(made, number))["de"]) for number in range(8)]
    assert all(len(part) < 300 for part in parts)
    assert all(one != other for one, other in pairwise(parts))


@given(COUNTS, st.integers(1, 20), MIXINGS, TEMPERATURES, st.permutations(range(12)))
def test_a_batch_does_not_depend_on_what_was_asked_before(
    counts, batch_size, mixing, temperature, steps
):
    made = order(counts, temperature, batch_size, mixing)
    asked = {step: made.batch(step).tolist() for step in steps}
    for step in sorted(steps):
        fresh = order(counts, temperature, batch_size, mixing)
        assert fresh.batch(step).tolist() == asked[step]


@pytest.mark.parametrize("mixing", ["shuffle", "balanced"])
def test_epochs_and_seeds_have_orders_of_their_own(mixing):
    orders = [
        tuple(epoch(order([40, 20], 2.0, 8, mixing, seed), number).tolist())
        for seed in (0, 1)
        for number in (0, 1, 2)
    ]
    assert len(set(orders)) == len(orders)


def test_shuffled_places_are_drawn_evenly():
    """The first half of an epoch has its share of each language, on average over epochs."""
    made = order([90, 10], 2.0)
    _, small = epoch_counts([90, 10], 2.0)
    halves = [len(by_language(made, epoch(made, n)[:50])["en"]) for n in range(200)]
    assert np.mean(halves) == pytest.approx(small / 2, abs=0.6)
    assert np.std(halves) > 1


@given(COUNTS, st.integers(1, 30), TEMPERATURES)
def test_balanced_batches_hold_their_share(counts, batch_size, temperature):
    made = order(counts, temperature, batch_size, "balanced")
    shares = epoch_counts(counts, temperature)
    for step in range(made.steps_per_epoch):
        batch = made.batch(step)
        for documents, share in zip(by_language(made, batch).values(), shares, strict=True):
            exact = int(share) * len(batch)
            assert exact // sum(counts) <= len(documents) <= -(-exact // sum(counts))


@pytest.mark.parametrize(
    ("mixing", "digest"), [("shuffle", "bb043952dfef3955"), ("balanced", "0089a867b3a80a0a")]
)
def test_two_whole_epochs_are_for_ever(mixing, digest):
    made = order([300, 40, 7], 1 / 0.3, 8, mixing)
    indices = np.concatenate([epoch(made, 0), epoch(made, 1)]).astype("<i4")
    assert hashlib.sha256(indices.tobytes()).hexdigest().startswith(digest)
