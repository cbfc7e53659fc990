"""The audit counts documents, labels, lengths and texts that occur on both sides."""

import json

import numpy as np
import pytest

from xlt_flax import files
from xlt_flax.config import base
from xlt_flax.data import selection as selecting
from xlt_flax.data.audit import audit, imbalance, summary
from xlt_flax.data.documents import concatenate
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.known import Known
from xlt_flax.data.mixture import Part
from xlt_flax.data.selection import Selection, select


@pytest.fixture
def documents(make_documents):
    """A run's selection and its test set."""
    selection = Selection(
        parts=[Part("E1", "en", 1, 2, 1), Part("J1", "ja", 1, 2, 1)],
        train=make_documents(["a", "bb", "a", "dddd"], [0, 1, 0, 1], ["e1", "e2", "j1", "j2"]),
        validation=make_documents(["a", "v"], [0, 1], ["e3", "j3"]),
        labels=LabelSet(("negative", "positive")),
    )
    test = make_documents(["v", "t", "bb", "dddd", "u", "t"], [0, 0, 1, 1, 1, 0], list("123456"))
    return selection, test


@pytest.fixture
def report(documents):
    return audit(*documents, "ja", max_length=4)


def test_groups(report):
    assert report["groups"] == {
        "E1": {
            "train": {"documents": 2, "labels": labels(1, 1), "ids": ["e1", "e2"]},
            "validation": {"documents": 1, "labels": labels(1, 0), "ids": ["e3"]},
        },
        "J1": {
            "train": {"documents": 2, "labels": labels(1, 1), "ids": ["j1", "j2"]},
            "validation": {"documents": 1, "labels": labels(0, 1), "ids": ["j3"]},
        },
    }


def labels(negative, positive):
    return {"negative": negative, "positive": positive}


def test_splits(report):
    train = report["splits"]["train"]
    assert (train["documents"], train["labels"]) == (4, labels(2, 2))
    lengths = train["token_lengths"]
    assert (lengths["mean"], lengths["0"], lengths["0.5"], lengths["1"]) == (2.0, 1, 1.5, 4)
    assert lengths["at_max_length"] == 1
    assert report["splits"]["test"]["labels"] == labels(3, 3)


def test_duplicates(report):
    assert report["duplicates"] == {
        "within_train": 1,
        "within_test": {"documents": 1, "ids": ["6"]},
        "train_validation": {"documents": 1, "ids": ["e3"]},
        "train_test": {"documents": 3, "ids": ["1", "3", "4"]},
    }
    line = summary(report)
    assert "4 training, 2 validation and 6 ja test documents" in line
    assert (
        "1 within training, 1 in training and validation, 3 in training and test, 1 within test"
        in line
    )
    assert "before this one" not in line


def test_what_earlier_stages_had(documents, make_documents):
    earlier = Known.of(make_documents(["u", "t", "v", "bb"], ids=["s1", "s2", "s3", "j2"]))
    found = audit(*documents, "ja", max_length=4, earlier=earlier)
    duplicates = found["duplicates"]
    assert duplicates["source_test"] == {"documents": 5, "ids": ["1", "2", "3", "5", "6"]}
    assert duplicates["source_train"] == {"documents": 2, "ids": ["e2", "j2"]}  # a text, an id
    assert duplicates["source_validation"] == {"documents": 1, "ids": ["j3"]}
    assert "had 2 of its training, 1 of its validation and 5 of the test" in summary(found)


@pytest.mark.parametrize("mixture", ["E1J1", ""])
def test_the_samples_audit(sample_corpus, mixture):
    data = base().data
    data.train_per_group, data.validation_per_group = 60, 20
    chosen = select(sample_corpus, mixture, data)
    made = audit(chosen, selecting.test_documents(sample_corpus, "ja"), "ja", max_length=128)
    assert "".join(made["groups"]) == mixture
    assert made["splits"]["test"]["labels"] == labels(60, 60)
    assert made["splits"]["train"]["documents"] == 60 * len(made["groups"])
    for group in made["groups"].values():
        assert sum(group["train"]["labels"].values()) == len(group["train"]["ids"]) == 60


def test_it_is_written_as_any_json(report, tmp_path):
    """Though its lists of ids are read from the stores."""
    files.write_json(tmp_path / "audit.json", report)
    text = (tmp_path / "audit.json").read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    assert json.loads(text) == report


def test_parts_of_any_size(make_documents):
    parts = [Part("en:3", "en", 1, 3, 0), Part("de:1", "de", 1, 1, 2)]
    train = make_documents(list("abcd"), [0, 1, 1, 0])
    validation = make_documents(["v", "w"], [1, 1], ["v1", "v2"])
    made = audit(
        Selection(parts, train, validation, LabelSet(("negative", "positive"))),
        make_documents(["t"], [-1]),
        "ja",
        max_length=4,
    )
    assert made["groups"] == {
        "en:3": {
            "train": {"documents": 3, "labels": labels(1, 2), "ids": ["d1", "d2", "d3"]},
            "validation": {"documents": 0, "labels": labels(0, 0), "ids": []},
        },
        "de:1": {
            "train": {"documents": 1, "labels": labels(1, 0), "ids": ["d4"]},
            "validation": {"documents": 2, "labels": labels(0, 2), "ids": ["v1", "v2"]},
        },
    }
    test = made["splits"]["test"]
    assert (test["labels"], test["unlabeled"]) == (labels(0, 0), 1)
    assert "unlabeled" not in made["splits"]["train"]


def test_several_labels_are_counted_each(make_documents):
    documents = make_documents(["a", "b"], [(0, 2), (2,)])
    selection = Selection(
        [Part("E1", "en", 1, 2, 0)],
        documents,
        concatenate([]),
        LabelSet(("bug", "praise", "question"), several=True),
    )
    made = audit(selection, documents, "en", max_length=4)
    assert made["splits"]["train"]["labels"] == {"bug": 1, "praise": 0, "question": 2}
    assert made["splits"]["validation"]["labels"] == {"bug": 0, "praise": 0, "question": 0}


def made_of(make_documents, classes, totals, languages=("en",), temperature=1.0):
    """The audit of training documents: totals[class] in each of the languages."""
    numbers = np.repeat(np.arange(len(totals)), totals)
    each = [
        make_documents(list("a" * len(numbers)), numbers, language=language)
        for language in languages
        for _ in range(1 if language == "en" else 3)
    ]
    selection = Selection([], concatenate(each), concatenate([]), LabelSet(classes))
    test = concatenate([])
    return audit(selection, test, "ja", max_length=4, temperature=temperature)


@pytest.mark.parametrize("count", [7, 200])
def test_imbalance_is_said_in_short(make_documents, count):
    classes = tuple(f"topic {n}" for n in range(count))
    report = made_of(make_documents, classes, [2, 5, 1, *[0] * (count - 3)])
    assert report["classes"] == {
        "largest": {"label": "topic 1", "documents": 5},
        "smallest": {"label": "topic 2", "documents": 1},
        "without_documents": list(classes[3:]),
    }
    (line,) = imbalance(report)
    assert line.startswith("classes: largest topic 1 (5, 62.5%), smallest topic 2 (1, 12.5%)")
    assert f"; {count - 3} without any: topic 3, topic 4, " in line
    assert line.endswith("topic 10 and 189 more") == (count == 200)
    assert len(line) < 250


def test_no_class_lacks_documents(make_documents):
    even = imbalance(made_of(make_documents, ("a", "b"), [2, 2]))
    assert even == ["classes: 2 training documents of each"]
    assert imbalance(made_of(make_documents, ("a", "b"), [0, 0])) == []


def test_what_an_epoch_shows_of_each_language(make_documents):
    arguments = make_documents, ("a", "b"), [50, 50], ("de", "en")
    assert made_of(*arguments)["languages"] == {
        "de": {"documents": 300, "per_epoch": 300, "share": 0.75},
        "en": {"documents": 100, "per_epoch": 100, "share": 0.25},
    }
    assert len(imbalance(made_of(*arguments))) == 1
    report = made_of(*arguments, temperature=2.0)
    assert report["languages"] == {
        "de": {"documents": 300, "per_epoch": 254, "share": 0.635},
        "en": {"documents": 100, "per_epoch": 146, "share": 0.365},
    }
    assert imbalance(report)[1] == (
        "languages of an epoch, by config.data.language_temperature: de 63.5% (of the documents "
        "75.0%), en 36.5% (of the documents 25.0%)"
    )
