"""Training with the active rows of the vocabulary equals training with all of them."""

import jax
import numpy as np
import optax
import pytest
from transformers import BertConfig

from xlt_flax.config import base
from xlt_flax.modeling.encoders import bert
from xlt_flax.modeling.padded import padded_forward
from xlt_flax.modeling.vocabulary import (
    Vocabulary,
    active_vocabulary,
    full_vocabulary,
    join,
    word_embedding,
)
from xlt_flax.modeling.weights import random_weights
from xlt_flax.training.optimizer import decay_of_unused_rows, learning_rate, make_optimizer
from xlt_flax.training.step import make_train_step, new_state, put_on_devices

SIZE, STEPS = 300, 50


@pytest.fixture(scope="module")
def model_config():
    return BertConfig(
        vocab_size=SIZE,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1,
    )


@pytest.fixture(scope="module")
def used():
    """Token ids that the documents use; token 0 pads."""
    return np.unique(np.random.default_rng(1).integers(1, SIZE, 60)).astype(np.int32)


def train_with(vocabulary, model_config, used, weight_decay, schedule):
    """The parameters after 50 steps on documents of tokens in `used`, numbered by `vocabulary`."""
    train = base().train
    train.update({"learning_rate": 1e-3, "weight_decay": weight_decay, "schedule": schedule})
    schedule = learning_rate(train, steps_per_epoch=10, total_steps=STEPS)
    optimizer = make_optimizer(train, schedule)
    step = make_train_step(padded_forward(bert, model_config, "float32"), optimizer, seed=0)
    full = random_weights(model_config, seed=3)
    state = put_on_devices(new_state(vocabulary.select(full), optimizer))
    rng = np.random.default_rng(2)
    for _ in range(STEPS):
        ids = vocabulary.row_of[rng.choice(used, (1, 4, 12))]
        labels = rng.integers(0, 2, (1, 4)).astype(np.int32)
        weights, mask = np.ones((1, 4), np.float32), np.ones_like(ids)
        batch = {"input_ids": ids, "attention_mask": mask, "labels": labels, "weights": weights}
        batch["document"] = np.arange(labels.size, dtype=np.int32).reshape(labels.shape)
        state, _ = step(state, batch)
    state = jax.device_get(state)
    table = word_embedding(full) * decay_of_unused_rows(train, schedule, STEPS)
    return vocabulary.rebuild(state.params, table.astype(np.float32)), word_embedding(full)


@pytest.mark.parametrize(
    ("weight_decay", "schedule"),
    [
        pytest.param(0.0, "linear", marks=pytest.mark.slow),
        (0.1, "linear"),
        pytest.param(0.1, "cosine", marks=pytest.mark.slow),
    ],
)
def test_active_rows_train_as_all_rows_do(model_config, used, weight_decay, schedule):
    active = Vocabulary(np.union1d(used, [0]).astype(np.int32), SIZE)
    found, before = train_with(active, model_config, used, weight_decay, schedule)
    expected, _ = train_with(full_vocabulary(SIZE), model_config, used, weight_decay, schedule)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), found, expected)
    unused = np.setdiff1d(np.arange(SIZE), active.ids)
    if weight_decay == 0.0:
        assert word_embedding(expected)[unused].tobytes() == before[unused].tobytes()
        assert word_embedding(found)[unused].tobytes() == before[unused].tobytes()
    else:
        assert np.abs(word_embedding(found)[unused] - before[unused]).max() > 1e-5


def test_documents_that_are_new_bring_their_rows(model_config, used):
    """Rows come from the full table, and the moments of rows that had no gradient are zero."""
    held = Vocabulary(used, SIZE)
    joined = join(held, Vocabulary(np.array([0, 7, 299], np.int32), SIZE))
    full = random_weights(model_config, seed=3)
    optimizer = optax.adamw(1e-3)
    state = new_state(held.select(full), optimizer)
    state = jax.tree.map(lambda leaf: np.asarray(leaf) + 1, jax.device_get(state))
    table = word_embedding(full)
    params = held.move(state.params, joined, table)
    moments = held.move(state.opt_state, joined, np.zeros_like(table))
    assert jax.tree.structure(moments) == jax.tree.structure(state.opt_state)
    new = np.isin(joined.ids, held.ids, invert=True)
    np.testing.assert_array_equal(word_embedding(params)[new], table[joined.ids[new]])
    np.testing.assert_array_equal(word_embedding(params)[~new], word_embedding(state.params))
    assert np.all(word_embedding(moments[0].mu)[new] == 0)
    assert np.all(word_embedding(moments[0].mu)[~new] == 1)


def test_active_vocabulary_holds_what_is_used():
    vocabulary = active_vocabulary([np.array([5, 9]), np.array([2000])], [0, 101], full_size=5000)
    assert {0, 5, 9, 101, 2000} <= set(vocabulary.ids.tolist())
    assert len(vocabulary.ids) == 1024
    assert np.all(np.diff(vocabulary.ids) > 0)
    assert vocabulary.holds(Vocabulary(np.array([5, 101]), 5000))
    assert not vocabulary.holds(Vocabulary(np.array([5, 4999]), 5000))
    assert len(active_vocabulary([np.arange(50)], [], full_size=60).ids) == 60
