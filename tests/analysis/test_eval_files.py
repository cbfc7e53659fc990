"""What eval wrote is read back, whatever version wrote it: names or numbers, one label or several.

Files are those of the real writers: older ones by the code of their time (old_workdirs/make.py).
"""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from xlt_flax import files
from xlt_flax.analysis.eval_files import read_evaluations
from xlt_flax.data.examples import LabelSet
from xlt_flax.errors import UserError
from xlt_flax.evaluation.prediction_lines import prediction_lines
from xlt_flax.evaluation.predictions import Predictions
from xlt_flax.evaluation.scores import Scores

OLD = sorted((Path(__file__).parents[1] / "old_workdirs").glob("*.tar.xz"))
NAMES = ("bug", "praise", "question")
NAN = float("nan")


def write_eval(run, true, said, several=False, seen=(), **more):
    """Writes what eval does of sets of labels' numbers; a `said` of None is no number."""
    labels = LabelSet(NAMES, several)
    part = Predictions(
        ids=[f"d{i}" for i in range(len(true))],
        true=np.array([[n in row for n in range(3)] for row in true]),
        said=np.array([[n in (row or ()) for n in range(3)] for row in said]),
        probabilities=np.array([[NAN if row is None else 1 / 3] * 3 for row in said]),
        losses=np.ones(len(true), np.float32),
    )
    marks, scores = np.isin(np.arange(len(true)), seen), Scores(labels)
    scores.add(part, marks)
    lines = prediction_lines(part, labels, marks)
    files.write_json_lines(run / "eval" / "ja.predictions.jsonl", lines)
    place = {"checkpoint": "best", "checkpoint_step": 3, "seconds": 0.1}
    files.write_json(run / "eval" / "ja.json", scores.as_json() | place | more)
    return scores


@pytest.mark.parametrize("several", [False, True])
def test_what_is_written_is_read(tmp_path, several):
    true = [{0}, {1}, {2}, {1}]
    scores = write_eval(tmp_path, true, [{0}, {2}, {2}, None], several, seen=[0])
    read = read_evaluations(tmp_path)["ja"]
    assert read.ids == ("d0", "d1", "d2", "d3")
    assert read.correct.tolist() == [True, False, True, False]
    one = (lambda name: (name,)) if several else str
    assert read.predictions.tolist() == [one("bug"), one("question"), one("question"), None]
    assert (read.accuracy, read.documents, read.not_numbers) == (0.5, 4, 1)
    assert (read.majority, read.seen, read.accuracy_unseen) == (0.5, 1, pytest.approx(1 / 3))
    assert (read.macro_f1, read.micro_f1, read.ece) == (
        scores.macro_f1,
        scores.micro_f1,
        scores.ece,
    )
    assert read.per_class == scores.per_class
    assert read.problems == tuple(scores.problems())
    assert read.note == ""


def test_sets_are_right_as_a_whole(tmp_path):
    true = [{0, 1}, {0, 1}, {0, 1}, {2}]
    write_eval(tmp_path, true, [{0, 1}, {0}, {0, 1, 2}, {2}], several=True)
    read = read_evaluations(tmp_path)["ja"]
    assert read.correct.tolist() == [True, False, False, True]
    assert read.predictions.tolist()[2] == NAMES


def test_documents_without_a_label_are_no_data_points(tmp_path):
    write_eval(tmp_path, [{0}, (), {1}], [{0}, {1}, {0}])
    read = read_evaluations(tmp_path)["ja"]
    assert read.ids == ("d0", "d2")
    assert (read.accuracy, read.documents) == (0.5, 2)
    write_eval(tmp_path, [(), ()], [{0}, {1}])
    assert read_evaluations(tmp_path) == {}


def test_another_checkpoint_than_the_best_is_noted(tmp_path):
    write_eval(tmp_path, [{0}], [{0}], checkpoint="latest", note="so far")
    note = read_evaluations(tmp_path)["ja"].note
    assert note == "so far; evaluated at checkpoint latest"


@pytest.mark.parametrize("archive", OLD, ids=lambda path: path.name)
def test_files_of_older_versions(archive, tmp_path):
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    results = list(tmp_path.rglob("eval/ja.json"))
    assert results
    for path in results:
        result = json.loads(path.read_text())
        lines = path.with_name("ja.predictions.jsonl").read_text().splitlines()
        right = [line["label"] == line["prediction"] for line in map(json.loads, lines)]
        read = read_evaluations(path.parents[1])["ja"]
        assert read.correct.tolist() == right
        assert read.accuracy == pytest.approx(result["accuracy"])
        assert read.documents == len(lines)
        assert read.majority == 0.5
        assert (read.micro_f1, read.ece, read.per_class) == (None, None, {})  # not known then


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"id": "d0", "label": "bug"}, "ja.predictions.jsonl:1: wants id, label and prediction"),
        ({"label": "bug", "prediction": "bug"}, "wants id, label and prediction"),
        ({"id": "d0", "label": "bug", "prediction": {}}, "wants id, label and prediction"),
        ({"id": "d0", "label": "bug", "prediction": "praise"}, "accuracy 1.0000, but its pred"),
        ({"id": "d0", "labels": ["bug"], "prediction": "bug"}, "wants id, label and prediction"),
    ],
)
def test_what_eval_does_not_write_is_refused(tmp_path, line, message):
    write_eval(tmp_path, [{0}], [{0}])
    files.write_json_lines(tmp_path / "eval" / "ja.predictions.jsonl", [line])
    with pytest.raises(UserError, match=message) as error:
        read_evaluations(tmp_path)
    assert len(str(error.value).splitlines()) == 1


def test_a_document_comes_once(tmp_path):
    write_eval(tmp_path, [{0}], [{0}])
    path = tmp_path / "eval" / "ja.predictions.jsonl"
    path.write_text(path.read_text() * 2)
    with pytest.raises(UserError, match="jsonl:2: d0 a second time"):
        read_evaluations(tmp_path)
