"""Long documents in windows: a document stays one, whatever is read of it."""

import numpy as np
import pytest

from xlt_flax.data.documents import Documents, concatenate
from xlt_flax.data.examples import Example
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.shapes import choose_shapes
from xlt_flax.data.order import DatasetOrder
from xlt_flax.data.token_store import open_or_build, store_key
from xlt_flax.data.windows import WindowsInTurn
from xlt_flax.errors import UserError

LENGTH = 16
TEXTS = ["short", "a fine record " * 40, "", "最高の一枚です。 " * 9, "ein tolles Album " * 15]
SOURCE = {"dataset": "texts", "language": "en", "split": "train", "digest": "d"}


@pytest.fixture(scope="module")
def open_texts(tmp_path_factory, sample_tokenizer):
    """open_texts(windows, texts): the store of these."""
    root = tmp_path_factory.mktemp("stores")

    def make(windows, texts=TEXTS):
        source = SOURCE | {"digest": str(texts)}
        key, made_from = store_key(source, sample_tokenizer, LENGTH, windows=windows)
        as_tuples = (text if isinstance(text, tuple) else (text,) for text in texts)
        examples = [Example(f"x/{i}", one, (i % 2,), "en") for i, one in enumerate(as_tuples)]
        return open_or_build(root, key, made_from, lambda: examples, sample_tokenizer)

    return make


@pytest.fixture(scope="module")
def long(open_texts):
    return Documents.of(open_texts(True))


@pytest.fixture(scope="module")
def cut(open_texts):
    return Documents.of(open_texts(False))


def tokens_of(documents):
    return [documents.document_tokens(i).tolist() for i in range(len(documents))]


def test_windows_are_the_tokenizers_own_and_the_first_is_what_is_cut(long, cut, sample_tokenizer):
    windows, begins = long.windows
    for number, text in enumerate(TEXTS):
        encoded = sample_tokenizer(
            text,
            truncation=True,
            max_length=LENGTH,
            stride=LENGTH // 4,
            return_overflowing_tokens=True,
        )["input_ids"]
        own = range(begins[number], begins[number + 1])
        assert [windows.document_tokens(i).tolist() for i in own] == encoded
        assert windows.lengths[own].tolist() == [*map(len, encoded)]
        assert windows.ids[own.start : own.stop] == [f"x/{number}"] * len(own)
        assert set(windows.labels[own].tolist()) == {number % 2}
    assert tokens_of(long) == tokens_of(cut)
    assert long.lengths.tolist() == cut.lengths.tolist()
    used = np.zeros(3000, bool)
    used[np.concatenate(tokens_of(windows))] = True
    np.testing.assert_array_equal(long.used_tokens(3000), used)


def test_what_a_document_is_does_not_depend_on_how_it_is_read(long, cut):
    assert list(long.ids) == list(cut.ids)
    for name in ("labels", "digests", "identities", "languages"):
        assert getattr(long, name).tolist() == getattr(cut, name).tolist()
    assert (long.cut, cut.cut) == (3, 3)
    assert long.take([0, 2, 4]).cut == 1


def test_how_many_are_cut_is_not_always_known(make_documents):
    assert make_documents(["a", "b"]).cut is None
    assert concatenate([]).cut == 0


def test_views_keep_the_window(long):
    windows = long.windows.documents
    picks = [len(windows) - 1, 0, 3]
    assert tokens_of(windows.take(picks)) == [tokens_of(windows)[i] for i in picks]
    shifted = windows.renumbered(np.arange(3000) + 1)
    assert tokens_of(shifted) == [[t + 1 for t in row] for row in tokens_of(windows)]
    assert windows.windows.documents is windows  # each is one
    with pytest.raises(ValueError, match="chosen last"):
        concatenate([long, windows])


def test_where_none_is_long_there_is_nothing_to_choose(open_texts):
    documents = Documents.of(open_texts(True, ["short", "other"]))
    assert documents.stores[0].window_offsets is None
    assert documents.windows.documents is documents
    assert WindowsInTurn(documents, 50).of_epoch(3) is documents


def test_the_store_of_documents_that_are_cut_is_found_as_ever(sample_tokenizer):
    """Its name is a digest of these, as it was before there were windows."""
    key, made_from = store_key(SOURCE, sample_tokenizer, LENGTH)
    names = {"format", "source", "tokenizer", "tokenizers", "max_length", "drop_commas"}
    assert made_from.keys() == names
    windows_key, made_from = store_key(SOURCE, sample_tokenizer, LENGTH, windows=True)
    assert windows_key != key
    assert made_from["windows"] == {"overlap": 4}


def test_pairs_are_refused(open_texts):
    with pytest.raises(UserError, match="texts: windows are of single texts, and en train"):
        open_texts(True, ["one", ("two", "texts")])


# ---- Which window an epoch sees ------------------------------------------------------------------


def test_each_window_is_seen_once_in_as_many_epochs(long):
    counts = long.window_counts
    shown = [WindowsInTurn(long, 50).of_epoch(epoch) for epoch in range(counts.max())]
    for number, count in enumerate(counts.tolist()):
        seen = [documents.document_tokens(number).tolist() for documents in shown[:count]]
        own = tokens_of(long.windows.documents)[slice(*long.windows.begins[number : number + 2])]
        assert sorted(seen) == sorted(own)
    assert tokens_of(shown[0]) != tokens_of(long)  # the first one is drawn


def test_the_window_is_a_function_of_seed_epoch_and_document(long):
    def windows(documents, seed, epoch):
        return WindowsInTurn(documents, seed).of_epoch(epoch).window.tolist()

    one = WindowsInTurn(long, 50)
    assert [one.of_epoch(e).window.tolist() for e in (5, 0, 3)] == [
        windows(long, 50, e) for e in (5, 0, 3)
    ]
    assert windows(long.take([4, 1]), 50, 3) == [windows(long, 50, 3)[i] for i in (4, 1)]
    assert len({tuple(windows(long, seed, 0)) for seed in range(8)}) > 2


@pytest.mark.parametrize("kind", ["padded", "packed"])
def test_a_batch_holds_its_documents_on_any_devices(long, kind):
    """The same ones as of documents that are cut; of each, the window whose turn it is."""
    order = DatasetOrder(long.ids, long.languages, 3, "shuffle", 50)
    in_turn = WindowsInTurn(long, 50)
    for devices in (1, 3):
        layout = PaddedLayout(LENGTH, 3, devices, pad_token_id=0)
        if kind == "packed":
            layout = PackedLayout(
                choose_shapes(long.lengths, 3, devices=devices), 64, None, devices, 0
            )
        for step in range(8):
            shown = in_turn.of_epoch(step // order.steps_per_epoch)
            chosen = order.batch(step)
            batch = layout.collate(shown, chosen)
            held = batch["document"] >= 0
            assert sorted(batch["document"][held].tolist()) == sorted(chosen.tolist())
            wanted = sorted(shown.document_tokens(i).tolist() for i in chosen)
            assert sorted(rows_of(batch)) == wanted


def rows_of(batch):
    """The tokens of each document of a batch."""
    if "segment_ids" not in batch:
        number = batch["attention_mask"] * (batch["document"] >= 0)[..., None]
    else:
        number = batch["segment_ids"]
    flat = (array.reshape(-1, array.shape[-1]) for array in (batch["input_ids"], number))
    return [
        row[own == one].tolist()
        for row, own in zip(*flat, strict=True)
        for one in range(1, own.max() + 1)
    ]
