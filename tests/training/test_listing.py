"""What the thesis's listing does, field by field, in runs: configs/thesis_listing.py."""

import importlib.util
import json
import shutil
from pathlib import Path

import jax
import pytest

from xlt_flax.config import base, resolve, sample
from xlt_flax.config_checks import validate
from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.stored_config import differences
from xlt_flax.studies.plan import split_config
from xlt_flax.studies.thesis import reported
from xlt_flax.training import preemption
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.hooks import validation
from xlt_flax.training.metrics import read_metrics
from xlt_flax.training.stages import starting_point
from xlt_flax.training.starts import taken_over
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def listing():
    """The config's module."""
    path = ROOT / "configs/thesis_listing.py"
    spec = importlib.util.spec_from_file_location("thesis_listing", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def config_of(sample_data_dir):
    """config_of(of, **fields): `of`, a config, made small and run on the sample."""

    def make(of, **fields):
        small = sample()
        small.mixture = of.mixture or "E1D1F1"
        for part, names in (
            ("data", ("drop_commas",)),
            ("model", ("head_sd", "attention_dropout")),
            ("train", ("epsilon_before_correction",)),
            ("eval", ("best",)),
        ):
            small[part].update({name: of[part][name] for name in names})
        small.data.data_dir, small.data.max_length = str(sample_data_dir), 32
        small.data.train_per_group, small.data.validation_per_group = 5, 6
        small.model.dropout, small.train.epochs = 0.1, 2
        small.update_from_flattened_dict({k.replace("__", "."): v for k, v in fields.items()})
        validate(small)
        return resolve(small)

    return make


def test_a_sweep_of_the_35_runs_or_one_of_them(listing):
    common, runs = split_config(listing.get_config())
    assert runs == list(reported.ACCURACY)
    assert common.protocol == "thesis"
    one = listing.get_config("E1D1F1")
    validate(one)
    assert (one.mixture, one.protocol) == ("E1D1F1", "clean")


def test_each_deviation_is_named_where_the_config_explains_it(listing):
    common, _ = split_config(listing.get_config())
    clean = resolve(base()).to_dict()
    changed = {line.split(":")[0] for line in differences(clean, common.to_dict())}
    assert len(changed) == 6
    for field in changed:
        assert f"\n  {field} " in listing.__doc__ or f"\n  {field}\n" in listing.__doc__


@pytest.mark.slow
def test_a_run_as_the_listing_has_it(listing, config_of, share, tmp_path, monkeypatch):
    """Every field at once: one that is broken off ends with the very same numbers."""
    config = config_of(listing.get_config("E1D1F1"))
    shared = share(config, ["E1D1F1"], steps=4)  # one compilation for all
    whole, broken_off = Workdir(tmp_path / "whole"), Workdir(tmp_path / "broken_off")
    train(config, whole, *shared)
    evaluate(whole, config, ["ja"], "best", *shared)
    assert json.loads((whole.eval / "ja.json").read_text())["n"] == 120

    def stop_after(step):
        if step == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(preemption, "stop_after", stop_after)
        with pytest.raises(KeyboardInterrupt):
            train(config, broken_off, *shared)
    train(config, broken_off, *shared)
    assert broken_off.metrics.read_bytes() == whole.metrics.read_bytes()
    assert last_weights(broken_off) == last_weights(whole)


def last_weights(workdir):
    checkpoints = Checkpoints(workdir.checkpoints)
    params, _ = checkpoints.restore_params(checkpoints.steps()[-1])
    return [leaf.tobytes() for leaf in jax.tree.leaves(params)]


@pytest.mark.parametrize("best_by", ["loss", "batch_sum"])
def test_all_readers_agree_on_the_best(config_of, tmp_path, monkeypatch, best_by):
    """With batch sums that order the epochs the other way round than their losses."""
    monkeypatch.setattr(validation, "batch_sum", lambda losses, batch_size: -losses.mean().item())
    config = config_of(base(), eval__best=best_by, model__forward="padded")
    workdir = Workdir(tmp_path / "run")
    train(config, workdir)
    validations = [r for r in read_metrics(workdir.metrics) if r["split"] == "validation"]
    pick = {"loss": min, "batch_sum": max}[best_by]
    best = pick(validations, key=lambda record: record["loss"])
    assert json.loads(workdir.done.read_text())["best"] == best
    assert best["step"] in Checkpoints(workdir.checkpoints).steps()
    evaluate(workdir, workdir.read_config(), ["ja"])
    assert json.loads((workdir.eval / "ja.json").read_text())["checkpoint_step"] == best["step"]
    stage_two = {"mixture": "J1", "protocol": "thesis", "init_from": str(workdir.path)}
    config, begun = config_of(base(), **stage_two), Workdir(tmp_path / "stage_two")
    found = taken_over(config, begun, starting_point(config, begun))
    assert found.record["checkpoint"] == best["step"]


def test_a_model_that_cannot_be_packed_has_no_mask_for_each(config_of, tmp_path):
    """Nothing is written: the model's shape is known before the workdir begins."""
    folder = tmp_path / "model"
    shutil.copytree(ROOT / "xlt_flax/data/sample/tiny-bert", folder)
    shape = json.loads((folder / "config.json").read_text())
    shape["hidden_act"] = "tanh"
    (folder / "config.json").write_text(json.dumps(shape))
    fields = {"model__name": str(folder), "model__attention_dropout": "each"}
    with pytest.raises(UserError, match=r"config.model.attention_dropout is 'each'.*tanh"):
        train(config_of(base(), **fields), Workdir(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
