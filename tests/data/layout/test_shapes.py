"""Packing places every document once, and every batch that can come fits a shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlt_flax.data.layout.shapes import (
    Shape,
    choose_shapes,
    cut,
    evaluation_shape,
    lay_out,
    pack,
    spread,
)

LENGTHS = st.lists(st.integers(1, 512), min_size=1, max_size=60)


def music(documents=2000):
    """Lengths distributed about as the music reviews' are."""
    rng = np.random.default_rng(0)
    return np.minimum(np.exp(rng.normal(4.9, 0.75, documents)).astype(int) + 2, 512)


@given(LENGTHS, st.integers(512, 1500), st.none() | st.integers(1, 5))
def test_pack_places_every_document_once_and_overfills_no_row(lengths, row_length, most):
    rows = pack(lengths, row_length, most)
    assert sorted(i for row in rows for i in row) == list(range(len(lengths)))
    assert all(sum(lengths[i] for i in row) <= row_length for row in rows)
    assert all(1 <= len(row) <= (most or len(lengths)) for row in rows)
    assert rows == pack(lengths, row_length, most)


def test_pack_finds_the_best_fit():
    assert pack([6, 5, 3, 2, 4], 10) == [[0, 4], [1, 2, 3]]
    with pytest.raises(ValueError, match="11 tokens"):
        pack([11], 10)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_a_batch_holds_every_document_as_it_is(lengths, seed):
    rng = np.random.default_rng(seed)
    documents = [rng.integers(1, 1000, n) for n in lengths]
    shape = Shape(len(pack(lengths, 256)) + 1, 256, 12)
    batch = lay_out(documents, shape, pad_token_id=7)
    segments = batch["segment_ids"].reshape(-1)
    for tokens, start in zip(documents, batch["cls_index"], strict=False):
        place = slice(start, start + len(tokens))
        np.testing.assert_array_equal(batch["input_ids"].reshape(-1)[place], tokens)
        np.testing.assert_array_equal(
            batch["position_ids"].reshape(-1)[place], np.arange(len(tokens))
        )
        row = batch["segment_ids"][start // 256]
        assert set(segments[place]) == {segments[start]}
        assert (row == segments[start]).sum() == len(tokens)
    assert (segments > 0).sum() == sum(lengths)
    assert (batch["input_ids"].reshape(-1)[segments == 0] == 7).all()
    assert {a.dtype for a in batch.values()} == {np.dtype(np.int32)}
    assert not batch["cls_index"][len(lengths) :].any()


def test_lay_out_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="do not fit"):
        lay_out([np.ones(100), np.ones(100)], Shape(1, 128, 4))
    with pytest.raises(ValueError, match="do not fit"):
        lay_out([np.ones(10), np.ones(10)], Shape(1, 128, 1))


@settings(deadline=None, max_examples=10)
@given(
    lengths=st.lists(st.integers(2, 512), min_size=4, max_size=200),
    batch_size=st.integers(1, 16),
    devices=st.sampled_from([1, 2, 4]),
    row_lengths=st.sampled_from([None, (512,), (128, 256, 512)]),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_batch_fits_some_shape(lengths, batch_size, devices, row_lengths, seed):
    plan = choose_shapes(lengths, batch_size, devices=devices, row_lengths=row_lengths)
    assert len(plan.shapes) <= 6
    assert 0 <= plan.padding_fraction < 1
    rng = np.random.default_rng(seed)
    largest = [max(lengths)] * batch_size
    last = rng.choice(lengths, max(1, batch_size // 2)).tolist()
    for batch in [largest, last, *(rng.choice(lengths, (20, batch_size)).tolist())]:
        shares = [[batch[i] for i in part] for part in spread(batch, devices)]
        shape = plan.shape_for(shares)
        for share in shares:
            lay_out([np.zeros(n) for n in share], shape)


def test_chosen_shapes_compute_little_padding():
    lengths = music()
    one_row = choose_shapes(lengths, 8)
    assert one_row.padding_fraction < 0.12
    assert all(shape.rows == 1 for shape in one_row.shapes)
    rows = choose_shapes(lengths, 8, row_lengths=(128, 256, 512), row_cost=3e-4)
    assert rows.padding_fraction < 0.2
    assert choose_shapes(lengths, 8, limit=1).padding_fraction > 0.5
    assert one_row == choose_shapes(lengths, 8)
    # A short run does not pay for many compilations.
    short = choose_shapes(lengths, 8, steps=10)
    assert len(short.shapes) < len(one_row.shapes)


@given(LENGTHS, st.integers(1, 5))
def test_spread_shares_documents_evenly(lengths, devices):
    shares = spread(lengths, devices)
    assert sorted(i for share in shares for i in share) == list(range(len(lengths)))
    assert max(map(len, shares)) <= -(-len(lengths) // devices)


@pytest.mark.parametrize("row_length", [None, 512])
def test_evaluation_is_cut_into_nearly_full_batches(row_length):
    lengths = music()
    shape = evaluation_shape(lengths, 4096, row_length)
    batches = cut(lengths, shape)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(shape.fits(lengths[batch]) for batch in batches)
    assert 1 - lengths.sum() / (len(batches) * shape.tokens) < 0.06


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 5000), st.sampled_from([None, 64, 512]))
def test_evaluation_of_few_documents(lengths, tokens, row_length):
    shape = evaluation_shape(lengths, tokens, row_length)
    batches = cut(lengths, shape)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(shape.fits([lengths[i] for i in batch]) for batch in batches)
