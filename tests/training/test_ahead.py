"""Compilations ahead of their steps: each once, whoever needs it first."""

from threading import Event

import jax
import jax.numpy as jnp
import numpy as np
import optax

from xlt_flax.training.ahead import CompileAhead
from xlt_flax.training.step import make_train_step, new_state, put_on_devices


def test_who_needs_a_shape_waits_for_it_or_does_it():
    ahead, begun, done = CompileAhead(), Event(), []

    def compile_slowly():
        begun.set()
        for _ in range(1000):
            jnp.ones(3).block_until_ready()
        done.append("first")

    def fail():
        raise MemoryError

    ahead.take("taken")  # by who needs it, before anybody begins with it here
    ahead.start(
        [
            ("first", compile_slowly),
            ("taken", lambda: done.append("taken")),
            ("failed", fail),
            ("last", lambda: done.append("last")),
        ]
    )
    assert begun.wait(30)
    ahead.take("first")
    assert done[0] == "first"
    assert ahead.has("first")
    ahead.take("last")
    ahead.take("failed")  # is the caller's
    ahead.take("never mentioned")
    ahead.close()
    assert "taken" not in done
    assert not any(map(ahead.has, ("taken", "failed", "never mentioned")))


def test_a_shape_is_compiled_while_later_ones_are_looked_for():
    ahead, compiled = CompileAhead(), Event()

    def jobs():
        yield "first", compiled.set
        assert compiled.wait(30)
        yield "second", lambda: None

    ahead.start(jobs())
    assert compiled.wait(30)
    ahead.take("second")
    ahead.close()


def test_nothing_is_begun_after_the_end():
    ahead, closed, begun = CompileAhead(), Event(), []

    def jobs():
        assert closed.wait(30)
        yield "late", lambda: begun.append("late")

    ahead.start(jobs())
    ahead.close()
    closed.set()
    ahead.take("late")
    assert not begun


def test_a_step_finds_what_was_compiled_ahead():
    compilations = []

    def listen(event, seconds, **_):
        if event.endswith("backend_compile_duration"):
            compilations.append(seconds)

    def batch(documents):
        shape = jax.device_count(), documents
        return {
            "x": np.ones((*shape, 3), np.float32),
            "labels": np.zeros(shape, np.int32),
            "weights": np.ones(shape, np.float32),
        }

    optimizer = optax.sgd(0.1)
    step = make_train_step(lambda params, batch, key: batch["x"] @ params["w"], optimizer, seed=0)
    first = put_on_devices(new_state({"w": np.ones((3, 2), np.float32)}, optimizer))
    state, _ = step(first, batch(4))
    jax.monitoring.register_event_duration_secs_listener(listen)
    step.compile(first, batch(5))  # as in training, after the first step has used up its buffers
    assert len(compilations) == 1
    state, _ = step(state, batch(5))
    assert len(compilations) == 1
    state, _ = step(state, batch(6))
    assert len(compilations) == 2
    assert jnp.isfinite(state.params["w"]).all()
