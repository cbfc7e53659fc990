"""Groups that are disjoint and the same for ever, in balance and without repeats if wanted."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlt_flax.data.drawing import draw_part, without_repeats
from xlt_flax.data.mixture import Part
from xlt_flax.errors import UserError


def english(number, train=1000, validation=100):
    return Part(f"E{number}", "en", number, train, validation)


@pytest.fixture(scope="module")
def music_pool(make_documents):
    """As many English documents as Webis-CLS-10 has, with its ids, labels in turn."""
    ids = [f"en/music/{split}/{i}" for split in ("train", "test") for i in range(1, 2001)]
    return make_documents(["x"] * 4000, [i % 2 for i in range(4000)], ids)


def test_a_draw_is_the_one_it_has_always_been(music_pool):
    draw = draw_part(music_pool, english(1), seed=50, stratify=False)
    assert [music_pool.ids[i] for i in draw.train[:4]] == [
        "en/music/train/1336",
        "en/music/test/1118",
        "en/music/train/1530",
        "en/music/train/177",
    ]
    assert [music_pool.ids[i] for i in draw.validation[-2:]] == [
        "en/music/test/1287",
        "en/music/train/1240",
    ]


@pytest.mark.parametrize("stratify", [False, True])
def test_groups_are_disjoint_and_of_their_size(music_pool, stratify):
    draws = [draw_part(music_pool, english(n), seed=50, stratify=stratify) for n in (1, 2, 3)]
    drawn = [index for draw in draws for index in draw.train + draw.validation]
    assert len(set(drawn)) == len(drawn) == 3300
    for draw in draws:
        assert (len(draw.train), len(draw.validation)) == (1000, 100)
        positive = int(music_pool.labels[draw.train].sum())
        assert positive == 500 if stratify else 400 < positive < 600


@settings(max_examples=30)
@given(st.data())
def test_a_document_that_is_taken_away_moves_no_other(make_documents, data):
    ids = [f"d{i}" for i in range(40)]
    kept = data.draw(st.lists(st.sampled_from(ids), min_size=2, unique=True))

    def order(ids):
        pool = make_documents(["x"] * len(ids), ids=ids)
        draw = draw_part(pool, Part("D1", "de", 1, len(ids) - 1, 1), seed=3, stratify=False)
        return [pool.ids[i] for i in draw.train + draw.validation]

    assert order(kept) == [document for document in order(ids) if document in kept]


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        ({"seed": 51}, True),
        ({"part": Part("D1", "de", 1, 1000, 100)}, True),
        ({"part": english(2)}, True),
        ({"part": Part("another name", "en", 1, 1000, 100)}, False),
    ],
)
def test_what_a_draw_depends_on(music_pool, change, is_another):
    arguments = {"part": english(1), "seed": 50, "stratify": False}
    draw = draw_part(music_pool, **arguments)
    assert (draw_part(music_pool, **arguments | change) != draw) == is_another


@pytest.mark.parametrize(
    ("part", "stratify", "possible"),
    [(english(4), False, 3), (english(1, 4000, 1), False, 0), (english(9), True, 3)],
)
def test_a_pool_that_is_too_small(music_pool, part, stratify, possible):
    with pytest.raises(UserError, match=f"make only {possible} groups") as error:
        draw_part(music_pool, part, seed=50, stratify=stratify)
    assert part.name in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_repeated_texts_are_dropped_and_so_are_excluded_ones():
    digests = np.array([b"a", b"b", b"a", b"c", b"b", b"d"], "S32")
    assert without_repeats(digests).tolist() == [0, 1, 3, 5]
    assert without_repeats(digests, np.array([b"b", b"d"], "S32")).tolist() == [0, 3]


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_stratified_parts_have_as_many_of_each_class(make_documents, classes):
    """Whatever there is of each; documents without a label are in no part."""
    labels = np.random.default_rng(0).integers(-1, classes, 400)
    pool = make_documents(["x"] * 400, labels)
    part = Part("E1", "en", 1, 10 * classes, 2 * classes)
    draw = draw_part(pool, part, seed=1, stratify=True)
    assert np.bincount(pool.labels[draw.train]).tolist() == [10] * classes
    assert np.bincount(pool.labels[draw.validation]).tolist() == [2] * classes


@settings(max_examples=40)
@given(data=st.data(), stratify=st.booleans())
def test_repeats_are_replaced_in_place_by_their_class(make_documents, data, stratify):
    """Whatever repeats there are, and whatever texts the target's test set has."""
    letters = data.draw(st.lists(st.sampled_from("abcdefghijklmnopqr"), min_size=8, max_size=40))
    labels = data.draw(st.lists(st.sampled_from([0, 1]), min_size=40, max_size=40))
    excluded = np.array(data.draw(st.lists(st.sampled_from([b"a", b"b"]), max_size=2)), "S32")
    pool = make_documents(letters, labels[: len(letters)])

    def groups(**options):
        drawn = []
        with suppress(UserError):
            for number in range(1, 10):
                drawn.append(
                    draw_part(pool, english(number, 2, 1), seed=1, stratify=stratify, **options)
                )
        return [draw.train + draw.validation for draw in drawn]

    replaced, plain = groups(replace_repeats=True, excluded=excluded), groups()
    drawn = [index for group in replaced for index in group]
    assert len({letters[index] for index in drawn}) == len(drawn)
    assert not {letters[index].encode() for index in drawn} & set(excluded.tolist())
    first = {}
    for place, index in enumerate([index for group in plain for index in group]):
        is_repeat = letters[index] in first or letters[index].encode() in excluded
        first.setdefault(letters[index], place)
        if place < len(drawn):
            assert (drawn[place] == index) == (not is_repeat)
            assert pool.labels[drawn[place]] == pool.labels[index]


def test_a_class_with_nothing_left_to_replace_a_repeat(make_documents):
    texts = ["a", "a", "b", "c", "d", "e", "f", "g"]
    pool = make_documents(texts, [0, 0, 0, 1, 1, 1, 1, 1])
    with pytest.raises(UserError, match=r"class \(config.data.dedup_in_place\), make only 0") as e:
        draw_part(pool, english(1, 6, 1), seed=50, stratify=False, replace_repeats=True)
    assert "set config.data.stratify=True" in str(e.value)
    draw = draw_part(pool, english(1, 3, 1), seed=50, stratify=True, replace_repeats=True)
    assert pool.labels[draw.train + draw.validation].tolist() == [0, 1, 0, 1]
