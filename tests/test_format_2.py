"""Workdirs of format 2: evaluated, reported, gone on with. `old_workdirs/make.py` made them."""

import json
import os
import runpy
import shutil
import sys
import tarfile
from pathlib import Path

import forks
import pytest

HERE = Path(__file__).parent
MADE = runpy.run_path(str(HERE / "old_workdirs" / "make.py"))
NAMES = ("negative", "positive")


@pytest.fixture
def then(tmp_path):
    """A folder with `run`, on E1, the study `sweep`, and their `model`, which was moved."""
    with tarfile.open(HERE / "old_workdirs" / "format_2.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def call(then, sample_data_dir):
    """call(command, words…): what it prints; the places of model and data are given anew."""
    places = {"model.name": then / "model", "data.data_dir": sample_data_dir}

    def run(command, *words):
        arguments = [f"xlt_flax.{command}", *map(str, words), *MADE["fields"](places)]
        finished = forks.run([sys.executable, "-m", *arguments], cwd=HERE.parent, env=os.environ)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run


def scores(file):
    return json.loads(file.read_text())


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def named(label):
    """A label of a prediction: format 2 wrote its number, later ones write its name."""
    return NAMES[label] if isinstance(label, int) else label


def test_a_finished_run_is_evaluated_to_the_same_numbers(then, call):
    now, before = then / "run" / "eval", then / "eval_then"
    shutil.move(now, before)
    call("eval", f"--workdir={then / 'run'}", "--language=de,ja")
    for language in ("de", "ja"):
        new, old = (scores(folder / f"{language}.json") for folder in (now, before))
        assert new["loss"] == pytest.approx(old["loss"], abs=1e-5)
        for name in ("accuracy", "confusion", "n", "seen", "checkpoint_step", "majority"):
            assert new[name] == old[name], name
        new, old = (lines(folder / f"{language}.predictions.jsonl") for folder in (now, before))
        for one, other in zip(new, old, strict=True):
            assert one["id"] == other["id"]
            assert named(one["label"]) == named(other["label"])
            assert named(one["prediction"]) == named(other["prediction"])
            assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)


def test_what_was_evaluated_then_is_reported(then, call):
    call("report", f"--workdir={then / 'sweep'}")
    text = (then / "sweep" / "report" / "tables.md").read_text()
    accuracies = {
        name: scores(then / "sweep" / f"{name}-seed50" / "eval" / "ja.json")["accuracy"]
        for name in ("E1", "E1+J1")
    }
    for name, accuracy in accuracies.items():
        (row, *_) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
        assert f"{accuracy:.4f}".lstrip("0") in row


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_and_stays_of_its_format(then, call):
    run = then / "run"
    (run / "DONE").unlink()
    shutil.rmtree(run / "checkpoints" / "4")
    undisturbed = lines(run / "metrics.jsonl")
    call("main", "--config=configs/demo.py:E1", f"--workdir={run}", *settings("RUN"))
    assert (run / "DONE").exists()
    for new, old in zip(lines(run / "metrics.jsonl"), undisturbed, strict=True):
        assert new == pytest.approx(old, abs=1e-5)
    assert scores(run / "config.json")["versions"]["workdir"] == 2


@pytest.mark.slow
def test_a_stage_goes_on_from_it(then, call):
    """With the optimizer's state, and the epochs that its best checkpoint left over."""
    stage = [f"--workdir={then / 'stage'}", f"--config.init_from={then / 'run'}"]
    call(
        "main", "--config=configs/demo.py:J1", *stage, "--config.protocol=thesis", *settings("RUN")
    )
    taken_over, *rest = lines(then / "stage" / "metrics.jsonl")
    assert (taken_over["split"], taken_over["checkpoint"]) == ("source", 2)
    assert {line["epoch"] for line in rest} == {2}
    assert scores(then / "stage" / "config.json")["started_from"]["step"] == 2


@pytest.mark.slow
def test_a_study_of_then_gets_another_seed(then, call):
    """Its finished runs are not done again."""
    (then / "small.py").write_text(MADE["SWEEP"])
    finished = (then / "sweep" / "E1-seed50" / "metrics.jsonl").stat().st_mtime_ns
    sweep = [f"--config={then / 'small.py'}", f"--workdir={then / 'sweep'}", "--seeds=50,51"]
    call("sweep", *sweep, *settings("SWEEP"))
    assert (then / "sweep" / "E1+J1-seed51" / "eval" / "ja.json").exists()
    assert (then / "sweep" / "E1-seed50" / "metrics.jsonl").stat().st_mtime_ns == finished
    assert scores(then / "sweep" / "sweep.json")["seeds"] == [50, 51]


def settings(of):
    return MADE["fields"](MADE[f"SETTINGS_{of}"])
