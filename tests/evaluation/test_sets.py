"""Weights that are held in half of the memory while a checkpoint is evaluated."""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.evaluation.follow import follow
from xlt_flax.evaluation.sets import as_held, load_model, open_sets
from xlt_flax.overrides import given_anew
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.workdir import Workdir

HALF = {"eval.weights": "bfloat16"}


@pytest.fixture
def run(runs, tmp_path):
    return Workdir(shutil.copytree(runs[0].path, tmp_path / "run"))


def size(params):
    return sum(leaf.nbytes for leaf in jax.tree.leaves(params))


def test_values_are_rounded_to_the_nearest():
    """A bfloat16 near 1 has steps of 1/128; of two that are as near, the even one."""
    params = {"w": np.array([1, 1 + 1 / 256, 1 + 3 / 256, 1 + 0.9 / 128], np.float32)}
    held = as_held(params, "bfloat16")["w"]
    assert held.dtype == jnp.bfloat16
    assert held.astype(float).tolist() == [1, 1, 1 + 2 / 128, 1 + 1 / 128]
    assert as_held(params, "float32")["w"] is params["w"]


def test_a_model_takes_half_of_the_memory(run, shared):
    config = run.read_config()
    whole, half = (
        load_model(open_sets(run, given_anew(config, values), ["ja"], *shared), 1).params
        for values in ({}, HALF)
    )
    assert {leaf.dtype for leaf in jax.tree.leaves(half)} == {jnp.dtype("bfloat16")}
    assert 2 * size(half) == size(whole)


def test_its_numbers_are_close_and_say_so(run, shared):
    config = run.read_config()
    results, probabilities = [], []
    for values in ({}, HALF):
        (result,) = evaluate(run, given_anew(config, values), ["ja"], "best", *shared).values()
        lines = run.predictions("ja").read_text().splitlines()
        results.append(json.loads(run.scores("ja").read_text()))
        assert results[-1] == result
        probabilities.append([json.loads(line)["probabilities"] for line in lines])
    assert 0 < np.abs(np.subtract(*probabilities)).max() < 0.01
    whole, half = results
    assert half["accuracy"] == pytest.approx(whole["accuracy"], abs=0.05)
    assert half["loss"] == pytest.approx(whole["loss"], abs=0.005)
    assert not {"weights", "note"} & whole.keys()
    assert (half["weights"], half["note"]) == ("bfloat16", "the weights were held in bfloat16")
    stored, _ = Checkpoints(run.checkpoints).restore_params(1)
    assert {leaf.dtype for leaf in jax.tree.leaves(stored)} == {np.dtype("float32")}


def test_a_curve_says_so_as_well(run, shared):
    config = given_anew(run.read_config(), HALF)
    assert "held in bfloat16" in str(follow(run, config, ["ja"], "best", *shared))
    (line, *_) = run.curve("ja").read_text().splitlines()
    assert json.loads(line)["weights"] == "bfloat16"


def test_another_type_is_refused(run):
    with pytest.raises(
        UserError, match=r"eval\.weights is 'float16': give one of float32, bfloat16"
    ):
        given_anew(run.read_config(), {"eval.weights": "float16"})
