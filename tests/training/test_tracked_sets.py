"""Test sets that are evaluated while a run trains: what they say, and that they choose nothing."""

import json
import signal

import pytest

from xlt_flax import signals
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.evaluation.predictions import predict
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.hooks import languages
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.plan import plan_study
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

NAMED = "en, ja,en"  # English, of whose test set E1 has some; and the target language
EPOCH = ["train", "train", "validation", "test_en", "test_ja"]


@pytest.fixture(scope="module")
def config_of(small_config):
    def make(**fields):
        return small_config(
            **{
                "mixture": "E1",
                "model__vocabulary": "full",  # the same program whatever is evaluated
                "data__train_per_group": 15,  # two updates an epoch
                "data__validation_per_group": 8,
                "data__max_length": 16,
                "train__epochs": 2,
                **fields,
            }
        )

    return make


@pytest.fixture(scope="module")
def tracked(config_of, tmp_path_factory):
    """A run that evaluates two test sets, and that nobody disturbed."""
    workdir = Workdir(tmp_path_factory.mktemp("tracked") / "run")
    train(config_of(eval__languages=NAMED), workdir)
    return workdir


def lines(workdir):
    return [json.loads(line) for line in workdir.metrics.read_text().splitlines()]


def of_split(records, split):
    return [record for record in records if record["split"] == split]


def test_they_follow_each_validation(tracked):
    assert [line["split"] for line in lines(tracked)] == EPOCH * 2
    assert [line["step"] for line in lines(tracked)] == [1, 2, 2, 2, 2, 3, 4, 4, 4, 4]
    (events,) = tracked.path.glob("events.out.tfevents.*")
    assert b"test_en/accuracy" in events.read_bytes()
    stored = json.loads(tracked.config_file.read_text())
    assert "en/test" in stored["data"]["documents"]


def test_they_say_what_eval_says(tracked):
    """Of the same checkpoint, with what was seen in training counted alike."""
    results = evaluate(tracked, tracked.read_config(), ["en", "ja"], "latest")
    for language, result in results.items():
        (line,) = of_split(lines(tracked)[-5:], f"test_{language}")
        for name in line.keys() - {"step", "epoch", "split"}:
            assert line[name] == pytest.approx(result[name], abs=1e-6), name
    assert results["en"]["seen"] > results["ja"]["seen"] == 0


def test_they_choose_nothing(config_of, tracked, tmp_path):
    """A run without them has the same bytes."""
    plain = Workdir(tmp_path / "run")
    train(config_of(), plain)
    written = tracked.metrics.read_text().splitlines()
    assert plain.metrics.read_text().splitlines() == [one for one in written if "test_" not in one]
    assert plain.done.read_bytes() == tracked.done.read_bytes()
    found, expected = Checkpoints(plain.checkpoints), Checkpoints(tracked.checkpoints)
    assert found.steps() == expected.steps()
    assert [*map(found.params_digest, found.steps())] == [
        *map(expected.params_digest, expected.steps())
    ]


def test_that_target_labels_are_looked_at_is_said_once(config_of, tracked, tmp_path, caplog):
    with caplog.at_level("INFO", "xlt_flax"):
        train(config_of(eval__languages=NAMED, train__max_steps=1), Workdir(tmp_path / "run"))
    said = [message for message in caplog.messages if "the target language" in message]
    assert said == [
        "config.eval.languages names ja, the target language: its labels are looked at while the "
        "run trains, and choose nothing"
    ]
    (line,) = [message for message in caplog.messages if ": en test loss " in message]
    assert line.startswith("epoch 1, step 1: en test loss ")
    assert "of 120 documents were trained on or validated on; accuracy without them" in line


@pytest.mark.parametrize("told_in", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_stop_in_one_of_them_is_made_up_for(told_in, config_of, tracked, tmp_path, monkeypatch):
    """In the first, and in the second, when the line of the first is written."""
    monkeypatch.setattr(signals, "_first", None)
    calls = []

    def predict_and_be_told(phase, params, progress):
        calls.append(phase)
        if len(calls) == told_in:
            signals._note(signal.SIGTERM)
        return predict(phase, params, progress)

    monkeypatch.setattr(languages, "predict", predict_and_be_told)
    workdir, config = Workdir(tmp_path / "run"), config_of(eval__languages=NAMED)
    with pytest.raises(SystemExit):
        train(config, workdir)
    assert [line["split"] for line in lines(workdir)] == EPOCH[: 2 + told_in]
    monkeypatch.setattr(languages, "predict", predict)
    monkeypatch.setattr(signals, "_first", None)
    train(config, workdir)
    assert workdir.metrics.read_bytes() == tracked.metrics.read_bytes()
    assert workdir.done.read_bytes() == tracked.done.read_bytes()


@pytest.mark.slow
def test_what_an_earlier_run_trained_on_is_seen(config_of, tracked, tmp_path):
    second = Workdir(tmp_path / "second")
    fields = {"mixture": "J1", "init_from": str(tracked.path), "train__max_steps": 1}
    train(config_of(eval__languages="en", **fields), second)
    (line,) = of_split(lines(second), "test_en")
    (first,) = of_split(lines(tracked)[:5], "test_en")
    assert line["seen"] == first["seen"] > 0


@pytest.mark.slow
def test_the_active_vocabulary_holds_their_rows(config_of, tracked, tmp_path):
    workdir = Workdir(tmp_path / "run")
    train(config_of(eval__languages=NAMED, model__vocabulary="active"), workdir)
    for found, expected in zip(lines(workdir), lines(tracked), strict=True):
        assert found == pytest.approx(expected, abs=1e-5)


def test_the_plan_of_a_study_holds_their_rows(config_of):
    config = config_of(eval__languages="fr,de", model__vocabulary="active")
    inputs = open_inputs(config)
    plan = plan_study(config, inputs, ["E1"], steps=4)
    for language in ("ja", "fr", "de"):
        store = inputs.corpus.store(language, "test")
        assert (plan.vocabulary.row_of[store.tokens] >= 0).all()
