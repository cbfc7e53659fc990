"""What eval writes of a checkpoint, and what it calls it."""

import json
import shutil

import numpy as np
import pytest

from xlt_flax.analysis.eval_files import read_evaluations
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir


@pytest.fixture
def run(runs, tmp_path):
    return Workdir(shutil.copytree(runs[0].path, tmp_path / "run"))


def read(workdir, language):
    lines = (workdir.eval / f"{language}.predictions.jsonl").read_text().splitlines()
    return json.loads((workdir.eval / f"{language}.json").read_text()), [*map(json.loads, lines)]


def test_files_and_what_is_returned_are_one(run, shared):
    results = evaluate(run, run.read_config(), ["fr", "ja"], "best", *shared)
    assert list(results) == ["fr", "ja"]
    for language, returned in results.items():
        result, lines = read(run, language)
        assert result == returned
        assert result.keys() == {
            *("accuracy", "loss", "macro_f1", "micro_f1", "per_class", "ece"),
            *("brier", "n", "unlabeled"),
            *("seen", "accuracy_unseen", "confusion", "checkpoint_step", "checkpoint", "seconds"),
            *("majority", "problems", "long", "longer", "max_length"),
        }
        assert [line["id"] for line in lines] == [
            f"{language}/music/test/{i + 1}" for i in range(120)
        ]
        names = list(result["per_class"])
        assert names == ["negative", "positive"]
        for line in lines:
            assert line.keys() - {"seen"} == {"id", "label", "prediction", "probabilities"}
            assert line["label"] in names
            assert line["prediction"] == names[np.argmax(line["probabilities"])]
        assert result["n"] == np.sum(result["confusion"]) == len(lines)
        losses = [-np.log(line["probabilities"][names.index(line["label"])]) for line in lines]
        assert result["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
        right = [line["label"] == line["prediction"] for line in lines]
        assert result["accuracy"] == result["micro_f1"] == pytest.approx(np.mean(right))


def test_several_labels_a_document(config_of, tmp_path):
    """The sample's documents have one, and the model may say both."""
    run = Workdir(tmp_path / "run")
    config = config_of(mixture="J1", train__objective="multi_label")
    train(config, run)
    (result,) = evaluate(run, config, ["ja"]).values()
    lines = read(run, "ja")[1]
    names = list(result["per_class"])
    for line in lines:
        assert line.keys() - {"seen"} == {"id", "labels", "predictions", "probabilities"}
        said = [n for n, p in zip(names, line["probabilities"], strict=True) if p >= 0.5]
        assert line["predictions"] == said or len(line["predictions"]) == 1 > len(said)
    right = [line["labels"] == line["predictions"] for line in lines]
    assert result["accuracy"] == pytest.approx(np.mean(right))
    assert (result["confusion"], result["ece"], result["majority"]) == (None, None, 0.5)
    read_back = read_evaluations(run.path)["ja"]
    assert read_back.correct.tolist() == right
    assert read_back.per_class == result["per_class"]


def test_the_parts_in_which_predictions_come_change_nothing(run, shared, monkeypatch):
    from xlt_flax.evaluation import predictions

    (whole,) = evaluate(run, run.read_config(), ["ja"], "best", *shared).values()
    lines = read(run, "ja")[1]
    monkeypatch.setattr(predictions, "_WINDOW", 50)
    (parts,) = evaluate(run, run.read_config(), ["ja"], "best", *shared).values()
    assert parts["confusion"] == whole["confusion"]
    assert parts["loss"] == pytest.approx(whole["loss"], abs=1e-6)
    for one, other in zip(read(run, "ja")[1], lines, strict=True):
        assert one["id"] == other["id"]
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)


def test_a_checkpoint_before_any_validation_is_not_called_the_best(run, shared, caplog):
    """On the code of before, the newest checkpoint of such a run was "best"."""
    run.done.unlink()
    records = run.metrics.read_text().splitlines(keepends=True)
    run.metrics.write_text("".join(line for line in records if "validation" not in line))
    results = evaluate(run, run.read_config(), ["ja"], "best", *shared)
    assert read(run, "ja")[0]["checkpoint"] == "latest"
    assert "latest (1)" in str(results)
    assert "has no validation yet" in caplog.text


@pytest.mark.parametrize(("which", "name"), [("best", "best"), ("latest", "latest"), ("1", "1")])
def test_a_checkpoint_is_called_what_it_was_asked_for_by(run, shared, which, name):
    (result,) = evaluate(run, run.read_config(), ["ja"], which, *shared).values()
    assert (result["checkpoint"], result["checkpoint_step"]) == (name, 1)


def test_an_evaluation_that_breaks_off_leaves_the_files_as_they_were(run, shared, monkeypatch):
    from xlt_flax.evaluation import evaluate as module

    evaluate(run, run.read_config(), ["ja"], "best", *shared)
    before = {path.name: path.read_bytes() for path in run.eval.iterdir()}

    def first_line_alone(part, *args):
        yield {"id": part.ids[0]}
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "prediction_lines", first_line_alone)
    with pytest.raises(OSError, match="No space"):
        evaluate(run, run.read_config(), ["ja"], "best", *shared)
    assert {path.name: path.read_bytes() for path in run.eval.iterdir()} == before
