"""Which documents are the same one, for deduplication, audit and evaluation alike."""

import numpy as np
import pytest

from xlt_flax.data.known import Known
from xlt_flax.data.mixture import without_repeats
from xlt_flax.data.sameness import text_digest
from xlt_flax.data.token_store import Document, open_or_build, store_key

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
    key, made_from = store_key({}, sample_tokenizer, 16)
    documents = [Document(str(i), text, 1) for i, text in enumerate(texts)]
    store = open_or_build(tmp_path, key, made_from, lambda: documents, sample_tokenizer, "texts")
    assert without_repeats(store.digests).tolist() == [0, 2]


def test_known_by_id_or_by_text(make_documents):
    known = Known.of(make_documents(["a", "b"], ids=["x/1", "x/2"]))
    asked = make_documents(["a", "z", "z"], ids=["y/1", "x/2", "y/2"])
    assert known.marks(asked).tolist() == [True, True, False]
    assert not Known().marks(asked).any()


def test_the_id_of_another_dataset_says_nothing(make_documents):
    known = Known.of(make_documents(["a"], ids=["1"]), same_dataset=False)
    assert known.marks(make_documents(["b", "a"], ids=["1", "2"])).tolist() == [False, True]


def test_what_several_know(make_documents):
    parts = [Known.of(make_documents([text], ids=[text])) for text in "abc"]
    asked = make_documents(["a", "x", "c"], ids=["1", "b", "3"])
    np.testing.assert_array_equal(Known.all_of(parts).marks(asked), [True, True, True])
    assert not Known.all_of([]).marks(asked).any()
