"""Trained models of the sample's shape, small enough to be made in seconds."""

import shutil
from types import SimpleNamespace

import pytest

from xlt_flax.modeling.shipped import SAMPLE_MODEL, shipped_folder
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir


@pytest.fixture(scope="session")
def model_copy(tmp_path_factory):
    """A model folder that can be taken away."""
    return shutil.copytree(
        shipped_folder(SAMPLE_MODEL), tmp_path_factory.mktemp("models") / "tiny-bert"
    )


@pytest.fixture(scope="session")
def trained_runs(small_config, model_copy, tmp_path_factory):
    """Workdirs of one folder, whose model is gone since: `first` and `second` with decayed
    weights, of two seeds; `stage` goes on from the first with other documents; `full` holds all
    rows."""
    folder = tmp_path_factory.mktemp("runs")
    common = {"train__max_steps": 3, "data__target_language": "ja", "mixture": "E1"}
    common |= {"model__name": str(model_copy), "train__weight_decay": 0.5}
    common |= {"train__schedule": "linear", "train__learning_rate": 1e-2}
    runs = {
        "first": small_config(**common),
        "second": small_config(**common, seed=51),
        "full": small_config(**common, model__vocabulary="full"),
    }
    stage = {"init_from": str(folder / "first"), "mixture": "F1"}
    runs["stage"] = small_config(**(common | stage))
    for name, config in runs.items():
        train(config, Workdir(folder / name))
    moved = model_copy.rename(model_copy.with_name("elsewhere"))
    workdirs = {name: Workdir(folder / name) for name in runs}
    return SimpleNamespace(**workdirs, model=moved)
