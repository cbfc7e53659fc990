"""SHINRA as a data set: which pages it gives, with which text and labels; what is left out, and
said so; what is refused."""

import json
import logging
from pathlib import Path

import pytest
from shinra_files import dump_lines, page_line, write, write_classes, write_corpus

from xlt_flax.config import base
from xlt_flax.data.corpus import Corpus
from xlt_flax.data.documents import Documents
from xlt_flax.data.selection import select
from xlt_flax.data.sources import find_source, left_out_of
from xlt_flax.errors import UserError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a corpus, and a data_dir that it is prepared in."""
    place = tmp_path_factory.mktemp("shinra")
    return write_corpus(place / "raw"), place / "data"


@pytest.fixture
def data(made):
    """data(**fields): the `data` of a config on that corpus."""

    def make(manual_dir=made[0], data_dir=made[1], **fields):
        data = base().data
        data.update({"dataset": "shinra", "manual_dir": str(manual_dir), "data_dir": str(data_dir)})
        data.update(fields)
        return data

    return make


def given(source, split):
    names = source.labels.names
    return {
        one.id: (one.texts, [names[label] for label in one.labels])
        for one in source.examples("ja", split)
    }


def test_what_a_split_holds(data, caplog):
    """In the order of the dump, with other pages between; ids are joined as text."""
    source = find_source(data())
    assert source.languages == ("ja",)
    assert source.splits("ja") == ("train", "test", "unlabeled")
    assert source.labels.names == ("0", "1.1", "1.2", "1.7.19.13", "1.10", "9")
    assert not source.labels.several
    with caplog.at_level(logging.INFO, "xlt_flax"):
        train = given(source, "train")
    assert [*train.items()] == [
        ("3", (("本文 3",), ["1.7.19.13"])),
        ("4", (("本文 4",), ["1.2"])),
        ("7", (("本文 7",), ["9"])),
        ("8", (("本文 8",), ["0"])),
        ("11", (("本文 11",), ["1.1"])),
        ("1", (("本文 1",), ["1.1"])),
    ]
    assert (
        "shinra train: pages left out: 2 without class, 2 without text, 1 of several classes"
    ) in caplog.messages
    assert given(source, "test") == {"20": (("本文 20",), ["1.10"]), "21": (("本文 21",), ["1.1"])}
    assert given(source, "unlabeled") == {"31": (("本文 31",), []), "30": (("本文 30",), [])}
    assert left_out_of(source, "ja", "test") == {
        "without_text": 1,
        "of_several_classes": 1,
    }
    assert source.classes.nodes["1.7"].english == "Product"


def test_pages_of_several_classes_are_kept_where_that_is_wanted(data):
    source = find_source(data(labels="multi"))
    assert source.labels.several
    assert given(source, "train")["2"] == (("本文 2",), ["1.10", "1.1"])
    assert "of_several_classes" not in left_out_of(source, "ja", "train")


@pytest.mark.parametrize(
    ("text", "texts"),
    [("text", ("本文 3",)), ("title+text", ("題3 本文 3",)), ("title,text", ("題3", "本文 3"))],
)
def test_what_is_read_of_a_page(text, texts, data):
    assert given(find_source(data(text=text)), "train")["3"][0] == texts


def test_samples_are_nested_and_drawn_by_seed(data):
    def drawn(sample, seed):
        return frozenset(given(find_source(data(sample=sample, split_seed=seed)), "train"))

    for seed in range(6):
        samples = [drawn(sample, seed) for sample in (1, 3, 5)]
        assert [*map(len, samples)] == [1, 3, 5]
        assert samples[0] < samples[1] < samples[2]
    assert len({drawn(3, seed) for seed in range(6)}) > 2
    assert len(given(find_source(data(sample=1)), "test")) == 2


def test_a_stratified_sample_has_each_class_before_any_twice(data):
    for seed in range(9):
        drawn = given(find_source(data(sample=5, stratify=True, split_seed=seed)), "train")
        assert {label for _, (label,) in drawn.values()} == {"0", "1.1", "1.2", "1.7.19.13", "9"}
    assert len(given(find_source(data(sample=6, stratify=True)), "train")) == 6


def test_a_digest_tells_what_gives_other_examples(data, made):
    def digest(split="train", **fields):
        return find_source(data(**fields)).digest("ja", split)

    assert digest() == digest(split_seed=7) == digest(stratify=True)
    fields = [{"text": "title+text"}, {"labels": "multi"}, {"sample": 3}]
    fields += [{"sample": 3, "split_seed": 7}, {"sample": 3, "stratify": True}]
    assert len({digest(), *(digest(**one) for one in fields)}) == 6
    assert digest("test") == digest("test", sample=3)
    assert find_source(data()).known_digest("ja", "train") == digest()
    assert find_source(data(data_dir=made[1] / "none")).known_digest("ja", "train") is None


def test_mixtures(data, sample_tokenizer, made):
    """All of them or so many; a class of one page trains, and refuses nothing."""

    def chosen(mixture, **fields):
        config = data(validation_share=0.5, **fields)
        corpus = Corpus(find_source(config), sample_tokenizer, 32, Path(config.data_dir))
        return select(corpus, mixture, config)

    whole = chosen("ja")
    assert len(whole.train) == 5
    assert [*whole.validation.ids] in (["1"], ["11"])
    assert {*chosen("ja:6", stratify=True).train.ids} == {*whole.train.ids}
    assert len(chosen("ja", stratify=True).train) == 5
    assert len(chosen("ja", sample=6).train) == 5
    several = chosen("ja", labels="multi")
    assert len(several.train) + len(several.validation) == 7


def test_pairs_are_tokenized_as_pairs(data, sample_tokenizer):
    config = data(text="title,text")
    corpus = Corpus(find_source(config), sample_tokenizer, 32, Path(config.data_dir))
    assert Documents.of(corpus.store("ja", "test")).second_starts.all()


def test_prepared_data_need_no_files_but_the_dump(data, tmp_path):
    raw, prepared = write_corpus(tmp_path / "raw"), tmp_path / "data"
    config = data(raw, prepared)
    before = given(find_source(config), "train")
    for path in raw.iterdir():
        if "wikipedia" not in path.name:
            path.write_text("")
    with pytest.raises(UserError, match="was prepared from another train file than is now in"):
        find_source(config).digest("ja", "train")
    write_corpus(raw)
    assert given(find_source(config), "train") == before


def test_a_damaged_cache_is_prepared_again(data, tmp_path):
    config = data(write_corpus(tmp_path / "raw"), tmp_path / "data")
    before = given(find_source(config), "train")
    (record,) = (tmp_path / "data/shinra").rglob("shinra-train.tfrecord*")
    record.write_bytes(record.read_bytes()[:-9])
    assert given(find_source(config), "train") == before


def test_without_development_data_or_targets(data, tmp_path):
    raw = write_corpus(tmp_path / "raw", ".bz2")
    (raw / "development.tsv").unlink()
    (raw / "target.jsonl").unlink()
    source = find_source(data(raw, tmp_path / "data"))
    assert source.splits("ja") == ("train",)
    assert len(given(source, "train")) == 6
    assert source.splits("ja") == ("train",)


TRAIN = "shinra2022_Categorization_train_20220616.jsonl"
WRONG = {
    # what is done to the files, what the line says after their folder
    "an unknown class": (
        lambda raw: write(raw / TRAIN, [page_line(1, "1.1"), page_line(2, "1.99")]),
        f"/{TRAIN}: line 2: the class list has no class '1.99': correct it",
    ),
    "an unknown name": (
        lambda raw: write(raw / "development.tsv", ["1\t人名", "2\t人"]),
        "/development.tsv: line 2: the class list has no class named '人'",
    ),
    "a page twice": (
        lambda raw: write(raw / "target.jsonl", [page_line(1), page_line(1)]),
        "/target.jsonl: line 2: the page 1 has been in line 1",
    ),
    "a cut dump": (
        lambda raw: next(raw.glob("wiki*")).write_bytes(next(raw.glob("wiki*")).read_bytes()[:-9]),
        "/wikipedia-ja-20210823-json.gz: line ",
    ),
    "a dump of something else": (
        lambda raw: write(next(raw.glob("wiki*")), dump_lines((99, "a", "b"))),
        "/wikipedia-ja-20210823-json.gz: has text of none of the 15 pages of",
    ),
    "two dumps": (
        lambda raw: write(raw / "dump.json", []),
        ": dump.json and wikipedia-ja-20210823-json.gz are both dump.json by their names",
    ),
    "nothing to train on": (
        lambda raw: (raw / TRAIN).unlink(),
        ": has no train.jsonl: get SHINRA's classification data",
    ),
    "classes of another release": (
        lambda raw: write_classes(next(raw.glob("ENE*")), [("1", "a", "a", [], None)]),
        f"/{TRAIN}: line 1: the class list has no class '1.1'",
    ),
}


@pytest.mark.parametrize(("spoil", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_one_line_and_leaves_nothing(spoil, told, data, tmp_path):
    raw = write_corpus(tmp_path / "raw")
    spoil(raw)
    with pytest.raises(UserError) as error:
        find_source(data(raw, tmp_path / "data")).digest("ja", "train")
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"{raw}{told}"), line
    assert not [*(tmp_path / "data").rglob("*tfrecord*")]


def test_a_sample_that_is_too_large(data):
    with pytest.raises(UserError, match=r"config.data.sample is 7, but shinra has 6 pages to draw"):
        [*find_source(data(sample=7)).examples("ja", "train")]


def test_the_builders_are_registered(made):
    import tensorflow_datasets as tfds

    import xlt_flax.data.shinra  # noqa: F401

    assert tfds.builder_cls("shinra_sample").name == "shinra_sample"
    builder = tfds.builder("shinra", data_dir=made[1])
    rows = [*tfds.as_numpy(builder.as_dataset(split="train"))]
    first, second = rows[0], rows[1]
    assert (first["id"], first["title"], first["place"]) == (b"1", "題".encode(), 59)
    assert second["labels"].tolist() == [b"1.10", b"1.1"]
    assert rows[-1]["title"] == "題11".encode()
    assert json.loads((made[1] / "shinra/1.0.0/metadata.json").read_text())["counts"]["train"] == {
        "without_class": 2,
        "without_text": 2,
        "of_several_classes": 1,
    }
