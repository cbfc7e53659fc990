"""Curves in MLflow's own store of files; runs where the extra is installed."""

import os

import pytest

from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.stored_config import flat
from xlt_flax.training.trackers import find_tracker
from xlt_flax.workdir import Workdir

pytest.importorskip("mlflow")


def write(workdir, first, last):
    tracker = find_tracker("mlflow").open_tracker(workdir, base(), first)
    for step in range(first, last + 1):
        tracker.write(1000 + step, step, {"train/loss": step / 10})
    tracker.close()


def test_a_run_that_goes_on_is_one_run_with_each_step_once(tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    workdir = Workdir(tmp_path / "it's a run")
    workdir.path.mkdir()
    write(workdir, 0, 5)
    write(workdir, 4, 8)
    client = MlflowClient((workdir.path / "mlruns").as_uri())
    (experiment,) = [e for e in client.search_experiments() if e.name == "xlt_flax"]
    (run,) = client.search_runs([experiment.experiment_id])
    points = client.get_metric_history(run.info.run_id, "train/loss")
    assert [(p.step, p.value, p.timestamp) for p in points] == [
        (step, step / 10, 1000 * (1000 + step)) for step in range(9)
    ]
    assert run.data.params == {name: str(value) for name, value in flat(base().to_dict()).items()}
    assert (run.info.run_name, run.info.status) == ("it's a run", "FINISHED")


def test_the_process_is_left_as_it_is_and_what_mlflow_wants_is_told(tmp_path, monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE"):
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    with pytest.raises(UserError, match="set `MLFLOW_ALLOW_FILE_STORE=true`"):
        write(Workdir(tmp_path / "run"), 0, 1)
    assert dict(os.environ) == before
