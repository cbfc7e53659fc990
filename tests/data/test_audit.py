"""The audit counts documents, labels, lengths and texts that occur on both sides."""

import numpy as np
import pytest

from xlt_flax.config import base
from xlt_flax.data import selection as selecting
from xlt_flax.data.audit import audit, summary
from xlt_flax.data.known import Known
from xlt_flax.data.mixture import Group
from xlt_flax.data.selection import Selection, select


@pytest.fixture
def documents(make_documents):
    """A run's selection and its test set."""
    selection = Selection(
        groups=[Group("en", 1), Group("ja", 1)],
        train=make_documents(["a", "bb", "a", "dddd"], [0, 1, 0, 1], ["e1", "e2", "j1", "j2"]),
        validation=make_documents(["a", "v"], [0, 1], ["e3", "j3"]),
        languages=np.array(["en", "en", "ja", "ja"]),
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
