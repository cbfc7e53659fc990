"""Protocol "thesis": what a J1 stage takes over, and what it says when it changed nothing.

Stage one is trained once, small; stage two is run from it in every way that it can end.
"""

import json
import shutil
from functools import partial

import jax
import numpy as np
import pytest

from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import Judge
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.length import length_of
from xlt_flax.training.metrics import batch_sum, best_validation, read_metrics
from xlt_flax.training.optimizer import optimizer_of
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir


@pytest.fixture(scope="module")
def config_of(small_config):
    return partial(
        small_config,
        mixture="E1D1F1",
        data__train_per_group=15,
        data__validation_per_group=11,
        train__epochs=3,
    )


@pytest.fixture(scope="module")
def shared(config_of, share):
    """The runs here share their compiled programs."""
    return share(config_of(), ["E1D1F1", "J1"])


@pytest.fixture(scope="module")
def stage_one(config_of, shared, tmp_path_factory):
    """Its workdir, and its result on Japanese."""
    workdir = Workdir(tmp_path_factory.mktemp("stage_one") / "E1D1F1-seed50")
    train(config_of(), workdir, *shared)
    return workdir, judged(workdir, shared)


@pytest.fixture(scope="module")
def best(stage_one):
    return best_validation(read_metrics(stage_one[0].metrics))


def judged(workdir, shared=()):
    print(Judge(workdir, workdir.read_config(), ["ja"], *shared).judge("best"))
    return json.loads((workdir.eval / "ja.json").read_text())


def stage_two(config_of, stage_one, folder, shared=(), **fields):
    fields = {"mixture": "J1", "protocol": "thesis", **fields}
    workdir = Workdir(folder)
    train(config_of(init_from=str(stage_one[0].path), **fields), workdir, *shared)
    return workdir


def validations(workdir):
    return [r for r in read_metrics(workdir.metrics) if r["split"] == "validation"]


def last_line(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "xlt_flax"][-1]


def saved(workdir, step):
    """Every weight, every moment and count of the optimizer, and the rows held: as bytes."""
    config = workdir.read_config()
    optimizer = optimizer_of(config.train, length_of(config))
    state, held = Checkpoints(workdir.checkpoints).restore(step, optimizer)
    leaves = jax.tree.leaves((state.params, state.opt_state, held.ids))
    return [np.asarray(leaf).tobytes() for leaf in leaves]


def assert_is_stage_ones(result, stage_one):
    for field in ("accuracy", "macro_f1", "n", "confusion"):
        assert result[field] == stage_one[1][field]
    assert result["loss"] == pytest.approx(stage_one[1]["loss"], abs=1e-6)
    assert result["checkpoint_step"] == 0


def test_the_score_is_a_sum_of_batch_means():
    assert batch_sum(np.array([1, 2, 3, 4, 5.0]), 2) == 1.5 + 3.5 + 5
    ones = np.ones(300)
    assert batch_sum(ones, 8) == 38  # the thesis's 300 documents
    assert batch_sum(ones[:100], 8) == 13


def test_every_run_writes_its_score(stage_one):
    for record in validations(stage_one[0]):
        assert record["score"] == pytest.approx(5 * record["loss"], rel=0.2)  # 33 in batches of 8


def test_stage_two_goes_on_where_stage_one_was_best(
    config_of, stage_one, best, tmp_path, shared, capsys
):
    """By itself, not in a sweep: its texts use word embeddings that stage one did not hold."""
    epochs = best["epoch"] + 2
    workdir = stage_two(config_of, stage_one, tmp_path / "run", train__epochs=epochs)
    source, *rest = read_metrics(workdir.metrics)
    assert source == {**best, "step": 0, "split": "source", "checkpoint": best["step"]}
    assert [r["step"] for r in rest if r["split"] == "train"] == [1, 2, 3, 4]
    assert [r["epoch"] for r in validations(workdir)] == [epochs - 1, epochs]
    # J1's 11 documents are 2 batches and stage one's 33 are 5, so any stage two "improves".
    assert best_validation(read_metrics(workdir.metrics))["step"] > 0
    assert "note" not in judged(workdir)
    assert "stage one" not in capsys.readouterr().out


def test_a_stage_two_that_never_beats_stage_one(
    config_of, stage_one, best, shared, tmp_path, caplog
):
    """Batches of 1 make J1's 11 documents 11 batches: a sum that is higher than that of 5."""
    caplog.set_level("INFO", "xlt_flax")
    fields = {"train__batch_size": 1, "train__epochs": best["epoch"] + 2}
    workdir = stage_two(config_of, stage_one, tmp_path / "run", shared, **fields)
    assert len(validations(workdir)) == 2
    note = "stage two never beat stage one: this is stage one's model"
    assert last_line(caplog) == note
    result = judged(workdir, shared)
    assert result["note"] == note
    assert_is_stage_ones(result, stage_one)
    assert_goes_on_exactly(workdir, stage_one, shared)


def assert_goes_on_exactly(workdir, stage_one, shared):
    """From checkpoint 0, with stage one's workdir gone."""
    metrics, last = workdir.metrics.read_bytes(), Checkpoints(workdir.checkpoints).steps()[-1]
    before = saved(workdir, last)
    workdir.done.unlink()
    for folder in workdir.checkpoints.iterdir():
        if folder.name != "0":
            shutil.rmtree(folder)
    hidden = stage_one[0].path.rename(stage_one[0].path.with_name("hidden"))
    train(workdir.read_config(), workdir, *shared)
    hidden.rename(stage_one[0].path)
    assert workdir.metrics.read_bytes() == metrics
    assert saved(workdir, last) == before


def test_checkpoint_0_is_stage_one_with_its_optimizer(config_of, stage_one, best, shared, tmp_path):
    epochs = best["epoch"]
    workdir = stage_two(config_of, stage_one, tmp_path / "run", shared, train__epochs=epochs)
    assert saved(workdir, 0) == saved(stage_one[0], best["step"])


def test_a_stage_two_with_no_epochs_left(config_of, stage_one, best, shared, tmp_path, caplog):
    caplog.set_level("INFO", "xlt_flax")
    epochs = best["epoch"]
    workdir = stage_two(config_of, stage_one, tmp_path / "run", shared, train__epochs=epochs)
    assert [record["split"] for record in read_metrics(workdir.metrics)] == ["source"]
    note = "stage two had no epochs left: this is stage one's model"
    assert last_line(caplog) == note
    result = judged(workdir, shared)
    assert result["note"] == note
    assert_is_stage_ones(result, stage_one)


def test_clean_takes_over_the_weights_alone(config_of, stage_one, shared, tmp_path):
    workdir = stage_two(config_of, stage_one, tmp_path / "run", shared, protocol="clean")
    assert [r["epoch"] for r in validations(workdir)] == [1, 2, 3]
    records = read_metrics(workdir.metrics)
    assert best_validation(records) == min(validations(workdir), key=lambda r: r["loss"])
    assert "note" not in judged(workdir, shared)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"init_from": ""}, "config.init_from names no workdir"),
        ({"mixture": ""}, "config.mixture is empty"),
        ({"train__schedule": "linear"}, "config.train.schedule"),
        ({"train__clip_norm": 1.0}, "config.train.clip_norm"),
        ({"init_from": "/no/such/folder"}, "not a workdir"),
    ],
)
def test_what_cannot_be_gone_on_from(config_of, stage_one, shared, tmp_path, fields, message):
    fields = {
        "mixture": "J1",
        "protocol": "thesis",
        "init_from": str(stage_one[0].path),
        **fields,
    }
    with pytest.raises(UserError, match=message):
        train(config_of(**fields), Workdir(tmp_path / "run"), *shared)
    assert not (tmp_path / "run").exists()


def test_a_source_of_another_shape_is_refused(config_of, stage_one, tmp_path, tiny_model_folder):
    """The fixture's model is as wide, but has fewer layers or pieces."""
    config = config_of(
        mixture="J1",
        init_from=str(stage_one[0].path),
        model__name=str(tiny_model_folder("flax")),
    )
    with pytest.raises(UserError, match="give the model that it was made from"):
        train(config, Workdir(tmp_path / "run"))
