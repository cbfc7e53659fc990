"""Checkpoints come back bit for bit, and the best is never deleted."""

import jax
import numpy as np
import optax
import pytest

from xlt_flax.errors import UserError
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.step import new_state, put_on_devices

OPTIMIZER = optax.chain(
    optax.clip_by_global_norm(1.0), optax.adamw(optax.constant_schedule(1e-3), weight_decay=0.1)
)
VOCABULARY = Vocabulary(np.array([1, 3, 4], np.int32), 9)


@pytest.fixture
def state():
    rng = np.random.default_rng(0)
    params = {"dense": {"kernel": rng.normal(size=(3, 4)).astype(np.float32)}}
    params["dense"]["bias"] = np.array([1e-45, np.inf, -0.0, 3e38], np.float32)
    return put_on_devices(new_state(params, OPTIMIZER))


def save_all(directory, state, best_steps):
    """Saves step 1, 2, … with the best step as it was known at each."""
    checkpoints = Checkpoints(directory, writable=True)
    for step, best in enumerate(best_steps, 1):
        checkpoints.save(state.replace(step=np.array(step, np.int32)), VOCABULARY, best)
    checkpoints.close()
    return Checkpoints(directory)


def test_restores_every_bit(tmp_path, state):
    state = state.replace(step=state.step + 1)
    restored, vocabulary = save_all(tmp_path / "c", state, [1]).restore(1, OPTIMIZER)
    assert vocabulary.ids.tolist() == [1, 3, 4]
    assert vocabulary.full_size == 9
    assert jax.tree.structure(restored) == jax.tree.structure(state)
    for was, found in zip(jax.tree.leaves(state), jax.tree.leaves(restored), strict=True):
        was = np.asarray(was)
        assert was.dtype == found.dtype
        assert was.tobytes() == found.tobytes()


@pytest.mark.parametrize(
    ("best_steps", "kept"),
    [
        ([1, 1, 1, 1, 1], [1, 4, 5]),
        ([1, 2, 2, 2, 2], [2, 4, 5]),
        ([1, 2, 3, 4, 5], [4, 5]),
        ([None, None, None, None], [3, 4]),
    ],
)
def test_keeps_the_best_and_the_latest_two(tmp_path, state, best_steps, kept):
    assert save_all(tmp_path / "c", state, best_steps).steps() == kept


@pytest.mark.parametrize(("best", "kept"), [(2, [2, 5]), (5, [5])])
def test_a_finished_run_keeps_the_best_and_the_last(tmp_path, state, best, kept):
    save_all(tmp_path / "c", state, [2, 2, 2, 2])
    checkpoints = Checkpoints(tmp_path / "c", writable=True)
    last = state.replace(step=np.array(5, np.int32))
    checkpoints.save(last, VOCABULARY, best, is_last=True)
    checkpoints.close()
    assert checkpoints.steps() == kept


@pytest.mark.parametrize(
    ("which", "found"), [("best", 2), ("latest", 4), ("3", 3), ("1", None), ("first", None)]
)
def test_find(tmp_path, state, which, found):
    checkpoints = save_all(tmp_path / "c", state, [1, 2, 2, 2])
    if found:
        assert checkpoints.find(which, best_step=2) == found
    else:
        with pytest.raises(UserError, match=r"2, 3, 4|is not best"):
            checkpoints.find(which, best_step=2)


def test_saving_does_not_wait_for_the_buffers_it_was_given(tmp_path, state):
    """The next step reuses donated buffers while the save is still being written."""
    checkpoints = Checkpoints(tmp_path / "c", writable=True)
    bump = jax.jit(lambda s: jax.tree.map(lambda x: x + 1, s), donate_argnums=0)
    expected = np.array(state.params["dense"]["kernel"]) + 1
    state = bump(state)
    checkpoints.save(state, VOCABULARY, None)
    for _ in range(3):
        state = bump(state)
    checkpoints.close()
    restored, _ = Checkpoints(tmp_path / "c").restore_params(1)
    np.testing.assert_array_equal(restored["dense"]["kernel"], expected)
