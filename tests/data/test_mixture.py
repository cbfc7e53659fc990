"""Mixtures: their names, and groups that are disjoint and the same for ever."""

import hashlib
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlt_flax.config import base
from xlt_flax.data.mixture import (
    Group,
    draw_group,
    mixture_shape,
    parse_mixture,
    without_repeats,
)
from xlt_flax.data.selection import select
from xlt_flax.data.sources.webis_cls10.raw_files import RawFiles
from xlt_flax.data.sources.webis_cls10.reviews import read_reviews
from xlt_flax.errors import UserError

SIZES = {"train_documents": 1000, "validation_documents": 100}


@pytest.fixture(scope="module")
def music_pool(make_documents):
    """As many English documents as Webis-CLS-10 has, with its ids, labels in turn."""
    ids = [f"en/music/{split}/{i}" for split in ("train", "test") for i in range(1, 2001)]
    return make_documents(["x"] * 4000, [i % 2 for i in range(4000)], ids)


@pytest.mark.parametrize(
    ("name", "groups", "shape"),
    [
        ("", [], ""),
        ("E1", [Group("en", 1)], "1"),
        ("E1E2D1", [Group("en", 1), Group("en", 2), Group("de", 1)], "2:1"),
        ("D2F1D1", [Group("de", 2), Group("fr", 1), Group("de", 1)], "2:1"),
        ("E3D3F3", [Group("en", 3), Group("de", 3), Group("fr", 3)], "1:1:1"),
        ("F1F2F3", [Group("fr", 1), Group("fr", 2), Group("fr", 3)], "3:0"),
        ("J1", [Group("ja", 1)], "1"),
        ("E1J9", [Group("en", 1), Group("ja", 9)], "1:1"),
    ],
)
def test_names(name, groups, shape):
    assert parse_mixture(name) == groups
    assert mixture_shape(groups) == shape
    assert "".join(group.name for group in groups) == name


@pytest.mark.parametrize(
    "name", ["X1", "E", "1", "E0", "e1", "E1 D1", "E1,D1", "E10", "E1\n", "Ｅ1"]
)
def test_names_that_are_none(name):
    with pytest.raises(UserError, match=r"config.mixture .* such as E1D1F1") as error:
        parse_mixture(name)
    assert repr(name) in str(error.value)


def test_a_group_that_is_named_twice():
    with pytest.raises(UserError, match=r"'E1D1E1' names E1 more than once"):
        parse_mixture("E1D1E1")


def test_a_draw_is_the_one_it_has_always_been(music_pool):
    draw = draw_group(music_pool, Group("en", 1), seed=50, stratify=False, **SIZES)
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
    draws = [
        draw_group(music_pool, Group("en", n), seed=50, stratify=stratify, **SIZES)
        for n in (1, 2, 3)
    ]
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
    group = Group("de", 1)

    def order(ids):
        pool = make_documents(["x"] * len(ids), ids=ids)
        draw = draw_group(
            pool, group, seed=3, train_documents=len(ids) - 1, validation_documents=1,
            stratify=False,
        )  # fmt: skip
        return [pool.ids[i] for i in draw.train + draw.validation]

    assert order(kept) == [document for document in order(ids) if document in kept]


@pytest.mark.parametrize(
    ("change", "is_another"),
    [({"seed": 51}, True), ({"group": Group("de", 1)}, True), ({"group": Group("en", 2)}, True)],
)
def test_what_a_draw_depends_on(music_pool, change, is_another):
    arguments = {"group": Group("en", 1), "seed": 50, "stratify": False, **SIZES}
    draw = draw_group(music_pool, **arguments)
    assert (draw_group(music_pool, **arguments | change) != draw) == is_another


@pytest.mark.parametrize(
    ("group", "sizes", "stratify", "possible"),
    [
        (Group("en", 4), SIZES, False, 3),
        (Group("en", 1), {"train_documents": 4000, "validation_documents": 1}, False, 0),
        (Group("en", 9), SIZES, True, 3),
    ],
)
def test_a_pool_that_is_too_small(music_pool, group, sizes, stratify, possible):
    with pytest.raises(UserError, match=f"make only {possible} groups") as error:
        draw_group(music_pool, group, seed=50, stratify=stratify, **sizes)
    assert group.name in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_repeated_texts_are_dropped_and_so_are_excluded_ones():
    digests = np.array([b"a", b"b", b"a", b"c", b"b", b"d"], "S32")
    assert without_repeats(digests).tolist() == [0, 1, 3, 5]
    assert without_repeats(digests, np.array([b"b", b"d"], "S32")).tolist() == [0, 3]


def data_config(**changes):
    data = base().data
    data.train_per_group, data.validation_per_group = 30, 10
    data.update(changes)
    return data


def test_the_target_languages_groups_come_from_its_train_file_alone(sample_corpus):
    chosen = select(sample_corpus, "J1J2E1", data_config())
    names = [document_id.rsplit("/", 1)[0] for document_id in chosen.train.ids]
    assert set(names[:60]) == {"ja/music/train"}
    assert set(names[60:]) == {"en/music/train", "en/music/test"}
    assert set(chosen.validation.ids[0].split("/")[:1]) == {"ja"}
    assert chosen.languages.tolist() == ["ja"] * 60 + ["en"] * 30
    assert not set(chosen.train.ids) & set(chosen.validation.ids)
    with pytest.raises(UserError, match="names J4, but 120 ja documents make only 3 groups"):
        select(sample_corpus, "J4", data_config())
    english = select(sample_corpus, "J1E1", data_config(target_language="en"))
    assert any(name.startswith("ja/music/test/") for name in english.train.ids)
    assert not any(name.startswith("en/music/test/") for name in english.train.ids)


def test_the_same_mixture_selects_the_same_documents(sample_corpus):
    chosen = [select(sample_corpus, "D1F2", data_config()) for _ in range(2)]
    assert chosen[0].train.ids == chosen[1].train.ids
    turned = select(sample_corpus, "F2D1", data_config())
    assert turned.train.ids == chosen[0].train.ids[30:] + chosen[0].train.ids[:30]
    np.testing.assert_array_equal(
        turned.train.tokens[-5:], chosen[0].train.document_tokens(29)[-5:]
    )


def test_the_empty_mixture_selects_nothing(sample_corpus):
    chosen = select(sample_corpus, "", data_config())
    assert len(chosen.train) == len(chosen.validation) == len(chosen.languages) == 0


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
                    draw_group(
                        pool, Group("en", number), seed=1, train_documents=2,
                        validation_documents=1, stratify=stratify, **options,
                    )
                )  # fmt: skip
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
    sizes = {"seed": 50, "train_documents": 6, "validation_documents": 1}
    with pytest.raises(UserError, match=r"class \(config.data.dedup_in_place\), make only 0") as e:
        draw_group(pool, Group("en", 1), **sizes, stratify=False, replace_repeats=True)
    assert "set config.data.stratify=True" in str(e.value)
    sizes |= {"train_documents": 3}
    draw = draw_group(pool, Group("en", 1), **sizes, stratify=True, replace_repeats=True)
    assert pool.labels[draw.train + draw.validation].tolist() == [0, 1, 0, 1]


class PooledCorpus:
    """A corpus of given texts."""

    def __init__(self, make_documents, texts):
        self.stores = {
            key: make_documents(value, ids=["/".join([*key, str(i)]) for i in range(len(value))])
            for key, value in texts.items()
        }

    def store(self, language, split):
        return self.stores[language, split]


def test_dedup_drops_repeats_and_texts_of_the_target_test_set(make_documents):
    corpus = PooledCorpus(
        make_documents,
        {
            ("en", "train"): ["a", "b", "a"],
            ("en", "test"): ["b", "c"],
            ("ja", "train"): ["p", "q", "p", "r"],
            ("ja", "test"): ["r", "q"],
        },
    )

    def ids(mixture, **changes):
        data = data_config(validation_per_group=1, **changes)
        chosen = select(corpus, mixture, data)
        return sorted(chosen.train.ids + chosen.validation.ids)

    assert ids("E1", dedup=True, train_per_group=2) == ["en/test/1", "en/train/0", "en/train/1"]
    assert len(ids("E1", dedup=False, train_per_group=4)) == 5
    with pytest.raises(UserError, match="but 1 ja documents make only 0 groups"):
        ids("J1", dedup=True, train_per_group=1)
    assert len(ids("J1", dedup=False, train_per_group=3)) == 4


def test_dedup_in_place_keeps_the_target_test_set_out(make_documents):
    corpus = PooledCorpus(
        make_documents, {("ja", "train"): ["p", "q", "p", "r", "s"], ("ja", "test"): ["r", "q"]}
    )
    data = data_config(dedup=True, dedup_in_place=True, train_per_group=1, validation_per_group=1)
    chosen = select(corpus, "J1", data)
    texts = {bytes(digest) for digest in [*chosen.train.digests, *chosen.validation.digests]}
    assert texts == {b"p", b"s"}


@pytest.fixture(scope="module")
def french_music(shared_folder, make_documents):
    """A corpus of the real French files; its documents have no tokens."""
    raw = RawFiles(shared_folder / "data" / "webis-cls-10")
    reviews = {}
    for split in ("train", "test"):
        with raw.open("fr", "music", split) as file:
            reviews["fr", split] = list(read_reviews(file, split))
    digests = {
        key: np.array([hashlib.md5(r.text.encode()).hexdigest() for r in value], "S32")
        for key, value in reviews.items()
    }
    corpus = PooledCorpus(make_documents, {key: [""] * len(reviews[key]) for key in reviews})
    for key, store in corpus.stores.items():
        ids = [f"fr/music/{key[1]}/{review.number}" for review in reviews[key]]
        labels = np.array([review.label for review in reviews[key]], np.int32)
        corpus.stores[key] = replace(store, ids=ids, labels=labels, digests=digests[key])
    return corpus


def test_french_music_without_repeats_in_balance(french_music):
    """The worst pool there is: 380 repeats of 4,000, most of them negative."""

    def drawn(**changes):
        chosen = select(french_music, "F1F2F3", base_data(changes))
        groups = np.split(np.array(chosen.train.ids), 3)
        assert len(set(chosen.train.digests.tolist())) == 3000 or not changes.get("dedup")
        return groups, chosen.train.labels.mean(), chosen.validation.labels.mean()

    def base_data(changes):
        data = base().data
        data.update(changes)
        return data

    def kept(of, other):
        return [len(np.intersect1d(a, b)) for a, b in zip(of, other, strict=True)]

    moved_up = drawn(dedup=True)
    assert moved_up[1] == pytest.approx(0.538, abs=2e-3)  # as the draw gives it
    balanced = drawn(stratify=True)
    for in_place in (False, True):
        found = drawn(dedup=True, stratify=True, dedup_in_place=in_place)
        assert found[1:] == (0.5, 0.5)
        third = kept(found[0], balanced[0])[2]
        assert third > 850 if in_place else third < 750
    with pytest.raises(UserError, match=r"names F3, but .*set config\.data\.stratify=True"):
        drawn(dedup=True, dedup_in_place=True)
