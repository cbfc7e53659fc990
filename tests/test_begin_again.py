"""A workdir that begins again loses what its run wrote, nothing else, and only for a run that can
begin."""

import logging
import shutil
import sys
from pathlib import Path

import forks
import pytest

import xlt_flax
from xlt_flax.begin_again import begins_again
from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parents[1]
FOREIGN = (
    "notes.txt",
    "checkpoints/README",
    "eval/plot.svg",
    "eval/mine.json",
    "report/index.html",
)


@pytest.fixture(scope="module")
def config_of(small_config):
    return lambda **fields: small_config(mixture="E1", train__max_steps=2, **fields)


@pytest.fixture(scope="module")
def finished(config_of, tmp_path_factory):
    workdir = Workdir(tmp_path_factory.mktemp("finished") / "run")
    train(config_of(), workdir)
    xlt_flax.evaluate(workdir.path)
    return workdir


@pytest.fixture
def copied(finished, tmp_path):
    return Workdir(shutil.copytree(finished.path, tmp_path / "run"))


def files_of(workdir):
    found = (path for path in workdir.path.rglob("*") if path.is_file())
    return {str(path.relative_to(workdir.path)): path.read_bytes() for path in found}


def refused(use, *arguments, **named):
    with pytest.raises(UserError) as error:
        use(*arguments, **named)
    (line,) = str(error.value).splitlines()
    return line


def test_all_that_a_run_wrote_goes_and_what_others_put_there_stays(copied, caplog):
    for name in FOREIGN:
        (copied.path / name).parent.mkdir(exist_ok=True)
        (copied.path / name).write_text("mine")
    with caplog.at_level(logging.INFO, "xlt_flax"):
        assert begins_again(copied, base(), overwrite=True)
    assert files_of(copied).keys() - {".writer.lock"} == {*FOREIGN}
    (line,) = caplog.messages
    assert line == f"{copied.path} begins again: what its run wrote is removed"


def test_nothing_of_a_run_is_left_where_nobody_put_anything(copied):
    for name in ("eval/events.out.tfevents.1.host.2", "mlruns/0/meta.yaml", "wandb/offline-run/x"):
        (copied.path / name).parent.mkdir(parents=True, exist_ok=True)
        (copied.path / name).touch()  # of those who watched it
    assert begins_again(copied, base(), overwrite=True)
    assert {path.name for path in copied.path.iterdir()} <= {".writer.lock"}


def test_a_removal_that_is_cut_short_leaves_a_run(copied):
    assert copied.written()[-1] == copied.config_file
    assert copied.written()[0] == copied.done


def test_the_run_that_begins_again_is_a_new_one(copied, config_of, tmp_path):
    again = train(config_of(seed=51), copied, overwrite=True)
    alone = train(config_of(seed=51), Workdir(tmp_path / "alone"))
    assert again.metrics == alone.metrics
    assert copied.read_config().seed == 51
    assert copied.evaluated() == []


def test_without_being_asked_another_config_is_refused(copied, config_of):
    before = files_of(copied)
    told = refused(train, config_of(seed=51), copied)
    assert "(seed: 50 -> 51)" in told
    assert "another --workdir, or --overwrite to remove that run" in told
    assert files_of(copied) == before


@pytest.mark.parametrize(
    "content", ['{"model_type": "bert"}', "", '{"config": {}, "versions": {"workdir": 99}}']
)
def test_a_config_that_is_no_runs_is_no_leave_to_remove(content, config_of, tmp_path):
    workdir = Workdir(tmp_path)
    workdir.config_file.write_text(content)
    workdir.checkpoints.mkdir()
    (workdir.checkpoints / "1").mkdir()
    assert "config.json is not whole" in refused(train, config_of(), workdir, overwrite=True)
    assert (workdir.checkpoints / "1").is_dir()
    assert workdir.config_file.read_text() == content


def test_the_flag_is_heard_before_anything_is_prepared(tmp_path):
    """By the one line that refuses a model's folder."""
    config = tmp_path / "config.json"
    config.write_text('{"model_type": "bert"}')
    place = (f"--workdir={tmp_path}", f"--config.data.data_dir={tmp_path / 'data'}")
    command = [sys.executable, "-m", "xlt_flax.main", "--config=configs/demo.py", "--overwrite"]
    finished = forks.run([*command, *place], cwd=ROOT)
    assert finished.returncode == 2
    assert finished.stderr.startswith(f"xlt_flax: {config} is not whole: ")
    assert not (tmp_path / "data").exists()


def test_a_folder_without_a_run_is_no_leave_to_remove(config_of, tmp_path):
    (tmp_path / "thesis.docx").touch()
    assert "thesis.docx" in refused(train, config_of(), Workdir(tmp_path), overwrite=True)
    assert (tmp_path / "thesis.docx").exists()


def test_a_run_that_somebody_writes_is_not_removed(copied, config_of):
    before = files_of(copied)
    with copied.writer():
        told = refused(train, config_of(), Workdir(copied.path), overwrite=True)
    assert "is being written by process" in told
    assert files_of(copied) == before


@pytest.mark.parametrize(
    "fields",
    [{"data__dataset": "webis_cls10", "data__manual_dir": "nowhere"}, {"model__name": "x"}],
)
def test_a_run_that_cannot_begin_removes_nothing(fields, copied, config_of):
    before = files_of(copied)
    refused(train, config_of(**fields), copied, overwrite=True)
    assert files_of(copied) == before


# ---- A run of no step ----------------------------------------------------------------------------


@pytest.fixture
def begun(tmp_path):
    workdir = Workdir(tmp_path / "run")
    workdir.start(base())
    workdir.metrics.touch()
    return workdir


def test_a_run_of_no_step_begins_again_when_a_field_changes(begun, caplog):
    changed = base()
    changed.train.batch_size = 16
    with caplog.at_level(logging.INFO, "xlt_flax"):
        assert begins_again(begun, changed, overwrite=False)
    (line,) = caplog.messages
    assert line.endswith("had made no step: it begins again with train.batch_size: 8 -> 16")
    begun.check(changed)


def test_a_run_of_no_step_goes_on_with_the_same_config(begun):
    assert not begins_again(begun, base(), overwrite=False)
    assert begun.is_run()


@pytest.mark.parametrize("trace", ["checkpoints/0", "DONE", "metrics.jsonl"])
def test_a_run_with_anything_to_lose_does_not(begun, trace):
    place = begun.path / trace
    if trace == "metrics.jsonl":
        place.write_text('{"step": 1, "split": "train"}\n')
    else:
        place.mkdir(parents=True)
    changed = base()
    changed.seed = 51
    assert not begins_again(begun, changed, overwrite=False)
    assert "seed: 50 -> 51" in refused(begun.check, changed)
