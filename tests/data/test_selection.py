"""A run's documents: which pools its groups come from, and what is refused or left out."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest

from xlt_flax.config import base
from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.selection import needed_splits, select
from xlt_flax.data.sources.webis_cls10.languages import LANGUAGE_OF_LETTER
from xlt_flax.data.sources.webis_cls10.raw_files import RawFiles
from xlt_flax.data.sources.webis_cls10.reviews import read_reviews
from xlt_flax.errors import UserError


def data_config(**changes):
    data = base().data
    data.train_per_group, data.validation_per_group = 30, 10
    data.update(changes)
    return data


def test_the_target_languages_groups_come_from_its_train_file_alone(sample_corpus):
    chosen = select(sample_corpus, "J1J2E1", data_config())
    assert [part.train for part in chosen.parts] == [30, 30, 30]
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
    ids = list(chosen[0].train.ids)
    assert turned.train.ids == ids[30:] + ids[:30]
    np.testing.assert_array_equal(
        turned.train.document_tokens(59), chosen[0].train.document_tokens(29)
    )


def test_the_empty_mixture_selects_nothing(sample_corpus):
    chosen = select(sample_corpus, "", data_config())
    assert len(chosen.train) == len(chosen.validation) == len(chosen.languages) == 0


def test_needed_splits(sample_corpus):
    def needed(mixture, target="ja", evaluated=()):
        return needed_splits(mixture, target, sample_corpus.source, evaluated)

    assert needed("") == [("ja", "test")]
    assert needed("J1") == [("ja", "test"), ("ja", "train")]
    english = [("en", "test"), ("en", "train")]
    assert needed("E1E2") == [*english, ("ja", "test")]
    assert needed("E1", "en") == english
    assert needed("E1", "en", ["en", "fr"]) == [*english, ("fr", "test")]


def test_a_document_without_a_label_is_not_trained_on(make_documents):
    texts = {("en", "train"): list("abcd"), ("ja", "test"): ["t"]}
    labels = {("en", "train"): [1, -1, -1, 0], ("ja", "test"): [-1]}
    corpus = PooledCorpus(make_documents, texts, labels)
    data = data_config(train_per_group=3, validation_per_group=1)
    with pytest.raises(UserError, match=r"given: the en document en/train/[12] has no label") as e:
        select(corpus, "E1", data)
    assert len(str(e.value).splitlines()) == 1
    data.update({"train_per_group": 1, "validation_per_group": 1, "stratify": True})
    assert sorted(select(corpus, "E1", data).train.labels.tolist()) in ([0], [1])


@pytest.mark.parametrize("change", [{"stratify": True}, {"dedup": True, "dedup_in_place": True}])
def test_documents_of_several_labels_have_no_class(make_documents, change):
    texts = {("en", "train"): list("abcd")}
    source = GivenSource(texts, LabelSet(("a", "b"), several=True))
    corpus = PooledCorpus(make_documents, texts, source=source)
    data = data_config(train_per_group=1, validation_per_group=1)
    assert len(select(corpus, "E1", data).train) == 1
    data.update(change)
    with pytest.raises(UserError, match=f"config.data.{list(change)[-1]} is True"):
        select(corpus, "E1", data)


@dataclass(frozen=True)
class GivenSource:
    """What a selection asks of a data set."""

    of: dict
    labels: LabelSet
    name = "given"
    letters = LANGUAGE_OF_LETTER

    def splits(self, language):
        return tuple(split for name, split in self.of if name == language)


class PooledCorpus:
    """A corpus of given texts, and of labels if they are given."""

    def __init__(self, make_documents, texts, labels=None, source=None):
        self.source = source or GivenSource(texts, LabelSet(("negative", "positive")))
        self.stores = {
            key: make_documents(
                value,
                labels and labels[key],
                ids=["/".join([*key, str(i)]) for i in range(len(value))],
                language=key[0],
                split=key[1],
            )
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
        return sorted([*chosen.train.ids, *chosen.validation.ids])

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
    corpus = PooledCorpus(make_documents, {key: [] for key in reviews})
    for key, value in reviews.items():
        corpus.stores[key] = Documents.from_arrays(
            ids=[f"fr/music/{key[1]}/{review.number}" for review in value],
            labels=np.array([review.label for review in value], np.int32),
            digests=digests[key],
            tokens=np.zeros(0, np.int32),
            offsets=np.zeros(len(value) + 1, np.int64),
        )
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
