"""Early stopping: where a run ends, and that kills change nothing of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import forks
import pytest
from forks import Forked

from xlt_flax import signals
from xlt_flax.evaluation.predictions import predict
from xlt_flax.training import preemption
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.hooks import validation
from xlt_flax.training.run import Run
from xlt_flax.training.stages import best_step
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parents[2]
PATIENCE = 2
FIELDS = {
    "mixture": "E1",
    "data.train_per_group": 15,  # two updates an epoch
    "data.validation_per_group": 8,
    "data.max_length": 16,
    "train.learning_rate": 5e-3,  # so high that validation soon gets worse
    "train.epochs": 10,
}


@pytest.fixture(scope="module")
def config(small_config):
    """config(**fields): a run that would stop early if it had the patience."""

    def make(**fields):
        return small_config(**{name.replace(".", "__"): v for name, v in FIELDS.items()} | fields)

    return make


@pytest.fixture(scope="module")
def patient(config, tmp_path_factory):
    """The same run without a limit to its patience."""
    workdir = Workdir(tmp_path_factory.mktemp("patient") / "run")
    train(config(), workdir)
    return workdir


@pytest.fixture(scope="module")
def stopped(config, tmp_path_factory):
    """A run that stopped early, and that nobody disturbed."""
    workdir = Workdir(tmp_path_factory.mktemp("stopped") / "run")
    train(config(train__patience=PATIENCE), workdir)
    return workdir


def lines(workdir):
    return [json.loads(line) for line in workdir.metrics.read_text().splitlines()]


def end_by_hand(records, is_better=lambda new, old: new["loss"] < old["loss"]):
    """(the step after which patience ends, that of the best validation)."""
    best, waited = None, 0
    for record in records:
        if record["split"] != "validation":
            continue
        if best is None or is_better(record, best):
            best, waited = record, 0
        else:
            waited += 1
        if waited == PATIENCE:
            return record["step"], best["step"]
    raise AssertionError("the run never ran out of patience")


def test_a_run_ends_when_validations_are_no_better(patient, stopped):
    last, best = end_by_hand(lines(patient))
    assert last < 20
    whole = [line for line in lines(patient) if line["step"] <= last]
    assert lines(stopped) == whole
    assert patient.metrics.read_bytes().startswith(stopped.metrics.read_bytes())
    done = json.loads(stopped.done.read_text())
    assert done == {"step": last, "best": done["best"], "stopped_early": True}
    assert done["best"]["step"] == best_step(stopped) == best
    assert Checkpoints(stopped.checkpoints).steps() == [best, last]
    assert "stopped_early" not in json.loads(patient.done.read_text())


@pytest.mark.parametrize(
    "best_by",
    ["micro_f1", *(pytest.param(b, marks=pytest.mark.slow) for b in ("accuracy", "macro_f1"))],
)
def test_the_best_and_patience_go_by_a_score_that_is_asked_for(config, patient, tmp_path, best_by):
    """The higher the better; the updates are those of a run that goes by the loss, and its lines
    have no value more than it was asked for."""
    workdir = Workdir(tmp_path / "run")
    train(config(train__patience=PATIENCE, eval__best=best_by), workdir)
    found = lines(workdir)
    last, best = end_by_hand(found, lambda new, old: new[best_by] > old[best_by])
    done = json.loads(workdir.done.read_text())
    assert (done["step"], done["best"]["step"], best_step(workdir)) == (last, best, best)
    assert Checkpoints(workdir.checkpoints).steps() == sorted({best, last})
    assert all(line.pop("micro_f1") == line["accuracy"] for line in found if "micro_f1" in line)
    assert found == lines(patient)[: len(found)]


def test_a_run_says_that_it_stopped_early_and_then_that_it_did(config, stopped, tmp_path, caplog):
    workdir = Workdir(shutil.copytree(stopped, tmp_path / "run"))
    workdir.done.unlink()
    last, best = end_by_hand(lines(stopped))
    with caplog.at_level("INFO", "xlt_flax"):
        result = train(config(train__patience=PATIENCE), workdir)
    assert (result.step, result.best["step"], result.stopped_early) == (last, best, True)
    assert (
        f"stopped early, after step {last} of 20: no validation since that of step {best} was "
        "better (config.train.patience=2)"
    ) in caplog.messages
    caplog.clear()
    with caplog.at_level("INFO", "xlt_flax"):
        assert train(config(train__patience=PATIENCE), workdir) == result
    (line,) = caplog.messages
    assert line == f"{workdir.path} is done already: it stopped early, after step {last}"


def test_patience_that_ends_with_the_last_epoch_stops_nothing_early(
    config, stopped, tmp_path, caplog
):
    last, _ = end_by_hand(lines(stopped))
    workdir = Workdir(tmp_path / "run")
    with caplog.at_level("INFO", "xlt_flax"):
        result = train(config(train__patience=PATIENCE, train__epochs=last // 2), workdir)
    assert lines(workdir) == lines(stopped)
    assert not result.stopped_early
    assert not any("early" in message for message in caplog.messages)


def test_a_run_that_goes_on_from_it_starts_from_its_best(config, stopped, tmp_path):
    second = Workdir(tmp_path / "second")
    train(config(mixture="D1", init_from=str(stopped.path), train__epochs=1), second)
    assert second.started_from()["step"] == best_step(stopped)


# ---- Kills --------------------------------------------------------------------------------------


class KilledError(Exception):
    """What ends a process at once, and writes nothing."""


def interrupt_in_step(monkeypatch, last):
    monkeypatch.setattr(preemption, "stop_after", lambda step: step == last - 1)
    return SystemExit


def interrupt_in_validation(monkeypatch, last):
    """Told to stop in the validation that is to end the run."""

    def predict_and_be_told(phase, params, progress):
        seen.append(phase)
        if len(seen) == last // 2:
            signals._note(signal.SIGTERM)
        return predict(phase, params, progress)

    seen = []
    monkeypatch.setattr(validation, "predict", predict_and_be_told)
    return SystemExit


def interrupt_in_save(monkeypatch, last):
    """The validation's line is written, and its checkpoint is not."""

    def save(checkpoints, state, *arguments, save=Checkpoints.save):
        if int(state.step) == last:
            raise KilledError
        save(checkpoints, state, *arguments)

    monkeypatch.setattr(Checkpoints, "save", save)
    return KilledError


def interrupt_at_the_end(monkeypatch, last):
    """All is written but DONE."""

    def finish(run):
        run.checkpoints.wait()
        raise KilledError

    monkeypatch.setattr(Run, "finish", finish)
    return KilledError


@pytest.mark.parametrize(
    "interrupt",
    [
        pytest.param(interrupt_in_step, marks=pytest.mark.slow),
        interrupt_in_validation,
        pytest.param(interrupt_in_save, marks=pytest.mark.slow),
        interrupt_at_the_end,
    ],
)
def test_a_run_that_goes_on_ends_where_it_would_have(
    interrupt, config, stopped, tmp_path, monkeypatch
):
    monkeypatch.setattr(signals, "_first", None)
    workdir, impatient = Workdir(tmp_path / "run"), config(train__patience=PATIENCE)
    last = json.loads(stopped.done.read_text())["step"]
    with monkeypatch.context() as patch:
        ended_by = interrupt(patch, last)
        with pytest.raises(ended_by):
            train(impatient, workdir)
    assert not workdir.done.exists()
    monkeypatch.setattr(signals, "_first", None)
    assert train(impatient, workdir).stopped_early
    for name in ("metrics", "done"):
        assert getattr(workdir, name).read_bytes() == getattr(stopped, name).read_bytes()
    found, expected = (Checkpoints(run.checkpoints) for run in (workdir, stopped))
    for step in expected.steps():
        assert found.params_digest(step) == expected.params_digest(step)


@pytest.mark.slow
def test_sigkill(stopped, sample_data_dir, tmp_path):
    """As users run it, killed in its second epoch."""
    workdir = Workdir(tmp_path / "run")
    arguments = [
        *(sys.executable, "-m", "xlt_flax.main", "--config=configs/demo.py:E1"),
        f"--workdir={workdir}",
        f"--config.data.data_dir={sample_data_dir}",
        "--config.model.forward=padded",
        f"--config.train.patience={PATIENCE}",
        *(f"--config.{name}={value}" for name, value in FIELDS.items() if name != "mixture"),
    ]
    first = Forked(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    for line in first.stderr:
        if "epoch 1, step" in line:
            break
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    finished = forks.run(arguments, cwd=ROOT)
    assert finished.returncode == 0, finished.stderr
    assert "stopped early, after step" in finished.stderr
    for name in ("metrics", "done"):
        assert getattr(workdir, name).read_bytes() == getattr(stopped, name).read_bytes()
