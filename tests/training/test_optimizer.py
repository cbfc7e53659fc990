"""The learning rate of each update, and AdamW in optax's form and in transformers'."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from xlt_flax.config import base
from xlt_flax.training.length import Length
from xlt_flax.training.optimizer import (
    decay_of_unused_rows,
    is_decayed,
    learning_rate,
    make_optimizer,
    optimizer_of,
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"schedule": "constant"}, {0: 1e-3, 5: 1e-3, 39: 1e-3}),
        # PyTorch's StepLR(step_size=1, gamma=0.2), stepped each epoch of ten updates
        ({"schedule": "step"}, {0: 1e-3, 9: 1e-3, 10: 2e-4, 19: 2e-4, 20: 4e-5, 39: 8e-6}),
        ({"schedule": "step", "step_epochs": 2}, {0: 1e-3, 19: 1e-3, 20: 2e-4, 39: 2e-4}),
        ({"schedule": "linear", "warmup_fraction": 0.25}, {0: 0.0, 5: 5e-4, 10: 1e-3, 25: 5e-4}),
        ({"schedule": "linear", "warmup_fraction": 0.0}, {0: 1e-3, 20: 5e-4, 39: 2.5e-5}),
        ({"schedule": "linear"}, {2: 5e-4, 4: 1e-3, 22: 5e-4}),  # its own warm-up, .1
        ({"schedule": "cosine"}, {0: 0.0, 2: 5e-4, 4: 1e-3, 22: 5e-4, 31: 1.464466e-4}),
        ({"schedule": "cosine", "warmup_fraction": 0.0}, {0: 1e-3, 10: 8.5355e-4, 20: 5e-4}),
        ({"schedule": "constant", "warmup_fraction": 0.5}, {0: 0.0, 10: 5e-4, 20: 1e-3, 39: 1e-3}),
        # Epochs are counted from the run's first update, not from the end of the warm-up.
        (
            {"schedule": "step", "warmup_fraction": 0.125},
            {0: 0, 4: 8e-4, 9: 1e-3, 10: 2e-4, 20: 4e-5},
        ),
    ],
)
def test_learning_rate(fields, expected):
    train = base().train
    train.learning_rate = 1e-3
    train.update(fields)
    schedule = learning_rate(train, steps_per_epoch=10, total_steps=40)
    found = [float(schedule(step)) for step in expected]
    np.testing.assert_allclose(found, list(expected.values()), rtol=1e-5)


@pytest.mark.parametrize(("total", "fraction"), [(40, 0.25), (40, 0.0), (7, 0.5), (3750, 0.06)])
def test_cosine_is_optaxs_own(total, fraction):
    train = train_of(schedule="cosine", warmup_fraction=fraction)
    warmup = int(total * fraction)
    wanted = optax.warmup_cosine_decay_schedule(0.0 if warmup else 1e-3, 1e-3, warmup, total)
    steps = jnp.arange(total)
    found = jax.vmap(learning_rate(train, 10, total))(steps)
    np.testing.assert_allclose(found, jax.vmap(wanted)(steps), rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("schedule", ["constant", "step", "linear", "cosine"])
@pytest.mark.parametrize("total", [0, 1, 2])
def test_the_shortest_runs_have_a_learning_rate(schedule, total):
    rates = learning_rate(train_of(schedule=schedule), steps_per_epoch=1, total_steps=total)
    assert all(np.isfinite(rates(step)) for step in range(3))
    assert float(rates(0)) == pytest.approx(1e-3)


@pytest.mark.parametrize("fraction", [0.0, 0.2])
@pytest.mark.parametrize("schedule", ["constant", "step", "linear", "cosine"])
def test_what_is_left_of_a_row_without_a_gradient(schedule, fraction):
    """The closed form, and AdamW update by update; in the middle of a run as at its end."""
    train = train_of(schedule=schedule, warmup_fraction=fraction, weight_decay=1.0)
    rate = learning_rate(train, steps_per_epoch=10, total_steps=50)
    optimizer = make_optimizer(train, rate)
    params = {"kernel": jnp.ones(3)}
    state, update = optimizer.init(params), jax.jit(optimizer.update)
    for step in range(1, 51):
        updates, state = update({"kernel": jnp.zeros(3)}, state, params)
        params = optax.apply_updates(params, updates)
        if step in (1, 23, 50):
            left = decay_of_unused_rows(train, rate, step)
            np.testing.assert_allclose(params["kernel"], left, rtol=0, atol=1e-6)
    assert left < 0.995  # or nothing would be shown


def test_equal_settings_are_one_optimizer():
    """A constant rate has one whatever the run's length; one that warms up has not."""
    lengths = Length(10, 40), Length(10, 80)
    constant = [optimizer_of(train_of(), length) for length in lengths]
    assert constant[0] is constant[1]
    warming = [optimizer_of(train_of(warmup_fraction=0.1), length) for length in lengths]
    assert warming[0] is not warming[1]
    assert warming[0] is optimizer_of(train_of(warmup_fraction=0.1), lengths[0])


def test_decay_leaves_out_biases_and_layer_norms():
    params = {
        "dense": {"kernel": 0, "bias": 0},
        "LayerNorm": {"scale": 0, "bias": 0},
        "word_embeddings": {"embedding": 0},
    }
    assert is_decayed(params) == {
        "dense": {"kernel": True, "bias": False},
        "LayerNorm": {"scale": False, "bias": False},
        "word_embeddings": {"embedding": True},
    }


def adamw_of_transformers(params, gradients, rate, beta1, beta2, epsilon, decay):
    """transformers.AdamW.step, line for line, of one tensor in float64."""
    mean, square = np.zeros_like(params), np.zeros_like(params)
    for step, gradient in enumerate(gradients, 1):
        mean = mean * beta1 + (1.0 - beta1) * gradient
        square = square * beta2 + (1.0 - beta2) * gradient * gradient
        denominator = np.sqrt(square) + epsilon
        bias_correction1 = 1.0 - beta1**step
        bias_correction2 = 1.0 - beta2**step
        step_size = rate * np.sqrt(bias_correction2) / bias_correction1
        params = params - step_size * mean / denominator
        if decay > 0.0:
            params = params + params * (-rate * decay)
    return params


def train_of(**fields):
    train = base().train
    train.update({"learning_rate": 1e-3, **fields})
    return train


def updated(train, gradients, steps=None):
    """float64[16, 4]: a kernel after updates with these gradients."""
    optimizer = make_optimizer(train, optax.constant_schedule(train.learning_rate))
    params = {"kernel": jnp.ones((16, 4))}
    state, update = optimizer.init(params), jax.jit(optimizer.update)
    for gradient in gradients[:steps]:
        updates, state = update({"kernel": jnp.asarray(gradient, jnp.float32)}, state, params)
        params = optax.apply_updates(params, updates)
    return np.asarray(params["kernel"], np.float64)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-6])
def test_epsilon_before_correction_is_adamw_of_transformers(size, decay):
    gradients = size * np.random.default_rng(0).normal(1, 0.3, (20, 16, 4))
    train = train_of(epsilon_before_correction=True, weight_decay=decay)
    for steps in (1, 2, 20):
        found = 1 - updated(train, gradients, steps)
        wanted = 1 - adamw_of_transformers(
            np.ones((16, 4)), gradients[:steps], 1e-3, 0.9, 0.999, 1e-6, decay
        )
        # float32's resolution near 1; and transformers decays after an update, optax before it.
        np.testing.assert_allclose(found, wanted, rtol=1e-4 + decay * 1e-3, atol=steps * 1.2e-7)


@pytest.mark.parametrize(("size", "ratio"), [(1.0, 1.0), (1e-4, 1.303), (5e-5, 1.600)])
def test_how_much_larger_optaxs_first_step_is(size, ratio):
    """(g + eps / sqrt(1 - beta2)) / (g + eps)."""
    gradients = np.full((1, 16, 4), size)
    after, before = (
        1 - updated(train_of(epsilon_before_correction=first), gradients) for first in (False, True)
    )
    np.testing.assert_allclose(after / before, ratio, rtol=1e-3)


@pytest.mark.parametrize("clip", [0.0, 1.0])
def test_checkpoints_of_one_epsilon_are_read_with_the_other(clip):
    params = {"kernel": jnp.ones(2), "bias": jnp.ones(2)}
    schedule = optax.linear_schedule(1.0, 0.0, 10)
    here, there = (
        make_optimizer(train_of(clip_norm=clip, epsilon_before_correction=first), schedule)
        for first in (False, True)
    )
    states = [jax.eval_shape(optimizer.init, params) for optimizer in (here, there)]
    if not clip:
        states.append(jax.eval_shape(optax.adamw(schedule, mask=is_decayed).init, params))
    assert all(state == states[0] for state in states)


def test_the_default_is_optaxs_own_adamw_bit_for_bit():
    gradients = 1e-4 * np.random.default_rng(1).normal(size=(5, 16, 4))
    train = train_of(weight_decay=0.01)
    optimizer = optax.adamw(1e-3, eps=train.epsilon, weight_decay=0.01, mask=is_decayed)
    params = {"kernel": jnp.ones((16, 4))}
    state, update = optimizer.init(params), jax.jit(optimizer.update)
    for gradient in gradients:
        updates, state = update({"kernel": jnp.asarray(gradient, jnp.float32)}, state, params)
        params = optax.apply_updates(params, updates)
    np.testing.assert_array_equal(updated(train, gradients), params["kernel"])
