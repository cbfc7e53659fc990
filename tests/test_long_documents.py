"""Long documents in windows, from training to a report: whole runs."""

import json
import os
import shutil
import sys
from pathlib import Path

import forks
import numpy as np
import pytest

from xlt_flax import api
from xlt_flax.analysis.read_runs import read_results
from xlt_flax.data.sources import find_source
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.evaluation.follow import follow
from xlt_flax.prediction.classify import classify
from xlt_flax.prediction.opening import open_trained
from xlt_flax.stored_config import flat
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.hooks.validation import Validation
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def config_of(small_config):
    def make(long, **fields):
        common = {
            "mixture": "E1",
            "model__vocabulary": "full",
            "data__train_per_group": 15,  # two updates an epoch
            "data__validation_per_group": 8,
            "data__max_length": 16,
            "train__epochs": 3,
            "train__learning_rate": 5e-3,
        }
        return small_config(**common | {"data__long": long} | fields)

    return make


@pytest.fixture(scope="module")
def runs(config_of, tmp_path_factory):
    """{"truncate", "windows"}: runs that differ in nothing else."""
    folder = tmp_path_factory.mktemp("runs")
    made = {long: Workdir(folder / long) for long in ("truncate", "windows")}
    for long, workdir in made.items():
        train(config_of(long), workdir)
    return made


@pytest.fixture
def run(runs, tmp_path):
    """run(long): a copy that may be changed."""
    return lambda long: Workdir(shutil.copytree(runs[long].path, tmp_path / long))


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def texts_of(config, language, split, ids):
    examples = find_source(config.data).examples(language, split)
    found = {example.id: example for example in examples}
    return [found[one] for one in ids if one in found]


def test_a_document_stays_one_of_its_batch_epoch_and_audit(runs):
    """Steps, epochs and documents are those of a run that cuts them; what they hold is not."""
    cut, windows = (lines(runs[long].metrics) for long in ("truncate", "windows"))
    assert [(r["step"], r["epoch"], r["split"]) for r in windows] == [
        (r["step"], r["epoch"], r["split"]) for r in cut
    ]
    assert all(a["loss"] != b["loss"] for a, b in zip(cut, windows, strict=True))
    assert json.loads(runs["truncate"].audit.read_text()) == json.loads(
        runs["windows"].audit.read_text()
    )


def test_validation_is_of_all_windows_of_each_document_once(runs):
    workdir = runs["windows"]
    (wanted,) = [r for r in lines(workdir.metrics)[-1:] if r["split"] == "validation"]
    model = open_trained(workdir.path, "latest")
    ids = json.loads(workdir.audit.read_text())["groups"]["E1"]["validation"]["ids"]
    documents = [
        example
        for split in ("train", "test")
        for example in texts_of(model.config, "en", split, ids)
    ]
    assert len(documents) == 8
    found = [*classify(model, [document.texts for document in documents])]
    true = [document.labels[0] for document in documents]
    losses = -np.log(found[0].probabilities[np.arange(8), true])
    assert wanted["loss"] == pytest.approx(losses.mean(), rel=1e-4)
    cut = next(classify(model, [document.texts for document in documents], long="truncate"))
    assert np.abs(cut.probabilities - found[0].probabilities).max() > 1e-4


def test_a_run_that_goes_on_has_the_bits_of_one_that_nobody_disturbed(
    runs, config_of, tmp_path, monkeypatch
):
    """It breaks off after its fourth update, and goes on from its second."""
    workdir, validate = Workdir(tmp_path / "run"), Validation._validate

    def breaking_off(self, step):
        if step == 4:
            raise KeyError("broken off")
        validate(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(Validation, "_validate", breaking_off)
        with pytest.raises(KeyError, match="broken off"):
            train(config_of("windows"), workdir)
    assert Checkpoints(workdir.checkpoints).steps() == [2]
    train(config_of("windows"), workdir)
    assert workdir.metrics.read_bytes() == runs["windows"].metrics.read_bytes()
    digests = (Checkpoints(one.checkpoints).params_digest(6) for one in (workdir, runs["windows"]))
    assert len({*digests}) == 1


@pytest.mark.slow
def test_packed_training_on_three_devices_is_padded_training_on_one(config_of, tmp_path):
    fields = {"model__dropout": 0.0, "train__epochs": 2}
    train(config_of("windows", **fields), Workdir(tmp_path / "padded"))
    values = flat(config_of("windows", model__forward="packed", **fields).to_dict())
    given = [
        f"--config.{name}={value}" for name, value in values.items() if value not in (None, "")
    ]
    command = [sys.executable, "-m", "xlt_flax.main", "--config=configs/demo.py", *given]
    finished = forks.run(
        [*command, f"--workdir={tmp_path / 'packed'}"],
        cwd=ROOT,
        env=os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=3"},
    )
    assert finished.returncode == 0, finished.stderr
    assert "on 3 of 3 cpu devices" in finished.stderr
    losses = (
        [record["loss"] for record in lines(tmp_path / forward / "metrics.jsonl")]
        for forward in ("padded", "packed")
    )
    np.testing.assert_allclose(*losses, atol=2e-4)


# ---- Evaluation ----------------------------------------------------------------------------------


def test_eval_reads_documents_as_the_run_was_trained_or_as_it_is_told(run):
    results = {}
    for trained in ("truncate", "windows"):
        workdir = run(trained)
        config = workdir.read_config()
        (results[trained],) = evaluate(workdir, config, ["ja"], "latest").values()
        assert "note" not in results[trained]
        assert results[trained]["long"] == trained
        other = "windows" if trained == "truncate" else "truncate"
        told = evaluate(workdir, config, ["ja"], "latest", long=other)
        (result,) = told.values()
        assert json.loads(workdir.scores("ja").read_text()) == result
        assert (result["long"], result["n"], result["max_length"]) == (other, 120, 16)
        assert result["loss"] != results[trained]["loss"]
        assert result["note"] == (
            f"long documents were read with --long={other}, the run trained on {trained}"
        )
        said = {"windows": "were read in windows", "truncate": "were cut there (--long=windows"}
        assert f"ja: {result['longer']:,} are longer than the 16 tokens" in str(told)
        assert said[other] in str(told)
    assert 0 < results["truncate"]["longer"] == results["windows"]["longer"] < 120
    assert results["truncate"]["seen"] == results["windows"]["seen"]


def test_a_curve_is_of_one_way_of_reading(run):
    workdir = run("truncate")
    config = workdir.read_config()
    for long in ("truncate", "windows"):
        follow(workdir, config, ["ja"], "latest", long=long)
        found = lines(workdir.curve("ja"))
        assert {line["long"] for line in found} == {long}
        assert [line["step"] for line in found] == Checkpoints(workdir.checkpoints).steps()


def test_a_report_keeps_what_was_read_otherwise_apart(run):
    first, second = run("truncate"), run("windows")
    folder = first.path.parent
    for workdir in (first, second):
        evaluate(workdir, workdir.read_config(), ["ja"], "latest")
    named = {run.label: run.name for run in read_results(folder).runs}
    assert named == {"truncate": "E1", "windows": "E1 [data.long=windows]"}
    evaluate(first, first.read_config(), ["ja"], "latest", long="windows")
    named = {run.label: run.name for run in read_results(folder).runs}
    assert set(named.values()) >= {"E1"}
    assert any("eval --long=" in name or "data.long=" in name for name in named.values())


# ---- Prediction ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("long", "said"), [(None, "read in windows"), ("truncate", "cut there")])
def test_predict_reads_texts_as_the_run_was_trained(runs, tmp_path, long, said):
    file = tmp_path / "texts.txt"
    file.write_text("short\n" + "a fine record " * 40 + "\n")
    predicted = api.predict(runs["windows"].path, file, tmp_path / "out.jsonl", long=long)
    assert said in str(predicted)
    found = [line["probabilities"] for line in lines(tmp_path / "out.jsonl")]
    model = open_trained(runs["windows"].path)
    texts = [(text,) for text in file.read_text().splitlines()]
    (expected,) = classify(model, texts, long or "windows")
    np.testing.assert_allclose([[*one.values()] for one in found], expected.probabilities)
