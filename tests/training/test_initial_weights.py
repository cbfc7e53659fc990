"""Word embeddings of a chain of stages: what no checkpoint holds is computed, as it would be if all
of it had been trained."""

import numpy as np
import pytest

from xlt_flax.modeling.vocabulary import Vocabulary, full_vocabulary, word_embedding
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.initial_weights import initial_params, unused_rows
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.length import length_of
from xlt_flax.training.optimizer import optimizer_of
from xlt_flax.training.stages import starting_point
from xlt_flax.training.step import new_state
from xlt_flax.workdir import Workdir

DECAY, RATE, SOURCE_STEP = 0.5, 0.01, 3  # a row without a gradient loses half a percent a step
FACTOR = (1 - DECAY * RATE) ** SOURCE_STEP


@pytest.fixture(scope="module")
def inputs(small_config):
    return open_inputs(small_config(mixture="E1"), keep_weights=True)


@pytest.fixture
def stage(small_config, inputs, tmp_path):
    """stage(name, source, rows, value): a run that ended with `value` in the rows that it held;
    its config."""

    def make(name, source, rows, value):
        config = small_config(
            mixture="E1",
            init_from=str(tmp_path / source) if source else "",
            train__weight_decay=DECAY,
            train__learning_rate=RATE,
        )
        workdir = Workdir(tmp_path / name)
        params = inputs.base.params(config.seed)
        facts = {}
        if source:
            digest = Checkpoints(tmp_path / source / "checkpoints").params_digest(SOURCE_STEP)
            place = {"workdir": str(tmp_path / source), "step": SOURCE_STEP, "digest": digest}
            facts = {"started_from": place}
        workdir.path.mkdir()
        workdir.start(config, facts)
        held = full_vocabulary(len(word_embedding(params))) if rows is None else rows
        params = held.select(params)
        word_embedding(params)[:] = value
        state = new_state(params, optimizer_of(config.train, length_of(config)))
        with_step = state.replace(step=np.array(SOURCE_STEP, np.int32))
        checkpoints = Checkpoints(workdir.checkpoints, writable=True)
        checkpoints.save(with_step, held, None)
        checkpoints.close()
        workdir.done.write_text("{}")
        return config, workdir

    return make


def rows(first, last, inputs):
    return Vocabulary(np.arange(first, last, dtype=np.int32), inputs.base.shape.vocab_size)


def table_of(config, workdir, inputs, steps=0):
    return unused_rows(config, inputs, starting_point(config, workdir), steps)


def test_from_the_oldest_stage_to_the_newest(stage, inputs):
    stage("first", "", rows(0, 100, inputs), 1.0)
    stage("second", "first", rows(50, 150, inputs), 2.0)
    third = stage("third", "second", rows(120, 200, inputs), 3.0)
    model = word_embedding(inputs.base.params(third[0].seed))
    expected = model * FACTOR * FACTOR
    expected[:50] = 1.0 * FACTOR  # the second stage decayed what the first had held
    expected[50:150] = 2.0
    np.testing.assert_allclose(table_of(*third, inputs), expected, rtol=1e-5)
    by_third = table_of(*third, inputs, steps=SOURCE_STEP)
    np.testing.assert_allclose(by_third, expected * FACTOR, rtol=1e-5)
    fourth = stage("fourth", "third", rows(0, 10, inputs), 4.0)
    params = initial_params(fourth[0], inputs, starting_point(*fourth))
    expected = expected * FACTOR
    expected[120:200] = 3.0
    np.testing.assert_allclose(word_embedding(params), expected, rtol=1e-5)


def test_what_is_older_than_a_whole_checkpoint_is_not_asked_for(stage, inputs):
    _, first = stage("first", "", rows(0, 100, inputs), 1.0)
    stage("second", "first", None, 2.0)
    third = stage("third", "second", rows(120, 200, inputs), 3.0)
    for step in first.checkpoints.iterdir():
        step.rename(step.with_name(f"gone-{step.name}"))
    assert np.all(table_of(*third, inputs) == 2.0)
