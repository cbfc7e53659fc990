"""Runs of a sweep find what the first one compiled."""

from pathlib import Path

import numpy as np
import pytest

from xlt_flax.config import base, resolve
from xlt_flax.data import selection
from xlt_flax.training import step
from xlt_flax.training.loop import train
from xlt_flax.training.metrics import read_metrics
from xlt_flax.training.shared_setup import share_setup
from xlt_flax.workdir import Workdir

SAMPLE_MODEL = Path(__file__).parents[2] / "xlt_flax/data/sample/tiny-bert"
MIXTURES = ("E1D1F1", "E1", "J1")


@pytest.fixture(scope="module")
def setups(sample_data_dir):
    """The setups of three runs of one sweep: other mixtures, other seeds."""

    def config_of(mixture, seed):
        config = base()
        config.mixture, config.seed = mixture, seed
        config.model.name, config.model.init = str(SAMPLE_MODEL), "random"
        config.data.dataset = "webis_cls10_sample"
        config.data.data_dir = str(sample_data_dir)
        config.data.max_length = 64
        config.data.train_per_group, config.data.validation_per_group = 60, 20
        config.train.max_steps, config.train.learning_rate = 4, 1e-3
        return resolve(config)

    shared = share_setup(config_of("", 50), MIXTURES, steps=1000)
    return [shared.of(config_of(name, seed)) for seed, name in enumerate(MIXTURES)]


def test_programs_are_made_once(setups):
    programs = {
        (
            step._train_program(setup.forward(), setup.optimizer()),
            step._eval_program(setup.forward()),
        )
        for setup in setups
    }
    assert len(programs) == 1


def test_shapes_are_the_same_whatever_the_documents(setups):
    train_shapes, eval_shapes, rows = set(), set(), set()
    for setup in setups:
        chosen = selection.select(setup.corpus, setup.config.mixture, setup.config.data)
        test = selection.test_documents(setup.corpus, "ja")
        vocabulary = setup.vocabulary([chosen.train, chosen.validation, test])
        tokens = np.concatenate([part.tokens for part in (chosen.train, chosen.validation, test)])
        assert (vocabulary.row_of[tokens] >= 0).all()
        layout = setup.layout(chosen.train, pad_token=0)
        for start in range(0, len(chosen.train) - 8, 8):  # every batch fits one of the shapes
            layout.collate(chosen.train, range(start, start + 8))
        train_shapes.add(tuple(layout.shapes))
        for documents in (chosen.validation, test):
            batches = list(layout.evaluation_batches(documents))
            held = np.concatenate([b["document"][b["document"] >= 0] for b in batches])
            assert sorted(held) == list(range(len(documents)))
            eval_shapes |= {tuple((n, a.shape) for n, a in b.items()) for b in batches}
        rows.add(len(vocabulary.ids))
    assert len(train_shapes) == len(eval_shapes) == len(rows) == 1


def test_initial_weights_are_the_seeds_own(setups):
    first, again, other = (
        setup.initial_params()["classifier"]["kernel"] for setup in (setups[0], *setups[:2])
    )
    np.testing.assert_array_equal(first, again)
    assert first is not again  # training may reuse the memory of what it is given
    assert not np.array_equal(first, other)


@pytest.mark.slow
def test_a_run_has_the_numbers_that_it_has_by_itself(setups, tmp_path):
    """Dropout included: only shapes, and so rounding, differ."""
    setup = setups[1]
    train(setup.config, Workdir(tmp_path / "in a sweep"), setup.of)
    train(setup.config, Workdir(tmp_path / "alone"))
    shared, alone = (
        [line["loss"] for line in read_metrics(tmp_path / folder / "metrics.jsonl")]
        for folder in ("in a sweep", "alone")
    )
    assert len(alone) == 4 + 1
    np.testing.assert_allclose(shared, alone, rtol=0, atol=1e-5)
