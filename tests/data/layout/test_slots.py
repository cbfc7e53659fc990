"""What all layouts share: labels of one kind or several, and the two texts of pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.shapes import choose_shapes

KINDS = pytest.mark.parametrize("kind", ["padded", "packed"])


def layout_of(kind, documents, devices, label_count=None):
    size = len(documents)
    if kind == "padded":
        return PaddedLayout(64, size, devices, 0, label_count)
    plan = choose_shapes(documents.lengths, size, devices=devices)
    return PackedLayout(plan, 64, None, devices, 0, label_count)


def batches_of(layout, documents):
    """The one that training would have of all documents, and those of evaluation."""
    return [layout.collate(documents, range(len(documents))), *layout.evaluation_batches(documents)]


@KINDS
@pytest.mark.parametrize("devices", [1, 3])
def test_one_label_a_document(documents_of, kind, devices):
    labels = np.array([2, 0, -1, 1, 1], np.int32)
    documents = documents_of([5, 30, 9, 14, 22], labels)
    for batch in batches_of(layout_of(kind, documents, devices), documents):
        held = batch["document"] >= 0
        assert batch["labels"].dtype == np.int32
        assert batch["labels"].shape == batch["document"].shape == batch["weights"].shape
        np.testing.assert_array_equal(batch["labels"][held], labels[batch["document"][held]])
        assert not batch["labels"][~held].any()
        np.testing.assert_array_equal(batch["weights"], held.astype(np.float32), strict=True)


@KINDS
@pytest.mark.parametrize("devices", [1, 3])
def test_several_labels_a_document(documents_of, kind, devices):
    labels = [(2,), (0, 3), (), (1, 2, 3), (0,)]
    wanted = np.array([[0, 0, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 1], [1, 0, 0, 0]])
    documents = documents_of([5, 30, 9, 14, 22], labels)
    for batch in batches_of(layout_of(kind, documents, devices, label_count=4), documents):
        held = batch["document"] >= 0
        assert batch["labels"].dtype == np.float32
        assert batch["labels"].shape == (*batch["document"].shape, 4)
        np.testing.assert_array_equal(batch["labels"][held], wanted[batch["document"][held]])
        assert not batch["labels"][~held].any()


@KINDS
@settings(max_examples=30)
@given(
    pairs=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), min_size=1, max_size=9),
    devices=st.integers(1, 3),
)
def test_token_types_tell_the_texts_of_a_pair_apart(documents_of, kind, pairs, devices):
    """(first, second) tokens: with none in the second there is one text."""
    pairs = [(12, 7), *pairs]
    seconds = [first if second else 0 for first, second in pairs]
    documents = documents_of([first + second for first, second in pairs], None, seconds)
    for batch in batches_of(layout_of(kind, documents, devices), documents):
        types = batch["token_type_ids"]
        assert types.dtype == np.int32
        assert types.shape == batch["input_ids"].shape
        held = batch["document"][batch["document"] >= 0]
        assert types.sum() == sum(pairs[index][1] for index in held)
        for index in held:
            first, _ = pairs[index]
            texts = batch["input_ids"][types == 0], batch["input_ids"][types == 1]
            tokens = documents.document_tokens(index)
            for text, part in zip(texts, (tokens[:first], tokens[first:]), strict=True):
                assert part.tobytes() in text.tobytes()


@KINDS
def test_without_pairs_there_are_no_token_types(documents_of, kind):
    documents = documents_of([5, 30, 9], None, [0, 0, 0])
    for batch in batches_of(layout_of(kind, documents, 1), documents):
        assert "token_type_ids" not in batch


@KINDS
@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 3])
def test_100_000_documents_are_evaluated_once_each(documents_of, music, kind, devices):
    documents = documents_of(np.minimum(music(100_000), 64))
    layout = (
        PaddedLayout(64, 64, devices, 0)
        if kind == "padded"
        else PackedLayout(None, 4096, None, devices, 0)
    )
    times, shapes = np.zeros(100_000, int), set()
    for batch in layout.evaluation_batches(documents):
        held = batch["document"][batch["document"] >= 0]
        np.add.at(times, held, 1)
        shapes.add(batch["input_ids"].shape)
    assert (times == 1).all()
    assert len(shapes) <= len(layout.lengths) if kind == "padded" else len(shapes) == 1


@KINDS
def test_evaluation_reads_a_batch_when_it_is_asked_for(documents_of, music, kind, monkeypatch):
    documents = documents_of(np.minimum(music(200), 64))
    layout = layout_of(kind, documents.take(range(8)), 1)
    read, document_tokens = [], type(documents).document_tokens

    def counted(documents, index):
        read.append(index)
        return document_tokens(documents, index)

    monkeypatch.setattr(type(documents), "document_tokens", counted)
    batches = layout.evaluation_batches(documents)
    for _ in range(2):
        before = len(read)
        held = next(batches)["weights"].sum()
        assert len(read) - before == held < 20


@KINDS
@pytest.mark.parametrize("devices", [1, 3])
def test_evaluation_of_parts_holds_each_once_in_the_shapes_of_all(
    documents_of, music, kind, devices
):
    documents = documents_of(np.sort(np.minimum(music(60), 64)))  # parts differ much in length
    layout = layout_of(kind, documents.take(range(7)), devices)
    whole = {b["input_ids"].shape for b in layout.evaluation_batches(documents)}
    for part in (range(20), range(20, 45), np.arange(59, 44, -1), [3], []):
        batches = list(layout.evaluation_batches(documents, part))
        held = [index for b in batches for index in b["document"].reshape(-1) if index >= 0]
        assert sorted(held) == sorted(part)
        assert {b["input_ids"].shape for b in batches} <= whole
