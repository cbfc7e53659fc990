"""The audit counts documents, labels, lengths and texts that occur on both sides."""

import numpy as np
import pytest

from xlt_flax.config import base
from xlt_flax.data import selection as selecting
from xlt_flax.data.audit import audit, summary
from xlt_flax.data.mixture import Group
from xlt_flax.data.selection import Selection, select


@pytest.fixture
def report(make_documents):
    selection = Selection(
        groups=[Group("en", 1), Group("ja", 1)],
        train=make_documents(["a", "bb", "a", "dddd"], [0, 1, 0, 1], ["e1", "e2", "j1", "j2"]),
        validation=make_documents(["a", "v"], [0, 1], ["e3", "j3"]),
        languages=np.array(["en", "en", "ja", "ja"]),
    )
    test = make_documents(["v", "t", "bb", "dddd", "u"], [0, 0, 1, 1, 1], list("12345"))
    return audit(selection, test, "ja", max_length=4)


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
    assert report["splits"]["test"]["labels"] == labels(2, 3)


def test_duplicates(report):
    assert report["duplicates"] == {
        "within_train": 1,
        "train_validation": {"documents": 1, "ids": ["e3"]},
        "train_test": {"documents": 3, "ids": ["1", "3", "4"]},
    }
    line = summary(report)
    assert "4 training, 2 validation and 5 ja test documents" in line
    assert "1 within training, 1 in training and validation, 3 in training and test" in line


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
