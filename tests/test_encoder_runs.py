"""Whole runs of the demo with each encoder, from checkpoints that the model library wrote."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import forks
import numpy as np
import pytest
from forks import Forked
from library_checkpoints import MODEL_TYPES, open_checkpoint

ROOT = Path(__file__).parent.parent


def training(workdir, model, data_dir, *arguments):
    fields = {
        "model.name": model,
        "model.init": "pretrained",
        "data.data_dir": data_dir,
        "data.max_length": 32,
        "data.train_per_group": 8,
        "data.validation_per_group": 11,
        "train.epochs": 3,
    }
    words = [f"--config.{name}={value}" for name, value in fields.items()]
    return command("main", "--config=configs/demo.py", f"--workdir={workdir}", *words, *arguments)


def command(module, *arguments):
    return [sys.executable, "-m", f"xlt_flax.{module}", *map(str, arguments)]


def run(arguments):
    finished = forks.run(arguments, cwd=ROOT)
    assert finished.returncode == 0, finished.stderr
    return finished


def losses(workdir):
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sample_data_dir):
    """trained(model_type, forward): (its model's folder, the workdir of a finished run)."""
    root, done = tmp_path_factory.mktemp("encoders"), {}

    def make(model_type, forward="padded"):
        if (model_type, forward) not in done:
            workdir = root / f"{model_type}-{forward}"
            model = open_checkpoint(model_type, root / forward).with_head
            # The file has a head of three labels; the demo has two.
            shutil.copy(model.parent / "without_head/model.safetensors", model)
            run(training(workdir, model, sample_data_dir, f"--config.model.forward={forward}"))
            done[model_type, forward] = model, workdir
        return done[model_type, forward]

    return make


@pytest.mark.slow
@pytest.mark.parametrize("model_type", [name for name in MODEL_TYPES if name != "bert"])
def test_the_demo_with_each_encoder(trained, model_type):
    _, workdir = trained(model_type)
    found = losses(workdir)
    assert np.isfinite(found).all()
    assert np.mean(found[-3:]) < np.mean(found[:3])
    assert "ja" in run(command("eval", f"--workdir={workdir}")).stdout
    assert json.loads((workdir / "eval/ja.json").read_text())["n"] == 120


@pytest.mark.slow
def test_xlm_r_packed_has_the_course_of_padded_without_dropout(trained, sample_data_dir, tmp_path):
    model, _ = trained("xlm-roberta")
    courses = []
    for forward in ("padded", "packed"):
        workdir = tmp_path / forward
        none = ("--config.model.dropout=0", f"--config.model.forward={forward}")
        run(training(workdir, model, sample_data_dir, *none))
        courses.append(losses(workdir))
    np.testing.assert_allclose(courses[1], courses[0], atol=2e-4)


@pytest.mark.slow
def test_xlm_r_killed_goes_on_bit_for_bit(trained, sample_data_dir, tmp_path):
    model, undisturbed = trained("xlm-roberta", "packed")
    workdir = tmp_path / "run"
    begin = training(workdir, model, sample_data_dir, "--config.model.forward=packed")
    killed = Forked(begin, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    for line in killed.stderr:
        if "epoch 3, step" in line:
            killed.send_signal(signal.SIGKILL)
            break
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    # Orbax writes the second checkpoint after the first is whole.
    assert "going on from checkpoint" in run(begin).stderr
    files = [path / "metrics.jsonl" for path in (workdir, undisturbed)]
    assert files[0].read_bytes() == files[1].read_bytes()
