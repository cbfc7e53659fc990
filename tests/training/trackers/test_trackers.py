"""Which trackers there are, and what is refused, before anything is written."""

import importlib.util

import pytest

from xlt_flax.config import sample
from xlt_flax.errors import UserError
from xlt_flax.stored_config import OPERATIONAL
from xlt_flax.training import trackers
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir


@pytest.mark.parametrize(
    ("spelled", "names"),
    [
        ("", []),
        ("tensorboard", ["tensorboard"]),
        (" wandb,tensorboard, wandb,", ["wandb", "tensorboard"]),
        ("mlflow,wandb,tensorboard", ["mlflow", "wandb", "tensorboard"]),
    ],
)
def test_names(spelled, names):
    assert trackers.tracker_names(spelled) == names


def test_a_run_may_go_on_with_others():
    assert "train.trackers" in OPERATIONAL


def refused(spelled, tmp_path):
    config = sample()
    config.mixture = "E1D1F1"
    config.train.trackers = spelled
    config.data.data_dir = str(tmp_path / "data")
    with pytest.raises(UserError) as told:
        train(config, Workdir(tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []
    (line,) = str(told.value).splitlines()
    return line


def test_one_that_there_is_not(tmp_path):
    line = refused("tensorboard,comet", tmp_path)
    assert "there is no 'comet': give some of mlflow, tensorboard, wandb" in line


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_one_whose_package_is_missing(name, tmp_path, monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        trackers.importlib.util, "find_spec", lambda n, *of: None if n == name else there(n, *of)
    )
    line = refused(f"tensorboard,{name}", tmp_path)
    assert f"{name} is not installed: pip install 'xlt_flax[{name}]'" in line
