"""What a model is trained for: each objective by itself, another in a file of its own, and runs."""

import sys

import jax.numpy as jnp
import numpy as np
import pytest

from xlt_flax.data import sources
from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.training import objectives
from xlt_flax.training.objectives import find_objective, multi_label, single_label
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

LOGITS = np.array([[2.0, -1.0, 0.5], [-3.0, -2.0, -4.0], [800.0, -800.0, 0.0]], np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_one_label_of_each():
    labels = np.array([0, 2, 1])
    expected = np.exp(LOGITS[:2]) / np.exp(LOGITS[:2]).sum(-1, keepdims=True)
    found = single_label.probabilities(LOGITS)
    np.testing.assert_allclose(found[:2], expected, rtol=1e-6)
    np.testing.assert_allclose(found[2], [1, 0, 0])
    losses = single_label.losses(jnp.asarray(LOGITS[:2]), jnp.asarray(labels[:2]))
    np.testing.assert_allclose(losses, -np.log(expected[[0, 1], labels[:2]]), rtol=1e-5)
    assert single_label.predicted(found).tolist() == [0, 1, 0]
    assert single_label.correct(jnp.asarray(LOGITS), labels).tolist() == [True, False, False]


def test_any_number_of_labels():
    labels = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], np.float32)
    found = multi_label.probabilities(LOGITS)
    np.testing.assert_allclose(found[:2], sigmoid(LOGITS[:2].astype(np.float64)), rtol=1e-6)
    assert np.isfinite(found).all()  # whatever the logits
    chance = np.where(labels[:2] > 0, found[:2], 1 - found[:2])
    losses = multi_label.losses(jnp.asarray(LOGITS[:2]), jnp.asarray(labels[:2]))
    np.testing.assert_allclose(losses, -np.log(chance).mean(-1), rtol=1e-5)
    said = multi_label.predicted(found)
    assert said.tolist() == [[True, False, True], [False, True, False], [True, False, True]]
    correct = multi_label.correct(jnp.asarray(LOGITS), jnp.asarray(labels))
    assert correct.tolist() == (said == labels.astype(bool)).all(-1).tolist() == [True, True, False]


def test_an_objective_that_there_is_not(small_config, tmp_path):
    config = small_config(mixture="E1", train__objective="no_label")
    for ask in (lambda: find_objective("no_label"), lambda: train(config, Workdir(tmp_path / "x"))):
        with pytest.raises(UserError, match="give one of multi_label, single_label"):
            ask()
    assert not (tmp_path / "x").exists()


def mean_losses(result):
    """Of each epoch's steps."""
    losses = {}
    for line in result.metrics:
        if line["split"] == "train":
            losses.setdefault(line["epoch"], []).append(line["loss"])
    return [float(np.mean(each)) for each in losses.values()]


@pytest.fixture
def new_module(tmp_path, monkeypatch):
    """new_module(package, name, text): a file that the package finds from here on."""

    def make(package, name, text):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
        monkeypatch.delitem(sys.modules, f"{package.__name__}.{name}", raising=False)

    return make


SQUARED = """
import jax
import numpy as np

SEVERAL = False

def losses(logits, labels):
    return ((logits - jax.nn.one_hot(labels, logits.shape[-1])) ** 2).mean(-1)

def correct(logits, labels):
    return logits.argmax(-1) == labels

def probabilities(logits):
    return np.clip(logits, 0, 1) / np.clip(logits, 0, 1).sum(-1, keepdims=True)

def predicted(probabilities):
    return probabilities.argmax(-1)
"""


def test_a_new_objective_is_a_new_file(new_module, small_config, tmp_path):
    new_module(objectives, "squared", SQUARED)
    config = small_config(
        mixture="E1",
        train__objective="squared",
        train__epochs=4,
        train__learning_rate=3e-4,
        data__train_per_group=16,
        data__validation_per_group=8,
    )
    losses = mean_losses(train(config, Workdir(tmp_path / "run")))
    assert losses[-1] < 0.8 * losses[0]


TOPICS = """
from xlt_flax.data.examples import Example, LabelSet

class Topics:
    name, languages, letters = "topics", ("en", "ja"), {"E": "en", "J": "ja"}
    labels = LabelSet(("price", "sound", "story"), several=True)

    def splits(self, language):
        return ("train", "test")

    def digest(self, language, split):
        return f"{language}/{split}"

    known_digest = digest

    def examples(self, language, split):
        words = ("cheap", "loud", "sad")
        for number in range(40):
            labels = tuple(i for i in range(3) if (number % 7 + 1) >> i & 1)
            text = " ".join([words[i] for i in labels] * 3)
            yield Example(f"{language}/{split}/{number}", (text,), labels, language)

def make_source(data):
    return Topics()
"""


def test_documents_of_several_labels(new_module, small_config, tmp_path):
    new_module(sources, "topics", TOPICS)
    fields = {
        "mixture": "E1",
        "data__dataset": "topics",
        "data__data_dir": str(tmp_path / "data"),
        "data__train_per_group": 32,
        "data__validation_per_group": 8,
        "train__epochs": 4,
        "train__learning_rate": 3e-4,
    }
    with pytest.raises(UserError, match="documents of topics may have several labels: give multi"):
        train(small_config(**fields), Workdir(tmp_path / "refused"))
    config = small_config(**fields, train__objective="multi_label")
    workdir = Workdir(tmp_path / "run")
    losses = mean_losses(train(config, workdir))
    assert losses[-1] < losses[0] < 1.1 * -np.log(0.5)  # a coin for each label, at first
    results = evaluate(workdir, config, ["ja"])
    assert results["ja"]["n"] == 40
    assert set(results["ja"]["per_class"]) == {"price", "sound", "story"}
