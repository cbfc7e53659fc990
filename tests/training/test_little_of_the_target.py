"""A little of the target: a zero-shot model goes on with a few labelled documents of its target.

What configs/j1.py does with the group J1, with a number of documents instead.
"""

import json
import signal
from functools import partial

import jax
import numpy as np
import pytest

from xlt_flax import signals
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.evaluation.predictions import predict
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.hooks import validation
from xlt_flax.training.metrics import read_metrics
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config_of(small_config):
    sizes = {"data__train_per_group": 8, "data__validation_per_group": 4}
    return partial(small_config, **sizes, train__epochs=2)


@pytest.fixture(scope="module")
def shared(config_of, share):
    """The runs here share their compiled programs."""
    return share(config_of(mixture="E1D1F1"), ["E1D1F1", "ja:20"])


@pytest.fixture(scope="module")
def zero_shot(config_of, shared, tmp_path_factory):
    """The workdir of a model that has seen no Japanese."""
    workdir = Workdir(tmp_path_factory.mktemp("runs") / "E1D1F1")
    train(config_of(mixture="E1D1F1"), workdir, *shared)
    return workdir


@pytest.fixture(scope="module")
def few(config_of, zero_shot, shared):
    """The workdir of what it became with 20 Japanese documents, and its config."""
    config = config_of(mixture="ja:20", init_from=str(zero_shot.path))
    workdir = Workdir(zero_shot.path.parent / "ja")
    train(config, workdir, *shared)
    return workdir, config


def weights(workdir, step):
    params, held = Checkpoints(workdir.checkpoints).restore_params(step)
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves((params, held.ids))]


def test_it_begins_with_the_zero_shot_model_and_spends_so_many_documents(few, zero_shot):
    workdir, _ = few
    start, best = workdir.started_from(), json.loads(zero_shot.done.read_text())["best"]
    assert (start["workdir"], start["step"]) == (str(zero_shot.path), best["step"])
    spent = json.loads(workdir.audit.read_text())["groups"]
    assert list(spent) == ["ja:20"]
    assert spent["ja:20"]["train"]["documents"] + spent["ja:20"]["validation"]["documents"] == 20
    assert all(
        id.startswith("ja/music/train/") for part in spent["ja:20"].values() for id in part["ids"]
    )


def test_it_is_judged_on_documents_of_which_none_was_trained_on(few, shared):
    workdir, config = few
    found = evaluate(workdir, config, ["ja"], "best", *shared)["ja"]
    assert found["n"] > 20
    assert (
        found["seen"]
        == json.loads(workdir.audit.read_text())["duplicates"]["train_test"]["documents"]
    )


def test_a_run_that_was_stopped_ends_with_the_same_bits(few, shared, tmp_path, monkeypatch):
    whole, config = few
    workdir = Workdir(tmp_path / "stopped")

    def predict_and_be_told(*arguments):
        signals._note(signal.SIGTERM)
        return predict(*arguments)

    monkeypatch.setattr(signals, "_first", None)
    monkeypatch.setattr(validation, "predict", predict_and_be_told)
    with pytest.raises(SystemExit):
        train(config, workdir, *shared)
    monkeypatch.setattr(validation, "predict", predict)
    monkeypatch.setattr(signals, "_first", None)
    assert (
        0 < Checkpoints(workdir.checkpoints).steps()[-1] < read_metrics(whole.metrics)[-1]["step"]
    )
    train(config, workdir, *shared)
    assert workdir.metrics.read_bytes() == whole.metrics.read_bytes()
    last = json.loads(whole.done.read_text())["step"]
    assert weights(workdir, last) == weights(whole, last)
