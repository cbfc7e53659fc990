"""The most probable classes alone, none that is probable enough, several, and no numbers."""

import csv

import numpy as np
import pytest
from digest_model import classified
from pyarrow import parquet

from xlt_flax.data.examples import LabelSet
from xlt_flax.prediction.answers import Asked, answers
from xlt_flax.prediction.classify import Classified

TEXTS = ["a", "b", "no number", "", "c" * 30]
NAMES = ("bad", "good", "meh")


@pytest.fixture
def rows(predicting, write, tmp_path):
    """rows(output, **options): the result, and what csv's reader, or parquet's, reads of it."""

    def make(output="o.csv", **options):
        write("a.txt", "\n".join(TEXTS))
        said = predicting("a.txt", output, **options)
        if output.endswith("parquet"):
            return said, parquet.read_table(tmp_path / output).to_pylist()
        with open(tmp_path / output, newline="", encoding="utf-8") as file:
            return said, [*csv.DictReader(file)]

    return make


def model(several=False):
    return classified([(text,) for text in TEXTS], LabelSet(NAMES, several)).probabilities


def test_the_most_probable_classes_in_place_of_all(rows, predicting, lines):
    _, found = rows(top_k=2)
    expected = model()
    for row, probabilities in zip(found, expected, strict=True):
        assert [*row][1:] == [
            *("label", "probability", "class_1", "probability_1", "class_2", "probability_2")
        ]
        if np.isnan(probabilities).any():
            assert [row[f"probability_{k}"] for k in (1, 2)] == ["", ""]
            continue
        order = np.argsort(-probabilities, kind="stable")[:2]
        assert [row["class_1"], row["class_2"]] == [NAMES[n] for n in order]
        assert [float(row[f"probability_{k}"]) for k in (1, 2)] == probabilities[order].tolist()
        assert row["label"] == row["class_1"]
    predicting("a.txt", "o.jsonl", top_k=1)
    first = lines("o.jsonl")[0]
    assert [*first["probabilities"]] == [first["label"]]


def test_equal_probabilities_go_by_the_models_order():
    part = Classified(np.full((1, 3), 1 / 3), np.array([[True, False, False]]), np.zeros(1, bool))
    (answer,) = answers(part, LabelSet(NAMES), Asked(top_k=3))
    assert [name for name, _ in answer.classes] == list(NAMES)


def test_it_abstains_where_no_class_is_probable_enough(rows):
    most = model().max(-1)  # not a number where one is none
    threshold = float(np.sort(most[np.isfinite(most)])[2])  # this one is not below
    said, found = rows(threshold=threshold)
    assert said.abstained == 2
    assert "2 abstained" in str(said)
    for row, probability in zip(found, most, strict=True):
        assert (row["label"] == "abstain") == bool(probability < threshold)
        assert row["probability"] == ("" if np.isnan(probability) else str(probability))


@pytest.mark.parametrize("output", ["o.csv", "o.parquet"])
def test_several_labels(rows, output):
    said, found = rows(output, several=True, threshold=0.5)
    for row, probabilities in zip(found, model(several=True), strict=True):
        names = [name for name, p in zip(NAMES, probabilities, strict=True) if p >= 0.5]
        if not names and not np.isnan(probabilities).any():
            names = ["abstain"]
        assert row["labels"] == (names if output.endswith("parquet") else ";".join(names))
        assert "probability" not in row
    assert said.abstained == sum(row["labels"] in ("abstain", ["abstain"]) for row in found)


def test_several_labels_of_jsonl_are_a_list(predicting, write, lines):
    write("a.txt", "a\nno number")
    predicting("a.txt", "o.jsonl", several=True)
    first, second = lines("o.jsonl")
    assert [*first["probabilities"]] == list(NAMES)
    assert isinstance(first["labels"], list)
    assert (second["labels"], second["probabilities"]) == ([], None)


def test_how_many_were_cut_is_always_said(rows, predicting, write):
    said, _ = rows()
    assert (said.documents, said.cut, said.unknown) == (5, 1, 1)
    assert "1 are longer than the 20 tokens that the model reads, and were cut there" in str(said)
    assert "the model's output is not a number for 1" in str(said)
    said, _ = rows(long="windows")
    assert "and were read in windows that overlap" in str(said)
    write("a.txt", "a")
    assert "none is longer than the 20 tokens" in str(predicting("a.txt", "o.csv"))
