"""Packed batches hold every document as it is, several to a row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_flax.data.layout.packed import PackedLayout, lay_out
from xlt_flax.data.layout.placing import Shape, pack
from xlt_flax.data.layout.shapes import choose_shapes

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=12)


def documents_in(batch):
    """What the slots of one device's batch hold: {slot: tokens}; all else is checked on the way."""
    row_length = batch["input_ids"].shape[1]
    flat = {name: batch[name].reshape(-1) for name in ("input_ids", "position_ids", "segment_ids")}
    found = {}
    for slot, start in enumerate(batch["cls_index"]):
        row, segment = start // row_length, flat["segment_ids"][start]
        place = np.flatnonzero(batch["segment_ids"][row] == segment) + row * row_length
        if segment:
            assert place.tolist() == list(range(start, start + len(place)))
            assert flat["position_ids"][place].tolist() == list(range(len(place)))
            found[slot] = flat["input_ids"][place].tolist()
    return found


@given(LENGTHS, st.integers(0, 2**32 - 1), st.booleans())
def test_a_batch_holds_every_document_as_it_is(lengths, seed, placed_by_hand):
    rng = np.random.default_rng(seed)
    documents = [rng.integers(1, 1000, n) for n in lengths]
    rows = [[i] for i in range(len(lengths))] if placed_by_hand else None
    shape = Shape(len(rows or pack(lengths, 256)) + 1, 256, 12)
    batch = lay_out(documents, shape, pad_token_id=7, rows=rows)
    held = documents_in(batch)
    assert [held[slot] for slot in range(len(lengths))] == [d.tolist() for d in documents]
    assert (batch["segment_ids"] > 0).sum() == sum(lengths)
    assert (batch["input_ids"][batch["segment_ids"] == 0] == 7).all()
    assert {a.dtype for a in batch.values()} == {np.dtype(np.int32)}
    assert not batch["cls_index"][len(lengths) :].any()
    assert "token_type_ids" not in batch


@pytest.mark.parametrize("shape", [Shape(1, 128, 4), Shape(2, 128, 1)])
def test_lay_out_refuses_what_does_not_fit(shape):
    with pytest.raises(ValueError, match="do not fit"):
        lay_out([np.ones(100), np.ones(100)], shape)


@pytest.mark.parametrize("row_lengths", [None, (128, 256)])
@pytest.mark.parametrize("devices", [1, 3])
def test_training_batches_are_shared_out_and_have_one_of_the_shapes(
    documents_of, music, row_lengths, devices
):
    documents = documents_of(np.minimum(music(200), 256))
    plan = choose_shapes(documents.lengths, 8, devices=devices, row_lengths=row_lengths)
    layout = PackedLayout(plan, 64, None, devices, pad_token_id=9)
    assert len(layout.shapes) <= 6
    for indices in (np.arange(8), np.arange(40, 48), [5, 4, 199], [7]):
        batch = layout.collate(documents, indices)
        rows, row_length = layout.shape_of(documents, indices)
        assert batch["input_ids"].shape == (devices, rows, row_length)
        assert f"{rows}x{row_length}" in layout.shapes
        assert_holds(batch, documents, indices)


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=40),
    tokens=st.integers(1, 300),
    row_length=st.sampled_from([None, 64]),
    devices=st.integers(1, 4),
)
def test_evaluation_batches_have_one_shape_and_every_document_once(
    documents_of, lengths, tokens, row_length, devices
):
    documents = documents_of(lengths)
    batches = list(PackedLayout(None, tokens, row_length, devices, 9).evaluation_batches(documents))
    held = np.concatenate([b["document"][b["document"] >= 0] for b in batches])
    assert sorted(held) == list(range(len(lengths)))
    assert len({b["input_ids"].shape + b["document"].shape for b in batches}) == 1
    for batch in batches:
        assert_holds(batch, documents, batch["document"][batch["document"] >= 0])


def test_evaluation_of_no_documents(documents_of):
    assert list(PackedLayout(None, 64, None, 1, 0).evaluation_batches(documents_of([]))) == []


@pytest.mark.parametrize("longest", [40, 400])
def test_runs_that_share_lengths_share_the_shape_of_evaluation(documents_of, longest):
    """Unless a document is longer than any of them, for which there would be no place."""
    shared = np.array([20, 30, 50])
    layout = PackedLayout(None, 100, None, 1, 0, evaluation_lengths=shared)
    batches = [
        next(layout.evaluation_batches(documents_of(lengths))) for lengths in ([3, 4], [longest, 9])
    ]
    shapes = [batch["input_ids"].shape for batch in batches]
    assert (shapes[0] == shapes[1]) == (longest == 40)
    assert shapes[0] == (1, 1, 128)


def assert_holds(batch, documents, indices):
    """That a batch holds the documents at `indices`, each as it is."""
    found = []
    for device, numbers in enumerate(batch["document"]):
        held = documents_in(
            {name: a[device] for name, a in batch.items() if name.endswith(("ids", "index"))}
        )
        for slot, index in enumerate(numbers):
            assert (index >= 0) == bool(batch["weights"][device, slot])
            if index >= 0:
                assert held[slot] == documents.document_tokens(index).tolist()
                found.append(index)
    assert sorted(found) == sorted(indices)
