"""What programs are compiled for: runs of a study find what the first one compiled."""

from pathlib import Path

import numpy as np
import pytest

from xlt_flax.config import base, resolve
from xlt_flax.data import selection
from xlt_flax.training import step
from xlt_flax.training.initial_weights import initial_params
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.length import length_of
from xlt_flax.training.metrics import read_metrics
from xlt_flax.training.objectives import single_label
from xlt_flax.training.optimizer import optimizer_of
from xlt_flax.training.plan import evaluation_layout, plan_evaluation, plan_study, train_layout
from xlt_flax.training.stages import Start
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

SAMPLE_MODEL = Path(__file__).parents[2] / "xlt_flax/data/sample/tiny-bert"
MIXTURES = ("E1D1F1", "E1", "J1")


@pytest.fixture(scope="module")
def configs(sample_data_dir):
    """Of three runs of one study: other mixtures, other seeds."""

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

    return [config_of(name, seed) for seed, name in enumerate(MIXTURES)]


@pytest.fixture(scope="module")
def inputs(configs):
    return open_inputs(configs[0], keep_weights=True)


@pytest.fixture(scope="module")
def plan(configs, inputs):
    return plan_study(configs[0], inputs, MIXTURES, steps=1000)


def test_programs_are_made_once(configs):
    """Of equal settings, wherever they were opened."""
    programs = set()
    for config in configs:
        forward = plan_evaluation(config, open_inputs(config).base).forward
        optimizer = optimizer_of(config.train, length_of(config))
        programs.add(
            (
                step._train_program(forward, optimizer, single_label, False),
                step._eval_program(forward, single_label, False),
            )
        )
    assert len(programs) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model.dtype", "bfloat16"),
        ("model.dropout", 0.3),
        ("model.attention_dropout", "each"),
        ("model.forward", "padded"),
        ("data.max_length", 32),
    ],
)
def test_other_settings_are_another_program_or_none(configs, field, value):
    other = configs[0].copy_and_resolve_references().unlock()
    other.update_from_flattened_dict({field: value})
    first, second = (plan_evaluation(c, open_inputs(c).base).forward for c in (configs[0], other))
    assert (first is second) == (field == "data.max_length")  # which shapes decide


@pytest.mark.parametrize("field", ["learning_rate", "weight_decay", "clip_norm", "beta2"])
def test_other_settings_are_another_optimizer(configs, field):
    config = configs[0].copy_and_resolve_references().unlock()
    first = optimizer_of(config.train, length_of(config))
    assert optimizer_of(config.train, length_of(configs[1])) is first  # constant: of any length
    config.train[field] = 0.5
    assert optimizer_of(config.train, length_of(config)) is not first


def test_shapes_are_the_same_whatever_the_documents(configs, inputs, plan):
    eval_shapes = set()
    for config in configs:
        chosen = selection.select(inputs.corpus, config.mixture, config.data)
        test = selection.test_documents(inputs.corpus, "ja")
        plan.rows_for([chosen.train, chosen.validation, test])
        layout = train_layout(config, plan, pad_token=0, labels=None)
        for start in range(0, len(chosen.train) - 8, 8):  # every batch fits one of the shapes
            layout.collate(chosen.train, range(start, start + 8))
        layout = evaluation_layout(config, plan, pad_token=0, labels=None)
        for documents in (chosen.validation, test):
            batches = list(layout.evaluation_batches(documents))
            held = np.concatenate([b["document"][b["document"] >= 0] for b in batches])
            assert sorted(held) == list(range(len(documents)))
            eval_shapes |= {tuple((n, a.shape) for n, a in b.items()) for b in batches}
    assert len(eval_shapes) == 1


def test_a_plan_for_other_documents_is_noticed(configs, inputs):
    plan = plan_study(configs[1], inputs, ["E1"], steps=10)
    chosen = selection.select(inputs.corpus, "F1", configs[0].data)
    with pytest.raises(ValueError, match="made for other documents"):
        plan.rows_for([chosen.train])


def test_initial_weights_are_the_seeds_own(configs, inputs):
    first, again, other = (
        initial_params(config, inputs, Start())["classifier"]["kernel"]
        for config in (configs[0], *configs[:2])
    )
    np.testing.assert_array_equal(first, again)
    assert first is not again  # training may reuse the memory of what it is given
    assert not np.array_equal(first, other)


@pytest.mark.slow
def test_a_run_has_the_numbers_that_it_has_by_itself(configs, inputs, plan, tmp_path):
    """Dropout included: only shapes, and so rounding, differ."""
    config = configs[1]
    train(config, Workdir(tmp_path / "in a study"), inputs, plan)
    train(config, Workdir(tmp_path / "alone"))
    shared, alone = (
        [line["loss"] for line in read_metrics(tmp_path / folder / "metrics.jsonl")]
        for folder in ("in a study", "alone")
    )
    assert len(alone) == 4 + 1
    np.testing.assert_allclose(shared, alone, rtol=0, atol=1e-5)
