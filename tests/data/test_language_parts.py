"""Draws of a language: nested, disjoint, the same in every mixture; and what cannot be drawn."""

from itertools import pairwise
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_flax.config import base
from xlt_flax.data.documents import Documents
from xlt_flax.data.language_parts import LanguagePool, draw_language, validation_places
from xlt_flax.data.selection import count_training, needed_splits, select, select_all
from xlt_flax.errors import UserError


def documents(labels, texts=None, prefix="d"):
    texts = [f"text {prefix} {i}" for i in range(len(labels))] if texts is None else texts
    return Documents.from_arrays(
        ids=[f"{prefix}{i}" for i in range(len(labels))],
        labels=np.array(labels, np.int32),
        digests=np.array(texts, "S32"),
        tokens=np.arange(len(labels), dtype=np.int32),
        offsets=np.arange(len(labels) + 1),
        language="en",
    )


def draw(labels, count=None, share=0.1, validation=None, texts=None, **changes):
    pool = LanguagePool("en", documents(labels, texts), validation, changes.pop("excluded", ()))
    settings = {"seed": 50, "stratify": False, "dedup": False, "class_names": ("a", "b", "c")}
    return draw_language(pool, count, share=share, **{**settings, **changes})


CLASSES = st.lists(st.integers(0, 2), min_size=1, max_size=80)
SHARES = st.floats(0.01, 0.99)


@given(CLASSES, SHARES)
def test_a_share_of_each_class_validates(labels, share):
    labels = np.array(labels)
    places = validation_places(labels, share)
    for label in range(3):
        of_class = int((labels == label).sum())
        wanted = ceil(share * (of_class - 1) - 1e-9) if of_class else 0
        assert places[labels == label].sum() == wanted


def test_a_share_that_is_exact_is_no_document_more():
    assert validation_places(np.zeros(101, int), 0.07).sum() == 7


@given(CLASSES, SHARES, st.integers(1, 80))
def test_a_document_has_its_role_whatever_comes_after_it(labels, share, count):
    labels = np.array(labels)
    whole, fewer = validation_places(labels, share), validation_places(labels[:count], share)
    np.testing.assert_array_equal(whole[:count], fewer)


@pytest.mark.parametrize("stratify", [False, True])
def test_draws_are_nested_and_disjoint(stratify):
    labels = [0] * 40 + [1] * 30 + [2] * 25
    counts = [10, 20, 40, 75 if stratify else 95, None]
    draws = [draw(labels, count, stratify=stratify) for count in counts]
    for smaller, larger in pairwise(draws):
        assert {*smaller.train} <= {*larger.train}
        assert {*smaller.validation} <= {*larger.validation}
    for count, drawn in zip(counts, draws, strict=True):
        assert not {*drawn.train} & {*drawn.validation}
        assert len(drawn.train) + len(drawn.validation) == (count or (75 if stratify else 95))
    if stratify:
        chosen = np.array(labels)[[*draws[0].train, *draws[0].validation]]
        assert np.ptp(np.bincount(chosen)) <= 1


def test_another_seed_draws_others_and_what_lies_in_the_file_before_changes_nothing():
    labels = [0, 1] * 30
    assert draw(labels, 20).train != draw(labels, 20, seed=51).train


def test_a_validation_file_leaves_all_for_training():
    drawn = draw([0, 1] * 10, 12, validation=documents([0, 1]))
    assert len(drawn.train) == 12
    assert drawn.validation == []
    assert draw([0, 1] * 10, validation=documents([0, 1])).train == list(range(20))


def test_repeats_and_what_is_excluded_are_not_drawn():
    texts = ["same", "same", *(f"other {i}" for i in range(18))]
    drawn = draw([0, 1] * 10, texts=texts, dedup=True, excluded=np.array(["other 3"], "S32"))
    assert sorted([*drawn.train, *drawn.validation]) == [0, 2, 3, 4, *range(6, 20)]


def test_classes_of_a_list_may_have_one_document_or_none():
    """Which then trains; a stratified draw has each class before any twice, and leaves none out."""
    labels = [0] * 20 + [2] + [3] * 4
    names = ("a", "b", "c", "d")
    drawn = draw(labels, listed=True, class_names=names)
    assert len(drawn.train) + len(drawn.validation) == 25
    assert 20 in drawn.train
    assert 20 in draw(labels, 4, share=0.5, listed=True, stratify=True, class_names=names).train
    evenly = draw(labels, 13, listed=True, stratify=True, class_names=names)
    chosen = np.array(labels)[[*evenly.train, *evenly.validation]]
    assert np.bincount(chosen).tolist() == [8, 0, 1, 4]


@pytest.mark.parametrize(
    ("labels", "changes", "line"),
    [
        ([0, 0, 1], {}, "en has one training document of class 'b' and no validation file"),
        ([0, 0, 1, 1], {"count": 5}, "names 5 en documents, but there are 4 to train on: name"),
        ([0, 0, 1, 1, 1], {"count": 5, "stratify": True}, r"there are 4 .*config.data.stratify"),
        ([0, 0, 1, 1], {"count": 1}, "names 1 en documents, each of another class"),
    ],
)
def test_what_cannot_be_drawn(labels, changes, line):
    with pytest.raises(UserError, match=line):
        draw(labels, **changes)


def sample_data(**changes):
    data = base().data
    data.update({"train_per_group": 30, "validation_per_group": 10, **changes})
    return data


def test_mixtures_share_the_documents_of_their_languages(sample_corpus):
    alone = select(sample_corpus, "en:40", sample_data())
    both = select(sample_corpus, "de+en:80", sample_data())
    assert [(part.name, part.language) for part in both.parts] == [("de", "de"), ("en:80", "en")]
    assert {*alone.train.ids} < {*both.train.ids}
    assert {*alone.validation.ids} < {*both.validation.ids}
    assert not {*both.train.ids} & {*both.validation.ids}
    assert len(alone.train) + len(alone.validation) == 40
    assert {name.split("/")[2] for name in both.train.ids} == {"train"}  # test files judge
    assert count_training(sample_corpus, "en:40", sample_data()) == len(alone.train)
    union = select_all(sample_corpus, ["en:40", "de+en:80", "de"], sample_data())
    assert [part.name for part in union.parts] == ["en:40", "de", "en:80"]


def test_shares_are_of_the_budget(sample_corpus):
    data = sample_data(budget=50)
    chosen = select(sample_corpus, "en:67%+de:33%", data)
    assert [part.train + part.validation for part in chosen.parts] == [34, 16]


def test_what_amounts_read(sample_corpus):
    needed = needed_splits("en:40+de", "ja", sample_corpus.source)
    assert needed == [("de", "train"), ("en", "train"), ("ja", "test")]
