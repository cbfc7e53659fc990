"""Predictions of documents with labels are judged; by scikit-learn, they are worth the same."""

import json
import random
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from digest_model import classified
from ml_collections import ConfigDict
from pyarrow import parquet
from sklearn.metrics import accuracy_score, f1_score, log_loss
from table_files import table

from xlt_flax import api_models
from xlt_flax.data.examples import LabelSet
from xlt_flax.errors import UserError

NAMES = ("bad", "good", "meh")


@pytest.fixture
def judged(predicting, write, tmp_path):
    """judged(rows, **options): the result, and OUTPUT.scores.json, of (text, label)s."""

    def make(rows, **options):
        lines = (json.dumps({"text": text, "kind": label}) for text, label in rows)
        write("a.jsonl", "\n".join(lines))
        said = predicting("a.jsonl", "o.csv", label_column="kind", **options)
        return said, json.loads((tmp_path / "o.csv.scores.json").read_text())

    return make


def some(count):
    rng = random.Random(3)
    return [(f"text {n}", rng.choice(NAMES)) for n in range(count)]


def test_scores_are_those_of_scikit_learn(judged):
    rows = some(40)
    said, scores = judged(rows)
    true = [NAMES.index(label) for _, label in rows]
    part = classified([(text,) for text, _ in rows], LabelSet(NAMES))
    guess = part.said.argmax(-1)
    assert scores["n"] == 40
    assert scores["accuracy"] == accuracy_score(true, guess)
    assert scores["macro_f1"] == pytest.approx(f1_score(true, guess, average="macro"))
    assert scores["loss"] == pytest.approx(log_loss(true, part.probabilities), rel=1e-6)
    assert said.scores == scores
    assert f"accuracy {scores['accuracy']:.4f}" in str(said)
    assert "ECE" in str(said)


def test_what_it_was_trained_on_is_not_claimed_to_be_known(judged):
    _, scores = judged(some(4))
    assert scores["seen"] is None
    assert any("was not looked at" in problem for problem in scores["problems"])


def test_documents_without_a_label_are_predicted_and_not_judged(judged):
    said, scores = judged([*some(4), ("x", ""), ("y", None)])
    assert (said.documents, scores["n"], scores["unlabeled"]) == (6, 4, 2)
    assert "2 more have no label" in str(said)


def test_accuracy_of_those_that_it_does_not_abstain_from(judged):
    rows = some(40)
    part = classified([(text,) for text, _ in rows], LabelSet(NAMES))
    kept = part.probabilities.max(-1) >= 0.6
    true = np.array([NAMES.index(label) for _, label in rows])
    _, scores = judged(rows, threshold=0.6)
    assert 0 < scores["abstained"] == (~kept).sum() < 40
    right = part.said.argmax(-1) == true
    assert scores["accuracy_not_abstained"] == right[kept].mean()
    assert scores["accuracy"] == right.mean()


@pytest.mark.parametrize("separator", [None, ";", "|"])
def test_several_labels(judged, separator):
    rows = [("a", ["bad", "meh"]), ("b", ["good"]), ("c", [])]
    if separator:
        rows = [(text, separator.join(labels)) for text, labels in rows]
    said, scores = judged(rows, several=True, labels_separator=separator)
    assert f"exact match {scores['accuracy']:.4f}" in str(said)
    assert f"micro-F1 {scores['micro_f1']:.4f}" in str(said)
    assert [scores["per_class"][name]["support"] for name in NAMES] == [1, 1, 1]
    assert (scores["n"], scores["unlabeled"]) == (3, 0)  # "none of them" is an answer


def test_lists_of_parquet_and_the_separator_of_what_is_written(predicting, write, tmp_path):
    path = tmp_path / "a.parquet"
    columns = {"text": ["a", "b", "c"], "kind": [["bad", "meh"], ["good"], None]}
    parquet.write_table(pa.table(columns), path)
    options = {"label_column": "kind", "several": True, "labels_separator": "|"}
    said = predicting("a.parquet", "o.csv", **options)
    assert [said.scores["per_class"][name]["support"] for name in NAMES] == [1, 1, 1]
    predicting("a.parquet", "o.jsonl", **options)
    joined, lists = (table(tmp_path / name) for name in ("o.csv", "o.jsonl"))
    assert [row["labels"].split("|") for row in joined] == [row["labels"] for row in lists]
    assert [row["kind"] for row in lists] == columns["kind"]


def test_several_labels_are_no_answer_of_a_model_that_gives_one(judged):
    with pytest.raises(UserError, match=r"a.jsonl: row 2: .* has several labels, and the model"):
        judged([("a", ["bad"]), ("b", ["bad", "good"])])


def test_a_label_that_the_model_does_not_know_is_refused_with_its_row(judged, digests, tmp_path):
    with pytest.raises(UserError, match=r"a.jsonl: row 5: column 'kind' is 'Bad', .* but bad, goo"):
        judged([*some(4), ("x", "Bad")])
    assert digests.texts == []  # before anything is predicted
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_labels_are_renamed_as_the_run_renamed_them(predicting, write, tmp_path, monkeypatch):
    write("own.toml", 'rename = {"1" = "bad", "5" = "good"}\n[train]\nen = "en.train.csv"')
    write("a.csv", "text,label\na,1\nb,5\nc,meh\n")
    data = {"dataset": "files", "files": str(tmp_path / "own.toml"), "long": "truncate"}
    config = SimpleNamespace(read_config=lambda: ConfigDict({"data": data}))
    monkeypatch.setattr(api_models, "is_workdir", lambda _: True)
    monkeypatch.setattr(api_models, "Workdir", lambda _: config)
    said = predicting("a.csv", "o.csv", label_column="label")
    assert [said.scores["per_class"][name]["support"] for name in NAMES] == [1, 1, 1]


def test_scores_of_an_earlier_output_do_not_stay_beside_another(judged, predicting, tmp_path):
    judged(some(4))
    predicting("a.jsonl", "o.csv")
    assert not (tmp_path / "o.csv.scores.json").exists()
