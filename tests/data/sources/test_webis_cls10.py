"""The TFDS dataset: prepared on first use, verified, kept; never out of date or half-written."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from xlt_flax.config import base
from xlt_flax.data.corpus import Corpus
from xlt_flax.data.documents import Documents
from xlt_flax.data.sources import find_source
from xlt_flax.data.sources.webis_cls10.builder import WebisCls10
from xlt_flax.data.sources.webis_cls10.raw_files import ARCHIVE, FOLDER, RawFiles
from xlt_flax.errors import UserError


@pytest.fixture(autouse=True)
def _small_splits(monkeypatch):
    """Six documents a split instead of 2,000, as raw_folder has them."""
    monkeypatch.setattr(WebisCls10, "DOCUMENTS_PER_SPLIT", 6)


@pytest.fixture
def corpus(raw_folder, tmp_path, sample_tokenizer):
    """Makes a Corpus on raw_folder's files, as each command begins with a fresh one."""

    def make(manual_dir=raw_folder, dataset="webis_cls10", domain="music", data_dir=None):
        data = base().data
        data.update({"dataset": dataset, "domain": domain, "manual_dir": str(manual_dir)})
        data.data_dir = str(data_dir or tmp_path / "data")
        return Corpus(find_source(data), sample_tokenizer, 32, Path(data.data_dir))

    return make


def train_file(raw_folder):
    return raw_folder / FOLDER / "en" / "music" / "train.review"


def expect_one_line(function, *arguments, **named):
    with pytest.raises(UserError) as error:
        function(*arguments, **named)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def texts(store, tokenizer):
    return [tokenizer.decode(store.document_tokens(row)) for row in range(len(store))]


def test_a_home_is_nobodys_folder_of_that_name(corpus, tmp_path, monkeypatch):
    """What a report opens is a stored config's data, which nothing has resolved."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    opened = corpus("~/raw", data_dir="~/data")
    expect_one_line(opened.digest, "en", "train")
    assert (opened.source.data_dir, opened.source.manual_dir) == (
        tmp_path / "home/data",
        tmp_path / "home/raw",
    )
    assert not (tmp_path / "~").exists()


def test_folder_and_archive_give_the_same_documents(corpus, raw_folder, tmp_path, sample_tokenizer):
    with tarfile.open(tmp_path / ARCHIVE, "w:gz") as tar:
        tar.add(raw_folder / FOLDER, FOLDER)
    stores = [
        corpus(place, data_dir=tmp_path / name).store("ja", "test")
        for name, place in (
            ("a", raw_folder),
            ("b", raw_folder / FOLDER),
            ("c", tmp_path),
            ("d", tmp_path / ARCHIVE),
        )
    ]
    for store in stores:
        assert store.ids == [f"ja/music/test/{i}" for i in range(1, 7)]
        assert Documents.of(store).labels.tolist() == [1, 0, 1, 0, 1, 0]
        assert texts(store, sample_tokenizer) == texts(stores[0], sample_tokenizer)


def test_the_real_files_prepare(monkeypatch, corpus, shared_folder):
    monkeypatch.setattr(WebisCls10, "DOCUMENTS_PER_SPLIT", 2000)
    real = corpus(shared_folder / "data" / "webis-cls-10")
    assert len(real.store("ja", "test")) == 2000
    assert Documents.of(real.store("ja", "test")).labels.sum() == 1000
    assert real.store("ja", "test").ids[-1] == "ja/music/test/2000"


def bad_rating(data):
    return data.replace(b"<rating>5</rating>", b"<rating>3</rating>", 1)


def one_less(data):
    return data[: data.rindex(b"<item>")] + b"</items>"


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (bad_rating, "item 1, line 2: rating '3' is not one of 1, 2, 4, 5"),
        (one_less, "has 2 negative and 3 positive reviews, not 3 and 3; is the file whole?"),
        (lambda data: data[:150], "item 3, line 4: "),
        (lambda data: data.replace(b"text 3", b"caf\xe9"), "item 4, line 5: not well-formed"),
        (lambda data: b"", "no element found"),
    ],
    ids=["rating", "count", "truncated", "not UTF-8", "empty"],
)
def test_a_bad_file_is_one_line_and_leaves_nothing(corpus, raw_folder, tmp_path, damage, expected):
    path = train_file(raw_folder)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    message = expect_one_line(corpus().store, "en", "test")
    assert message.startswith(f"{path}: ")
    assert expected in message
    left = [path for path in (tmp_path / "data" / "webis_cls10").rglob("*") if path.is_file()]
    assert all(path.parent.name == ".config" for path in left), left
    path.write_bytes(whole)
    assert len(corpus().store("en", "train")) == 6


@pytest.mark.parametrize(
    ("arguments", "language", "split", "expected"),
    [
        ({}, "en", "unlabeled", "webis_cls10/en_music has no split 'unlabeled'"),
        ({}, "de", "train", "de/music/train.review is missing: request Webis-CLS-10"),
        ({}, "xx", "train", "webis_cls10 has no language 'xx': give one of en, de, fr, ja"),
    ],
)
def test_what_the_dataset_does_not_have_is_one_line(corpus, arguments, language, split, expected):
    assert expected in expect_one_line(corpus(**arguments).store, language, split)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            {"dataset": "imdb"},
            "data.dataset is 'imdb': give one of files, shinra",
        ),
        ({"dataset": "webis_cls10.builder"}, "config.data.dataset is 'webis_cls10.builder': give"),
        ({"domain": "cars"}, "config.data.domain is 'cars': give one of books, dvd, music"),
        ({"dataset": "webis_cls10_sample", "domain": "books"}, "is 'books': give one of music"),
    ],
)
def test_what_is_no_dataset_is_one_line(corpus, arguments, expected):
    assert expected in expect_one_line(corpus, **arguments)


def test_splits(corpus, raw_folder, review_xml, tmp_path):
    assert corpus(tmp_path / "nowhere").source.splits("en") == ("train", "test")
    assert corpus().source.splits("en") == ("train", "test")
    unlabeled = train_file(raw_folder).with_name("unlabeled.review")
    unlabeled.write_bytes(review_xml([(3, "three")]))
    assert corpus().source.splits("en") == ("train", "test", "unlabeled")
    corpus().store("en", "test")
    unlabeled.unlink()
    assert corpus().source.splits("en") == ("train", "test", "unlabeled")  # it is prepared


def test_sources_that_are_equal_have_the_same_documents(corpus, tmp_path):
    assert corpus().source == corpus(tmp_path, data_dir=tmp_path).source
    assert corpus().source != corpus(domain="dvd").source
    assert corpus().source != corpus(dataset="webis_cls10_sample").source


def test_stores_serve_without_the_prepared_dataset(corpus, tmp_path):
    """Their digest is that of the raw file, which is read without TensorFlow."""
    digest, before = corpus().digest("en", "train"), corpus().store("en", "train")
    shutil.rmtree(tmp_path / "data" / "webis_cls10")
    again = corpus()
    assert again.is_ready("en", "train")
    assert not again.is_ready("en", "test")
    assert again.store("en", "train").ids == before.ids
    assert again.digest("en", "train") == again.known_digest("en", "train") == digest
    assert not (tmp_path / "data" / "webis_cls10").exists()


def test_missing_data_is_one_line(corpus, tmp_path):
    message = expect_one_line(corpus(tmp_path / "nowhere").store, "en", "train")
    assert "Zenodo record 3251672" in message
    assert str(tmp_path / "nowhere") in message


def test_unlabeled_reviews_are_read_where_they_are(corpus, raw_folder, review_xml):
    reviews = [(5, "five"), (3, "three"), ("", "none"), (1, "one")]
    train_file(raw_folder).with_name("unlabeled.review").write_bytes(review_xml(reviews))
    assert Documents.of(corpus().store("en", "unlabeled")).labels.tolist() == [1, -1, -1, 0]


@pytest.mark.parametrize("built", [True, False], ids=["tokenized", "only prepared"])
def test_raw_files_that_changed_are_not_silently_taken_from_the_cache(
    corpus, raw_folder, tmp_path, sample_tokenizer, built
):
    corpus().store("en", "train")
    if not built:
        shutil.rmtree(tmp_path / "data" / "xlt_flax_tokens")
    path = train_file(raw_folder)
    path.write_bytes(path.read_bytes().replace(b"text 0", b"another"))
    message = expect_one_line(corpus().store, "en", "train")
    prepared = tmp_path / "data" / "webis_cls10" / "en_music" / "1.0.0"
    assert f"{prepared} was prepared from another train.review" in message
    assert len(corpus().store("en", "test")) == 6  # that file is as it was
    shutil.rmtree(prepared)
    assert "another" in texts(corpus().store("en", "train"), sample_tokenizer)[0]


def test_the_cache_serves_without_the_raw_files(corpus, raw_folder):
    corpus().store("en", "train")
    shutil.rmtree(raw_folder)
    assert len(corpus().store("en", "train")) == 6


def test_the_cache_serves_where_the_raw_files_may_not_be_read(corpus, monkeypatch):
    def refuse(*arguments):
        raise PermissionError

    corpus().store("en", "train")
    monkeypatch.setattr(RawFiles, "sha256", refuse)
    assert len(corpus().store("en", "train")) == 6


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut, flip, lambda path: path.unlink()])
@pytest.mark.parametrize("file", ["*train.tfrecord*", "dataset_info.json", "metadata.json"])
def test_a_damaged_cache_is_prepared_again(corpus, tmp_path, sample_tokenizer, file, damage):
    expected = texts(corpus().store("en", "train"), sample_tokenizer)
    shutil.rmtree(tmp_path / "data" / "xlt_flax_tokens")
    (path,) = (tmp_path / "data" / "webis_cls10" / "en_music" / "1.0.0").glob(file)
    damage(path)
    assert texts(corpus().store("en", "train"), sample_tokenizer) == expected
    assert json.loads((path.parent / "metadata.json").read_text())["sha256"].keys() == {
        "train",
        "test",
    }


def test_what_a_killed_preparation_left_is_removed(corpus, tmp_path):
    left = tmp_path / "data" / "webis_cls10" / "en_music" / "incomplete.ABCDEF_1.0.0"
    left.mkdir(parents=True)
    corpus().store("en", "train")
    assert not left.exists()
