"""Every document is placed once, in rows and on devices, and rows are nearly full."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_flax.data.layout.placing import Shape, cut, pack, spread
from xlt_flax.data.layout.shapes import evaluation_shape

LENGTHS = st.lists(st.integers(1, 512), min_size=1, max_size=60)


@given(LENGTHS, st.integers(512, 1500))
def test_pack_places_every_document_once_and_overfills_no_row(lengths, row_length):
    rows = pack(lengths, row_length)
    assert sorted(i for row in rows for i in row) == list(range(len(lengths)))
    assert all(sum(lengths[i] for i in row) <= row_length for row in rows)
    assert all(rows)
    assert rows == pack(lengths, row_length)


def test_pack_finds_the_best_fit():
    assert pack([6, 5, 3, 2, 4], 10) == [[0, 4], [1, 2, 3]]


@given(LENGTHS, st.integers(1, 5))
def test_spread_shares_documents_evenly(lengths, devices):
    shares = spread(lengths, devices)
    assert sorted(i for share in shares for i in share) == list(range(len(lengths)))
    assert max(map(len, shares)) <= -(-len(lengths) // devices)


def assert_cut(lengths, shape):
    """That `cut` gives every document once, in batches that the shape holds; the batches."""
    batches = list(cut(lengths, shape))
    placed = [row for rows in batches for row in rows]
    assert np.array_equal(np.sort(np.concatenate(placed)), np.arange(len(lengths)))
    assert all(1 <= len(row) <= shape.documents // shape.rows for row in placed)
    assert all(lengths[row].sum() <= shape.row_length for row in placed)
    assert all(len(rows) == shape.rows for rows in batches[:-1])
    assert 1 <= len(batches[-1]) <= shape.rows
    return batches


@given(LENGTHS, st.integers(1, 5), st.integers(512, 1500), st.integers(1, 9))
def test_cut_gives_every_document_once_and_overfills_nothing(lengths, rows, row_length, each):
    assert_cut(np.array(lengths), Shape(rows, row_length, rows * each))


@given(LENGTHS, st.integers(1, 5000), st.sampled_from([None, 64, 512]))
def test_cut_of_few_documents(lengths, tokens, row_length):
    lengths = np.array(lengths)
    assert_cut(lengths, evaluation_shape(lengths, tokens, row_length))


def test_cut_fills_each_row_with_the_longest_that_fit():
    (batch,) = cut(np.array([6, 5, 3, 2, 4, 6, 3]), Shape(4, 10, 40))
    assert [row.tolist() for row in batch] == [[0, 4], [5, 2], [1, 6, 3]]


@pytest.mark.parametrize("place", [pack, lambda lengths, n: list(cut(lengths, Shape(1, n, 9)))])
def test_a_document_that_is_longer_than_a_row_is_refused(place):
    with pytest.raises(ValueError, match="11 tokens does not fit a row of 10"):
        place(np.array([3, 11]), 10)


@pytest.mark.parametrize("documents", [2000, 20_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("row_length", [None, 512])
def test_evaluation_is_cut_into_nearly_full_batches(music, documents, row_length):
    lengths = music(documents)
    shape = evaluation_shape(lengths, 4096, row_length)
    batches = assert_cut(lengths, shape)
    assert 1 - lengths.sum() / (len(batches) * shape.tokens) < 0.05


@pytest.mark.parametrize("row_length", [512, 4096])
def test_rows_are_as_full_as_those_of_best_fit(music, row_length):
    lengths = music()
    rows = sum(map(len, cut(lengths, Shape(8, row_length, 8 * row_length))))
    assert rows <= len(pack(lengths, row_length))
