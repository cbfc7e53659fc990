"""Which documents are the same one, for deduplication, audit and evaluation alike."""

import numpy as np
import pytest

from xlt_flax.data.drawing import without_repeats
from xlt_flax.data.examples import Example
from xlt_flax.data.known import Known
from xlt_flax.data.sameness import text_digest
from xlt_flax.data.token_store import open_or_build, store_key

TEXT = "Ein tolles Album, 10 von 10"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TEXT, TEXT),
        (TEXT, "Ｅｉｎ　ｔｏｌｌｅｓ　Ａｌｂｕｍ，　１０　ｖｏｎ　１０"),  # full width
        (TEXT, "EIN TOLLES ALBUM, 10 VON 10"),
        (TEXT, "\n Ein  tolles\tAlbum,\u00a010 von 10\r\n"),
        ("Straße", "STRASSE"),
        ("e\u0301t\u00e9", "\u00e9te\u0301"),  # accents composed, and not
        ("ｶﾞｷﾞ", "ガギ"),  # half width
        ("", " \n"),
    ],
)
def test_copies_of_one_text(one, other):
    assert text_digest(one) == text_digest(other)


@pytest.mark.parametrize(
    "other", ["", "Ein tolles Album, 10 von 1", "Ein tollesAlbum, 10 von 10", "Ein tolles Album 10"]
)
def test_other_texts(other):
    assert text_digest(TEXT) != text_digest(other)


def test_stores_and_dedup_go_by_it(tmp_path, sample_tokenizer):
    texts = ["Gute CD", "ＧＵＴＥ  cd", "Gute CDs"]
    source = {"dataset": "texts", "language": "de", "split": "train", "digest": ""}
    key, made_from = store_key(source, sample_tokenizer, 16)
    examples = [Example(str(i), (text,), (1,), "de") for i, text in enumerate(texts)]
    store = open_or_build(tmp_path, key, made_from, lambda: examples, sample_tokenizer)
    assert without_repeats(store.digests).tolist() == [0, 2]


def test_known_by_id_or_by_text(make_documents):
    known = Known.of(make_documents(["a", "b"], ids=["x/1", "x/2"]))
    asked = make_documents(["a", "z", "z"], ids=["y/1", "x/2", "y/2"])
    assert known.marks(asked).tolist() == [True, True, False]
    assert not Known().marks(asked).any()


@pytest.mark.parametrize("field", ["dataset", "language", "split"])
def test_an_id_says_nothing_elsewhere(make_documents, field):
    """The same number in another data set, language or split is another document."""
    known = Known.of(make_documents(["a"], ids=["1"], **{field: "x"}))
    elsewhere = make_documents(["b", "a"], ids=["1", "2"], **{field: "y"})
    assert known.marks(elsewhere).tolist() == [False, True]
    there = make_documents(["b", "a"], ids=["1", "2"], **{field: "x"})
    assert known.marks(there).tolist() == [True, True]


def test_documents_of_which_the_id_is_left(make_documents):
    known = Known.named(["1", "3"], "d", "en", ("train", "test"))
    for split, marks in (("train", [True, False]), ("other", [False, False])):
        asked = make_documents(["a", "b"], ids=["1", "2"], dataset="d", language="en", split=split)
        assert known.marks(asked).tolist() == marks


def test_a_pair_is_its_two_texts_in_order():
    assert text_digest("a", "b") == text_digest(" A", "b ")
    assert len({text_digest(*texts) for texts in (("a", "b"), ("b", "a"), ("a b",), ("a",))}) == 4


def test_what_several_know(make_documents):
    parts = [Known.of(make_documents([text], ids=[text])) for text in "abc"]
    asked = make_documents(["a", "x", "c"], ids=["1", "b", "3"])
    np.testing.assert_array_equal(Known.all_of(parts).marks(asked), [True, True, True])
    assert not Known.all_of([]).marks(asked).any()
