"""Workdirs of older versions open: fields they lack, values that mean another thing now, places
that are gone. `old_workdirs/make.py` says how the fixture was made, by the code of its time."""

import json
import shutil
import sys
import tarfile
from pathlib import Path

import forks
import pytest
from ml_collections import ConfigDict

from xlt_flax.config import base, complete
from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.modeling.shipped import SAMPLE_MODEL
from xlt_flax.stored_config import FORMAT, flat
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

HERE = Path(__file__).parent
OLD_PLACE = "/home/somebody/checkout/xlt_flax/data/sample/tiny-bert"


@pytest.fixture
def november(tmp_path):
    """A folder with a finished run of format 1, `run`, and its model, `model`, which was moved."""
    with tarfile.open(HERE / "old_workdirs" / "format_1.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def placed(workdir, sample_data_dir, **places):
    config = ConfigDict(workdir.read_config().to_dict())
    config.data.data_dir = str(sample_data_dir)
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in places.items()})
    return config.lock()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_finished_run_is_judged_to_the_same_numbers(november, sample_data_dir, caplog):
    run = Workdir(november / "run")
    files = [run.eval / "ja.json", run.eval / "ja.predictions.jsonl"]
    then, predictions_then = json.loads(files[0].read_text()), lines(files[1])
    shutil.rmtree(run.eval)
    with pytest.raises(UserError, match=r"^config.model.name: there is no folder .*/model$"):
        evaluate(run, placed(run, sample_data_dir), ["ja"])
    config = placed(run, sample_data_dir, model__name=str(november / "model"))
    evaluate(run, config, ["ja"])
    told = [record.getMessage() for record in caplog.records if record.name == "xlt_flax"]
    assert sum("whether config.model.name and config.data.data_dir are the" in t for t in told) == 1
    now, predictions = json.loads(files[0].read_text()), lines(files[1])
    assert now["checkpoint_step"] == then["checkpoint_step"]
    assert now["confusion"] == then["confusion"]
    assert now["loss"] == pytest.approx(then["loss"], abs=1e-5)
    assert [p["id"] for p in predictions] == [p["id"] for p in predictions_then]
    for one, other in zip(predictions, predictions_then, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)


def test_a_run_goes_on_and_stays_of_its_format(november, sample_data_dir):
    run = Workdir(november / "run")
    run.done.unlink()
    metrics = run.metrics.read_bytes()
    train(placed(run, sample_data_dir, model__name=str(november / "model")), run)
    assert run.done.exists()
    assert run.metrics.read_bytes() == metrics
    stored = json.loads(run.config_file.read_text())
    assert stored["versions"]["workdir"] == 1
    assert stored["config"]["model"]["name"] == str(november / "model")
    assert "revision" not in stored["config"]["model"]


def test_a_model_of_another_shape_is_refused(november, sample_data_dir):
    """Nothing tells it from the right one but its shape."""
    run, file = Workdir(november / "run"), november / "model" / "bert_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"intermediate_size": 24}))
    config = placed(run, sample_data_dir, model__name=str(november / "model"))
    with pytest.raises(UserError, match=r"does not fit .*: give the model that it was made from"):
        evaluate(run, config, ["ja"])
    run.done.unlink()
    with pytest.raises(UserError, match="does not fit"):
        train(config, run)


def eval_of(run, *arguments):
    command = [sys.executable, "-m", "xlt_flax.eval", f"--workdir={run}", *arguments]
    return forks.run(command, cwd=HERE.parent)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config.train.epochs=3"], "--config.train.epochs=3: eval reads the workdir's config"),
        (["--config=configs/demo.py"], "takes only --config.data.data_dir, "),
        (["--config.eval.batch_size=0"], "config.eval.batch_size is 0: give a whole number"),
        (["--config.model.name=/no/such"], "config.model.name: there is no folder /no/such"),
    ],
)
def test_fields_that_eval_does_not_take(november, arguments, message):
    finished = eval_of(november / "run", *arguments)
    assert finished.returncode == 2
    assert message in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def test_eval_and_report_take_places(november, sample_data_dir):
    places = (
        f"--config.model.name={november / 'model'}",
        f"--config.data.data_dir={sample_data_dir}",
    )
    finished = eval_of(november / "run", *places, "--config.eval.batch_size=7")
    assert finished.returncode == 0, finished.stderr
    report = [sys.executable, "-m", "xlt_flax.report", f"--workdir={november / 'run'}", *places]
    written = forks.run(report, cwd=HERE.parent)
    assert written.returncode == 0, written.stderr
    assert (november / "run" / "report" / "results.json").exists()


# ---- Fields ----------------------------------------------------------------------------------


def november_config(**fields):
    """What format 1 stored; the fields' dots are written as __."""
    config = base().to_dict()
    del config["init_checkpoint"], config["model"]["revision"]
    for field, value in {"mixture": "E1D1F1", **fields}.items():
        part, name = field.split("__") if "__" in field else (None, field)
        (config[part] if part else config)[name] = value
    return config


def test_fields_that_it_lacks_have_the_meaning_of_then():
    config = complete(november_config(), 1)
    assert flat(config).keys() == flat(base().to_dict()).keys()
    assert (config["model"]["revision"], config["init_checkpoint"]) == ("", "best")


def test_the_shipped_model_is_found_wherever_the_package_lies():
    assert complete(november_config(model__name=OLD_PLACE), 1)["model"]["name"] == SAMPLE_MODEL
    elsewhere = complete(november_config(model__name=OLD_PLACE), 2)
    assert elsewhere["model"]["name"] == OLD_PLACE  # format 2 writes the constant


@pytest.mark.parametrize(("then", "now"), [(0, 0), (2, 2), (3749, 3749), (3750, 0), (9999, 0)])
def test_max_steps_that_the_epochs_cut(then, now):
    """10 epochs of 3,000 documents in batches of 8 are 3,750 updates."""
    assert complete(november_config(train__max_steps=then), 1)["train"]["max_steps"] == now
    assert complete(november_config(train__max_steps=then), 2)["train"]["max_steps"] == then


@pytest.mark.parametrize("form", range(1, FORMAT + 1))
@pytest.mark.parametrize(
    ("schedule", "then", "now"),
    [
        ("constant", 0.1, None),
        ("step", 0.1, None),
        ("constant", 0.06, None),
        ("linear", 0.1, None),
        ("linear", 0.06, 0.06),
        ("linear", 0.0, 0.0),
    ],
)
def test_a_warm_up_that_the_schedule_passed_over(form, schedule, then, now):
    """Up to format 3 by "constant" and "step"; unset, "linear" has the .1 that was the default."""
    stored = november_config(train__schedule=schedule, train__warmup_fraction=then)
    expected = then if form == FORMAT and schedule != "linear" else now
    assert complete(stored, form)["train"]["warmup_fraction"] == expected


def test_a_field_that_is_not_known_and_a_newer_format():
    with pytest.raises(UserError, match=r"a field that this xlt_flax does not know, data\.shards"):
        complete(november_config(data__shards=3), 1)
    with pytest.raises(UserError, match=f"format is {FORMAT + 1}, this xlt_flax reads up to"):
        complete(november_config(), FORMAT + 1)


def test_a_workdir_that_is_refused_is_named(november):
    file = november / "run" / "config.json"
    stored = json.loads(file.read_text())
    stored["config"]["data"]["shards"] = 3
    file.write_text(json.dumps(stored))
    with pytest.raises(UserError, match=rf"^{file}: the config has a field"):
        Workdir(november / "run").read_config()
    stored["config"]["data"] = "lost"
    file.write_text(json.dumps(stored))
    with pytest.raises(UserError, match=r"config\.json is not whole|has a field"):
        Workdir(november / "run").read_config()


def test_a_stage_of_then_whose_updates_would_be_counted_otherwise(tmp_path):
    config = base()
    config.update(protocol="thesis", init_from="/runs/x", mixture="J1")
    config.train.max_steps = 4
    run = Workdir(tmp_path)
    run.start(config)
    run.check(config)
    stored = json.loads(run.config_file.read_text())
    stored["versions"]["workdir"] = 1
    run.config_file.write_text(json.dumps(stored))
    with pytest.raises(
        UserError, match=r"older xlt_flax, in which config\.train\.max_steps was cut"
    ):
        run.check(config)


# ---- Those that were shared in November 2026 ---------------------------------------------------


@pytest.fixture
def shared_runs(shared_folder, tmp_path):
    with tarfile.open(shared_folder / "data" / "workdirs-e3ae455.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return {path.parent.name: path.parent for path in tmp_path.rglob("config.json")}


@pytest.mark.slow
def test_the_demo_of_then(shared_runs, sample_data_dir):
    run = Workdir(shared_runs["demo"])
    evaluate(run, placed(run, sample_data_dir), ["ja"])
    result = json.loads((run.eval / "ja.json").read_text())
    assert (result["accuracy"], result["checkpoint_step"]) == (0.5, 115)
    assert result["loss"] == pytest.approx(2.1423, abs=5e-4)


@pytest.mark.slow
def test_the_run_that_was_stopped_then_ends_as_it_would_have(shared_runs, sample_data_dir):
    """The code of then ended with these numbers, on another CPU."""
    run = Workdir(shared_runs["stopped"])
    train(placed(run, sample_data_dir), run)
    assert json.loads(run.done.read_text())["best"]["step"] == 161
    evaluate(run, run.read_config(), ["ja"])
    result = json.loads((run.eval / "ja.json").read_text())
    assert result["accuracy"] == pytest.approx(0.525, abs=0.02)
    assert result["macro_f1"] == pytest.approx(0.5194, abs=0.02)
    assert result["loss"] == pytest.approx(0.971, abs=0.02)
