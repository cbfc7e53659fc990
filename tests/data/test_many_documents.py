"""As many documents as one likes: memory is that of a chunk while they are tokenized, and of a few
arrays afterwards; what is too much is measured in bytes, never in seconds."""

import tracemalloc

import numpy as np
import pytest

from xlt_flax.data.audit import audit
from xlt_flax.data.documents import concatenate
from xlt_flax.data.drawing import draw_part
from xlt_flax.data.examples import Example, LabelSet
from xlt_flax.data.mixture import Part
from xlt_flax.data.selection import Selection
from xlt_flax.data.token_store import open_or_build, store_key

LABELS = LabelSet(tuple(f"class {i}" for i in range(5)))
_MIB = 1 << 20


def examples(count):
    words = [f"{a}{b}" for a in "klmnprst" for b in ("at", "eto", "ila", "onu", "us")]
    for i in range(count):
        text = " ".join(words[(i * j + j) % len(words)] for j in range(3, 3 + i % 40))
        yield Example(f"pool/{i}", (f"{i} {text}",), (i % 5,), "en")


def build(root, tokenizer, count):
    source = {"dataset": "many", "language": "en", "split": "train", "digest": str(count)}
    key, made_from = store_key(source, tokenizer, 64)
    return open_or_build(root, key, made_from, lambda: examples(count), tokenizer)


def peak_of(work):
    """What `work()` gives, and the most bytes that Python and NumPy held meanwhile."""
    tracemalloc.start()
    try:
        made = work()
        return made, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(100_000, marks=pytest.mark.slow),
        pytest.param(1_000_000, marks=pytest.mark.soak),
    ],
)
def test_memory_is_bounded(tmp_path, sample_tokenizer, count):
    build(tmp_path, sample_tokenizer, 1000)  # the tokenizer's own tables
    store, peak = peak_of(lambda: build(tmp_path, sample_tokenizer, count))
    assert (len(store), store.ids[count - 1]) == (count, f"pool/{count - 1}")
    assert peak < 16 * _MIB  # of whatever count

    def select():
        pool = concatenate([store])
        size = count // 4
        draw = draw_part(pool, Part("E1", "en", 1, size, size // 10), seed=1, stratify=True)
        train, validation = pool.take(draw.train), pool.take(draw.validation)
        numbers = np.flatnonzero(train.used_tokens(sample_tokenizer.vocab_size))
        row_of = np.full(sample_tokenizer.vocab_size, -1)
        row_of[numbers] = np.arange(len(numbers))
        parts = [Part("E1", "en", 1, len(train), len(validation))]
        report = audit(Selection(parts, train, validation, LABELS), pool, "en", 64)
        return train.renumbered(row_of), report

    (train, report), peak = peak_of(select)
    assert peak < 1000 * count  # less than the texts themselves, as Python's strings
    assert np.bincount(train.labels).tolist() == [count // 20] * 5
    assert report["duplicates"]["train_test"]["documents"] == len(train) + len(train) // 10
    assert all(train.document_tokens(i).min() >= 0 for i in range(0, len(train), 1000))
