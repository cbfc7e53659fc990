"""What identifies a model stays what runs recorded of it; its word embedding is had alone."""

from pathlib import Path

import jax
import numpy as np
import pytest

from xlt_flax.config import base, sample
from xlt_flax.errors import UserError
from xlt_flax.modeling import weights
from xlt_flax.modeling.base_model import open_base_model
from xlt_flax.modeling.vocabulary import word_embedding


def opened(folder, init="pretrained", **keywords):
    config = base()
    config.model.update({"name": str(folder), "init": init})
    config.data.max_length = 64
    return open_base_model(config, num_labels=2, **keywords)


def test_the_samples_digest_is_what_its_runs_recorded():
    recorded = "89b7f2b30a409f927d5fba215c294eec62a8d8d477b3865cc939b695a4ee61de"
    assert open_base_model(sample(), num_labels=2).digest() == recorded


@pytest.mark.parametrize(
    ("form", "init"), [("pytorch", "pretrained"), ("flax", "pretrained"), ("google", "random")]
)
def test_the_word_embedding_alone_is_that_of_the_weights(tiny_model_folder, form, init):
    model = opened(tiny_model_folder(form), init)
    table = model.word_embedding(seed=3)
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table, word_embedding(model.params(seed=3)))


def test_the_word_embedding_is_read_without_the_rest(tiny_model_folder, monkeypatch):
    model = opened(tiny_model_folder("pytorch"))
    monkeypatch.setattr(weights, "stored_weights", None)
    assert len(model.word_embedding(seed=3)) == 3000


def test_weights_that_are_kept_are_drawn_once_a_seed(tiny_model_folder, monkeypatch):
    model = opened(tiny_model_folder("google"), "random", keep_weights=True)
    drawn = []
    draw = weights.random_weights
    monkeypatch.setattr(
        weights, "random_weights", lambda *args: drawn.append(args[1]) or draw(*args)
    )
    first = model.params(seed=1)
    expected = jax.tree.map(np.copy, first)
    jax.tree.map(lambda leaf: leaf.fill(7), first)  # as a donated buffer is
    jax.tree.map(np.testing.assert_array_equal, model.params(seed=1), expected)
    model.params(seed=2)
    assert drawn == [1, 2]


def test_a_model_of_another_shape_is_refused(tiny_model_folder):
    model = opened(tiny_model_folder("google"), "random")
    params = model.params(seed=0)
    model.require_fit(params, 3000, Path("runs/a"))
    held = jax.tree.map(lambda leaf: leaf, params)
    held["bert"]["embeddings"]["word_embeddings"]["embedding"] = np.zeros((7, 16), np.float32)
    model.require_fit(held, 3000, Path("runs/a"))  # the rows that a run holds may be few
    with pytest.raises(UserError, match=r"does not fit runs/a: its bert/embeddings/word_emb"):
        model.require_fit(held, 2999, Path("runs/a"))
    held["classifier"]["bias"] = np.zeros(3, np.float32)
    with pytest.raises(UserError, match=r"classifier/bias is \(2,\), the run's \(3,\)"):
        model.require_fit(held, 3000, Path("runs/a"))
