"""Padded batches hold every document as it is, in one of a few shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_flax.data.layout.padded import PaddedLayout


@given(
    lengths=st.lists(st.integers(1, 130), min_size=1, max_size=12),
    devices=st.integers(1, 5),
    spare=st.integers(0, 3),
)
def test_a_batch_holds_every_document_as_it_is(make_documents, lengths, devices, spare):
    texts = [chr(97 + i) * n for i, n in enumerate(lengths)]
    documents = make_documents(texts, [i % 2 for i in range(len(texts))])
    layout = PaddedLayout(130, len(texts) + spare, devices, pad_token_id=9)
    order = np.arange(len(texts))[::-1]
    batch = layout.collate(documents, order)
    assert {name: array.dtype for name, array in batch.items()} == {
        "input_ids": np.int32,
        "attention_mask": np.int32,
        "labels": np.int32,
        "weights": np.float32,
        "document": np.int32,
    }
    length = batch["input_ids"].shape[-1]
    assert length in layout.lengths
    assert length == min(n for n in layout.lengths if n >= max(lengths))
    assert batch["weights"].shape == (devices, -(-(len(texts) + spare) // devices))
    flat = {name: array.reshape(-1, *array.shape[2:]) for name, array in batch.items()}
    for row, index in enumerate(order):
        n = lengths[index]
        assert (flat["input_ids"][row, :n] == documents.document_tokens(index)).all()
        assert (flat["input_ids"][row, n:] == 9).all()
        assert flat["attention_mask"][row].tolist() == [1] * n + [0] * (length - n)
        assert flat["labels"][row] == index % 2
    assert flat["document"][: len(texts)].tolist() == order.tolist()
    assert (flat["document"][len(texts) :] == -1).all()
    assert (flat["labels"][len(texts) :] == 0).all()
    assert flat["weights"].tolist() == [1] * len(texts) + [0] * (len(flat["weights"]) - len(texts))
    assert (flat["attention_mask"][len(texts) :].sum(-1) == 1).all()  # attends to something


@pytest.mark.parametrize("max_length", [3, 16, 100, 128, 512, 600])
def test_the_number_of_shapes_is_bounded_and_ends_with_max_length(max_length):
    lengths = PaddedLayout(max_length, 8, 1, 0).lengths
    assert lengths == sorted(set(lengths))
    assert lengths[-1] == max_length
    assert len(lengths) <= 13


@given(st.lists(st.integers(1, 20), max_size=40), st.integers(1, 9), st.integers(1, 4))
def test_evaluation_batches_hold_every_document_once_longest_first(
    make_documents, lengths, size, devices
):
    layout = PaddedLayout(20, size, devices, 0)
    batches = list(layout.evaluation_batches(make_documents(["a" * n for n in lengths])))
    held = [i for batch in batches for i in batch["document"].reshape(-1) if i >= 0]
    assert sorted(held) == list(range(len(lengths)))
    assert [lengths[i] for i in held] == sorted(lengths, reverse=True)
    assert len(batches) == -(-len(lengths) // (layout.rows * devices))


def test_the_layout_names_its_shapes():
    assert PaddedLayout(40, 9, 2, 0).shapes == ["5x16", "5x32", "5x40"]
