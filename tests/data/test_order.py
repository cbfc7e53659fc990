"""Invariant 1: the documents of a step are a function of (config, step) and of nothing else."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_flax.data.order import Schedule

LANGUAGES = ("en", "de", "fr", "ja")
COUNTS = st.lists(st.integers(1, 60), min_size=1, max_size=4)
MIXINGS = st.sampled_from(["shuffle", "balanced"])


def schedule(counts, batch_size, mixing="shuffle", seed=50):
    languages = [lang for lang, n in zip(LANGUAGES, counts, strict=False) for _ in range(n)]
    ids = [f"{language}/{i}" for i, language in enumerate(languages)]
    return Schedule(tuple(ids), tuple(languages), batch_size, mixing, seed)


def epoch(made, number):
    steps = range(number * made.steps_per_epoch, (number + 1) * made.steps_per_epoch)
    return [made.batch(step).tolist() for step in steps]


def joined(batches):
    return [index for batch in batches for index in batch]


@given(COUNTS, st.integers(1, 20), MIXINGS, st.integers(0, 2**32 - 1))
def test_each_epoch_holds_every_document_once(counts, batch_size, mixing, seed):
    made = schedule(counts, batch_size, mixing, seed)
    for number in (0, 7):
        batches = epoch(made, number)
        assert sorted(joined(batches)) == list(range(sum(counts)))
        assert all(len(batch) == batch_size for batch in batches[:-1])
        assert 1 <= len(batches[-1]) <= batch_size


@given(COUNTS, st.integers(1, 20), MIXINGS, st.permutations(range(12)))
def test_a_batch_does_not_depend_on_what_was_asked_before(counts, batch_size, mixing, steps):
    made = schedule(counts, batch_size, mixing)
    asked = {step: made.batch(step).tolist() for step in steps}
    for step in sorted(steps):
        fresh = schedule(counts, batch_size, mixing)
        assert fresh.batch(step).tolist() == asked[step]


@pytest.mark.parametrize("mixing", ["shuffle", "balanced"])
def test_epochs_and_seeds_have_orders_of_their_own(mixing):
    orders = [
        tuple(joined(epoch(schedule([40, 20], 8, mixing, seed), number)))
        for seed in (0, 1)
        for number in (0, 1, 2)
    ]
    assert len(set(orders)) == len(orders)


@given(COUNTS, st.integers(1, 30))
def test_balanced_batches_hold_the_floor_or_ceiling_of_each_languages_share(counts, batch_size):
    made = schedule(counts, batch_size, "balanced")
    documents = sum(counts)
    given_so_far = Counter()
    for batch in epoch(made, 0):
        held = Counter(made.languages[index] for index in batch)
        given_so_far += held
        for language, count in zip(LANGUAGES, counts, strict=False):
            share = count * len(batch)
            assert share // documents <= held[language] <= -(-share // documents)
            # and no language runs ahead of the others for long
            due = count * sum(given_so_far.values()) / documents
            assert abs(given_so_far[language] - due) < 1.5


def test_balancing_keeps_the_order_within_a_language():
    shuffled, balanced = (schedule([30, 10], 4, mixing) for mixing in ("shuffle", "balanced"))
    for first, last in ((0, 30), (30, 40)):
        orders = [
            [index for index in joined(epoch(made, 3)) if first <= index < last]
            for made in (shuffled, balanced)
        ]
        assert orders[0] == orders[1]


@pytest.mark.parametrize(
    ("mixing", "first", "later"),
    [
        ("shuffle", [35, 28, 53, 42, 2, 7, 12, 44], [23, 28, 54, 45, 4, 5, 24, 27]),
        ("balanced", [35, 42, 44, 28, 2, 7, 12, 53], [34, 36, 11, 3, 23, 28, 54, 50]),
    ],
)
def test_the_order_is_the_one_it_has_always_been(mixing, first, later):
    made = schedule([30, 20, 10], 8, mixing)
    assert made.batch(0).tolist() == first
    assert made.batch(3 * made.steps_per_epoch + 1).tolist() == later
    assert made.batch(0).dtype == np.int64
