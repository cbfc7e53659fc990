"""A model that is broken is named wherever its numbers stand, and never is the best one.

A small run is trained once; its checkpoints are then given the weights of a broken model.
"""

import json
import logging
import math
import shutil
import tempfile
from functools import partial

import numpy as np
import pytest

from xlt_flax.data import selection
from xlt_flax.errors import RunError, UserError
from xlt_flax.evaluation.evaluate import Judge
from xlt_flax.training import run as run_module
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.hooks import validation
from xlt_flax.training.length import length_of
from xlt_flax.training.metrics import read_metrics
from xlt_flax.training.optimizer import optimizer_of
from xlt_flax.training.run import Run
from xlt_flax.training.stages import best_step
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir


@pytest.fixture(scope="module")
def config_of(small_config):
    return partial(
        small_config,
        mixture="J1",
        model__vocabulary="full",
        data__train_per_group=8,
        data__validation_per_group=8,
        train__epochs=2,
        train__learning_rate=2e-5,
    )


@pytest.fixture(scope="module")
def shared(config_of, share):
    return share(config_of(), ["J1"])


@pytest.fixture(scope="module")
def trained(config_of, shared, tmp_path_factory):
    workdir = Workdir(tmp_path_factory.mktemp("trained") / "J1-seed50")
    train(config_of(), workdir, *shared)
    return workdir


@pytest.fixture
def with_weights(trained, shared, tmp_path):
    """with_weights(change): a copy of the run whose checkpoints hold changed weights;
    change(params) does so in place."""

    def make(change):
        place = tempfile.mkdtemp(dir=tmp_path)
        workdir = Workdir(shutil.copytree(trained.path, place, dirs_exist_ok=True))
        config = workdir.read_config()
        optimizer = optimizer_of(config.train, length_of(config))
        kept = Checkpoints(trained.checkpoints)
        shutil.rmtree(workdir.checkpoints)
        changed = Checkpoints(workdir.checkpoints, writable=True)
        for step in kept.steps():
            state, vocabulary = kept.restore(step, optimizer)
            change(state.params)
            changed.save(state, vocabulary, best_step(trained))
        changed.close()
        return workdir

    return make


def judge(workdir, shared, which="best"):
    printed = Judge(workdir, workdir.read_config(), ["ja"], *shared).judge(which)
    text = (workdir.eval / "ja.json").read_text()
    lines = (workdir.eval / "ja.predictions.jsonl").read_text().splitlines()
    strict = {"parse_constant": lambda word: pytest.fail(f"{word} is not JSON")}
    return printed, json.loads(text, **strict), [json.loads(line, **strict) for line in lines]


def one_class(params):
    params["classifier"]["kernel"][:] = 0
    params["classifier"]["bias"][:] = (0, 5)


def test_a_model_that_says_one_class(with_weights, shared):
    printed, result, lines = judge(with_weights(one_class), shared)
    assert {line["prediction"] for line in lines} == {1}
    assert result["accuracy"] == result["majority"] == 0.5
    assert result["problems"] == ["all 120 documents were given one class, positive"]
    assert "ja: all 120 documents were given one class, positive" in printed


def test_a_sound_model_has_no_problems(with_weights, shared):
    """A head that goes by one unit of the pooler, about its median, says both classes."""

    def by_one_unit(median):
        def change(params):
            params["classifier"]["kernel"][:] = 0
            params["classifier"]["kernel"][0] = (0, 100)
            params["classifier"]["bias"][:] = (median, 0)

        return change

    _, _, lines = judge(with_weights(by_one_unit(0)), shared)
    negative, positive = np.transpose([line["probabilities"] for line in lines])
    median = float(np.median(np.log(positive / negative)))
    _, result, lines = judge(with_weights(by_one_unit(median)), shared)
    assert {line["prediction"] for line in lines} == {0, 1}
    assert result["problems"] == []
    assert math.isfinite(result["loss"])


def test_a_model_whose_outputs_are_no_numbers(with_weights, shared):
    def spoil(params):
        params["classifier"]["kernel"][:] = np.nan

    printed, result, lines = judge(with_weights(spoil), shared)
    assert {line["prediction"] for line in lines} == {None}
    assert {line["probabilities"] for line in lines} == {None}
    assert (result["accuracy"], result["loss"], result["majority"]) == (0.0, None, 0.5)
    assert result["confusion"] == [[0, 0], [0, 0]]
    (problem,) = result["problems"]
    assert problem == (
        "the model's output is not a number for 120 of 120 documents, which count as wrong"
    )
    assert f"ja: {problem}" in printed


def test_some_outputs_are_no_numbers(with_weights, shared, config_of):
    """Those of the documents that have one piece of the vocabulary."""
    corpus = shared[0].corpus
    tests = selection.test_documents(corpus, "ja")
    having = pieces_of(tests)
    piece = next(p for p, rows in having.items() if 10 < len(rows) < 60)

    def spoil(params):
        params["bert"]["embeddings"]["word_embeddings"]["embedding"][piece] = np.nan

    _, result, lines = judge(with_weights(spoil), shared)
    spoilt = {row for row, line in enumerate(lines) if line["prediction"] is None}
    assert spoilt == having[piece]
    right = [line["prediction"] == line["label"] for line in lines]
    assert result["accuracy"] == pytest.approx(np.mean(right))
    assert np.sum(result["confusion"]) == 120 - len(spoilt)
    assert result["loss"] is None
    assert f"not a number for {len(spoilt)} of 120 documents" in result["problems"][0]


def pieces_of(documents):
    """{piece: rows of the documents that have it}"""
    having = {}
    for row in range(len(documents)):
        for piece in set(documents.document_tokens(row).tolist()):
            having.setdefault(piece, set()).add(row)
    return having


@pytest.fixture
def source(with_weights, shared, config_of):
    """A run whose word embedding is no number where validation documents alone look."""
    config = config_of()
    chosen = selection.select(shared[0].corpus, "J1", config.data)
    pieces = pieces_of(chosen.validation).keys() - pieces_of(chosen.train).keys()

    def spoil(params):
        params["bert"]["embeddings"]["word_embeddings"]["embedding"][sorted(pieces)] = np.nan

    return with_weights(spoil)


def test_a_loss_that_is_no_number_is_never_the_best(source, config_of, shared, tmp_path, caplog):
    caplog.set_level("INFO", "xlt_flax")
    workdir = Workdir(tmp_path / "run")
    train(config_of(init_from=str(source.path)), workdir, *shared)
    validations = [r for r in read_metrics(workdir.metrics) if r["split"] == "validation"]
    assert [r["loss"] for r in validations] == [None, None]
    assert "NaN" not in workdir.metrics.read_text()
    assert json.loads(workdir.done.read_text()) == {"step": 2, "best": None}
    said = [record.getMessage() for record in caplog.records if record.name == "xlt_flax"]
    assert "done: no validation loss was a finite number, so there is no best" in said[-1]
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING and "said once" in r.msg]
    assert len(warnings) == 1
    assert "the model's output is not a number for" in warnings[0].getMessage()
    with pytest.raises(UserError, match=r"no validation loss.*--checkpoint=latest or STEP") as no:
        judge(workdir, shared)
    assert len(str(no.value).splitlines()) == 1
    assert not (workdir.eval / "ja.json").exists()
    assert judge(workdir, shared, "latest")[1]["checkpoint_step"] == 2
    with pytest.raises(UserError, match="no validation loss"):  # nor does another run begin there
        train(config_of(init_from=str(workdir.path)), Workdir(tmp_path / "next"), *shared)


def test_a_finite_loss_beats_one_that_is_no_number(config_of, shared, tmp_path, monkeypatch):
    real, seen = validation.predict, []

    def first_is_broken(*args):
        predictions = real(*args)
        seen.append(predictions)
        if len(seen) == 1:
            predictions.losses[0] = np.nan
        return predictions

    monkeypatch.setattr(validation, "predict", first_is_broken)
    workdir = Workdir(tmp_path / "run")
    train(config_of(), workdir, *shared)
    assert json.loads(workdir.done.read_text())["best"]["step"] == 2
    assert judge(workdir, shared)[1]["checkpoint_step"] == 2


def test_an_initial_model_is_judged_all_the_same(config_of, shared, tmp_path, caplog):
    caplog.set_level("INFO", "xlt_flax")
    workdir = Workdir(tmp_path / "run")
    train(config_of(mixture=""), workdir, *shared)
    assert json.loads(workdir.done.read_text()) == {"step": 0, "best": None}
    assert "the best checkpoint is the initial model" in caplog.text
    assert judge(workdir, shared)[1]["checkpoint_step"] == 0


def test_eval_during_a_save(trained, shared, tmp_path):
    """The line of a validation is written before the checkpoint that it is of."""
    workdir = Workdir(shutil.copytree(trained.path, tmp_path / "run"))
    workdir.done.unlink()
    newest = Checkpoints(workdir.checkpoints).steps()[-1]
    with open(workdir.metrics, "a") as file:
        line = {"step": 9, "epoch": 9, "split": "validation", "loss": 0.0, "accuracy": 1.0}
        file.write(json.dumps(line) + "\n")
    assert judge(workdir, shared)[1]["checkpoint_step"] == best_step(trained) <= newest


def test_a_best_that_is_replaced_meanwhile(trained, shared, tmp_path, monkeypatch):
    """Training saves a better one and deletes what eval was about to read."""
    workdir = Workdir(shutil.copytree(trained.path, tmp_path / "run"))
    workdir.done.unlink()
    first, last = 1, 2
    metrics = workdir.metrics.read_text().splitlines()
    records = [json.loads(line) for line in metrics]
    for record in records:
        if record["split"] == "validation":
            record["loss"] = record["step"]  # the first is the best
    later = [{**r, "loss": -r["step"]} if "macro_f1" in r else r for r in records]

    def write(lines):
        workdir.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))

    write(records)
    if not (workdir.checkpoints / str(first)).exists():
        shutil.copytree(workdir.checkpoints / str(last), workdir.checkpoints / str(first))
    find = Checkpoints.find

    def find_and_lose(self, which, best):
        step = find(self, which, best)
        if step == first:
            shutil.rmtree(workdir.checkpoints / str(first))
            write(later)
        return step

    monkeypatch.setattr(Checkpoints, "find", find_and_lose)
    assert judge(workdir, shared)[1]["checkpoint_step"] == last


# ---- failure.txt ---------------------------------------------------------------------------------


def fail_after(step, error, monkeypatch):
    """Training ends with `error` when this step is to be recorded."""
    record = Run.record

    def failing(self, at, split, values):
        if at == step:
            raise error
        return record(self, at, split, values)

    monkeypatch.setattr(Run, "record", failing)


@pytest.mark.parametrize(
    ("error", "first_line"),
    [
        (RunError("step 2: loss nan"), "step 2: loss nan"),
        (ValueError("shapes\ndiffer"), "ValueError: shapes differ"),
    ],
)
def test_a_run_that_failed_says_why(config_of, shared, tmp_path, monkeypatch, error, first_line):
    workdir = Workdir(tmp_path / "run")
    with monkeypatch.context() as patch:
        fail_after(2, error, patch)
        with pytest.raises(type(error)):
            train(config_of(), workdir, *shared)
    first, _, details = workdir.failure.read_text().partition("\n")
    assert first == first_line
    assert "Traceback (most recent call last)" in details
    assert "in failing" in details
    assert not workdir.done.exists()
    train(config_of(), workdir, *shared)  # goes on
    assert not workdir.failure.exists()
    assert workdir.done.exists()


def test_training_from_spoilt_weights_fails_by_itself(with_weights, config_of, shared, tmp_path):
    def spoil(params):
        params["bert"]["pooler"]["dense"]["kernel"][:] = np.nan

    workdir = Workdir(tmp_path / "run")
    with pytest.raises(RunError):
        train(config_of(init_from=str(with_weights(spoil).path)), workdir, *shared)
    first = workdir.failure.read_text().splitlines()[0]
    assert first.startswith("step 1: loss nan")
    assert not workdir.done.exists()


def test_nothing_is_left_of_a_run_that_never_began(config_of, tmp_path, monkeypatch):
    def no_memory(config):
        raise MemoryError

    monkeypatch.setattr(run_module, "open_inputs", no_memory)
    with pytest.raises(RunError, match="out of memory"):
        train(config_of(), Workdir(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("stop", [SystemExit(143), KeyboardInterrupt()])
def test_a_run_that_was_stopped_did_not_fail(config_of, shared, tmp_path, monkeypatch, stop):
    workdir = Workdir(tmp_path / "run")
    fail_after(2, stop, monkeypatch)
    with pytest.raises(type(stop)):
        train(config_of(), workdir, *shared)
    assert not workdir.failure.exists()


def test_a_users_mistake_is_no_failure_of_the_run(trained, config_of, shared, tmp_path):
    workdir = Workdir(shutil.copytree(trained.path, tmp_path / "run"))
    with pytest.raises(UserError, match="another config"):
        train(config_of(seed=51), workdir, *shared)
    with pytest.raises(UserError, match="not a workdir"):
        train(config_of(init_from="/no/such/folder"), Workdir(tmp_path / "new"), *shared)
    assert not workdir.failure.exists()
    assert not (tmp_path / "new").exists()
