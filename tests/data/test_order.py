"""Invariant 1: the documents of a step are a function of (config, step) and of nothing else."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_flax.data.order import DatasetOrder, hash_order

LANGUAGES = ("en", "de", "fr", "ja")
COUNTS = st.lists(st.integers(1, 60), min_size=1, max_size=4)
MIXINGS = st.sampled_from(["shuffle", "balanced"])


def order(counts, batch_size, mixing="shuffle", seed=50):
    languages = [lang for lang, n in zip(LANGUAGES, counts, strict=False) for _ in range(n)]
    ids = [f"{language}/{i}" for i, language in enumerate(languages)]
    return DatasetOrder(ids, languages, batch_size, mixing, seed)


def epoch(made, number):
    steps = range(number * made.steps_per_epoch, (number + 1) * made.steps_per_epoch)
    return [made.batch(step).tolist() for step in steps]


def joined(batches):
    return [index for batch in batches for index in batch]


@given(COUNTS, st.integers(1, 20), MIXINGS, st.integers(0, 2**32 - 1))
def test_each_epoch_holds_every_document_once(counts, batch_size, mixing, seed):
    made = order(counts, batch_size, mixing, seed)
    for number in (0, 7):
        batches = epoch(made, number)
        assert sorted(joined(batches)) == list(range(sum(counts)))
        assert all(len(batch) == batch_size for batch in batches[:-1])
        assert 1 <= len(batches[-1]) <= batch_size


@given(COUNTS, st.integers(1, 20), MIXINGS, st.permutations(range(12)))
def test_a_batch_does_not_depend_on_what_was_asked_before(counts, batch_size, mixing, steps):
    made = order(counts, batch_size, mixing)
    asked = {step: made.batch(step).tolist() for step in steps}
    for step in sorted(steps):
        fresh = order(counts, batch_size, mixing)
        assert fresh.batch(step).tolist() == asked[step]


@pytest.mark.parametrize("mixing", ["shuffle", "balanced"])
def test_epochs_and_seeds_have_orders_of_their_own(mixing):
    orders = [
        tuple(joined(epoch(order([40, 20], 8, mixing, seed), number)))
        for seed in (0, 1)
        for number in (0, 1, 2)
    ]
    assert len(set(orders)) == len(orders)


@given(COUNTS, st.integers(1, 30))
def test_balanced_batches_hold_the_floor_or_ceiling_of_each_languages_share(counts, batch_size):
    made = order(counts, batch_size, "balanced")
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
    shuffled, balanced = (order([30, 10], 4, mixing) for mixing in ("shuffle", "balanced"))
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
    made = order([30, 20, 10], 8, mixing)
    assert made.batch(0).tolist() == first
    assert made.batch(3 * made.steps_per_epoch + 1).tolist() == later
    assert made.batch(0).dtype == np.int64


@pytest.mark.parametrize(
    ("counts", "batch_size", "mixing", "seed", "digest"),
    [
        ([1000, 1000, 1000], 8, "shuffle", 50, "b077f331945329bd"),
        ([1000, 1000, 1000], 8, "balanced", 50, "691888a30bc8792e"),
        ([333, 41, 7], 8, "balanced", 51, "4510b8aca6db7c5e"),
        ([5, 900], 16, "balanced", 52, "b7776df1212a8f26"),
        ([17, 23, 31, 59], 7, "balanced", 50, "d4e14be5f9c28de7"),
        ([17, 23, 31, 59], 500, "balanced", 50, "d5b5a00a6ffa81c5"),
    ],
)
def test_two_whole_epochs_are_those_of_november_2026(counts, batch_size, mixing, seed, digest):
    made = order(counts, batch_size, mixing, seed)
    indices = np.array(joined(epoch(made, 0) + epoch(made, 1)), "<i4")
    assert hashlib.sha256(indices.tobytes()).hexdigest().startswith(digest)


def test_hash_order_is_for_ever_and_leaves_equal_keys_in_their_order():
    assert hash_order(["a", "b", "a", "ü", "c"], 50, "en") == [3, 4, 0, 2, 1]
    assert hash_order([], 50) == []


class CountedIds(Sequence):
    """Ids that are made when they are asked for, and say how often all of them were."""

    def __init__(self, size):
        self.size, self.times_read, self.read_again = size, 0, Event()

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        if not 0 <= index < self.size:
            raise IndexError(index)
        if index == 0:
            self.times_read += 1
            if self.times_read == 2:
                self.read_again.set()
            self.read_again.wait(timeout=0.3)  # so that another thread would begin meanwhile
        return f"d{index}"


def test_ids_are_read_once_an_epoch_however_many_batches_and_threads():
    ids = CountedIds(500)
    made = DatasetOrder(ids, (), 8, "shuffle", seed=50)
    begin_together = Barrier(8, timeout=60)

    def batches(_):
        begin_together.wait()
        return joined(epoch(made, 0))

    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(batches, range(8)))
    assert ids.times_read == 1
    assert all(indices == seen[0] for indices in seen)
    made.batch(made.steps_per_epoch)
    assert ids.times_read == 2
    made.batch(made.steps_per_epoch - 1)  # the epoch before is still held
    assert ids.times_read == 2


@pytest.mark.slow
@pytest.mark.parametrize("mixing", ["shuffle", "balanced"])
def test_an_epoch_of_100_000_documents(mixing):
    made = order([70_000, 20_000, 10_000], 32, mixing)
    indices = joined(epoch(made, 1))
    assert sorted(indices) == list(range(100_000))
