"""From Python: nothing need be called before, and what a notebook shows is what a person needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import xlt_flax
from xlt_flax.api import default_workdir
from xlt_flax.config_fields import unknown_field
from xlt_flax.errors import UserError
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parents[1]

NOTEBOOK = """
import logging, os, sys
import xlt_flax

config = xlt_flax.config.sample()
config.mixture = "E1"
config.model.forward = "padded"
config.data.data_dir = sys.argv[1]
config.data.max_length = 32
config.train.max_steps = 2
before = dict(os.environ)
result = xlt_flax.train(config)
print(result.workdir, result.step, result.best["step"], len(result.metrics))
config.train.epochs = 10
again = xlt_flax.train(config, result.workdir)
assert (again.step, again.best) == (result.step, result.best)
print(xlt_flax.evaluate(result.workdir, ["ja"]))
ours = logging.getLogger("xlt_flax")
assert (ours.level, ours.handlers, ours.propagate) == (logging.NOTSET, [], True)
assert not logging.getLogger("absl").filters
"""


@pytest.mark.slow
def test_a_notebook_trains_and_evaluates(sample_data_dir, tmp_path):
    """In a program that has not set up logging: what is said can be read, and no more than that."""
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, str(sample_data_dir)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    first, *table = done.stdout.splitlines()
    assert first == f"{tmp_path}/runs/E1-seed50 2 2 3"
    assert any(line.startswith("ja") for line in table)
    assert "training E1 for 2 steps" in done.stderr
    assert "E1-seed50 is done already" in done.stderr
    assert "orbax" not in done.stderr.lower()


def test_a_field_that_does_not_exist_is_refused_with_the_one_that_was_meant():
    config = xlt_flax.config.base()
    with config.unlocked():
        config.train.lerning_rate = 1.0
    with pytest.raises(
        UserError, match=r"train.lerning_rate; was config.train.learning_rate meant"
    ):
        xlt_flax.train(config)


def test_a_language_that_the_data_set_lacks(tmp_path):
    workdir = Workdir(tmp_path / "run")
    workdir.start(xlt_flax.config.sample())
    with pytest.raises(UserError, match="--language=xx: give one of en, de, fr, ja"):
        xlt_flax.evaluate(workdir, ["de,xx"])


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("learning_rate", "was config.train.learning_rate meant?"),
        ("batch_size", "was config.train.batch_size or config.eval.batch_size meant?"),
        ("trian.epochs", "was config.train.epochs meant?"),
        ("data.split_seeds", "was config.data.split_seed meant?"),
        ("walks", "no field walks; python -m xlt_flax.main --help says which there are"),
    ],
)
def test_a_wrong_fields_line_names_the_nearest(field, told):
    assert told in unknown_field(field)


@pytest.mark.parametrize(
    ("changes", "folder"),
    [
        ({"mixture": "E1D1"}, "runs/E1D1-seed50"),
        ({}, "runs/initial-seed50"),
        ({"mixture": "J1", "init_from": "runs/a/E1-seed50", "seed": 7}, "runs/E1-seed50+J1-seed7"),
    ],
)
def test_the_default_workdir(changes, folder):
    config = xlt_flax.config.base()
    config.update(changes)
    assert default_workdir(config) == folder
    assert default_workdir(config, "demo") == folder.replace("runs/", "runs/demo/")


def test_what_the_package_has_is_listed():
    assert {"train", "evaluate", "api", "config"} <= set(dir(xlt_flax))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        xlt_flax.trian  # noqa: B018
