"""Small whole runs on the sample: what tests of training, evaluation and studies share."""

import pytest


@pytest.fixture(scope="session")
def small_config(sample_data_dir):
    """small_config(**fields): a run on the sample that takes seconds, resolved; dots are written as
    __."""
    from xlt_flax.config import resolve, sample
    from xlt_flax.config_checks import validate

    def make(**fields):
        config = sample()
        config.model.forward = "padded"  # compiles faster
        config.data.data_dir = str(sample_data_dir)
        config.data.max_length = 32
        config.update_from_flattened_dict({k.replace("__", "."): v for k, v in fields.items()})
        validate(config)
        return resolve(config)

    return make


@pytest.fixture(scope="session")
def share():
    """share(config, mixtures, steps): the inputs and the plan that runs of one draw share, with
    their compiled programs; what `train` and evaluation take after workdir and config."""
    from xlt_flax.training.inputs import open_inputs
    from xlt_flax.training.plan import plan_study

    def make(config, mixtures, steps=100):
        inputs = open_inputs(config, keep_weights=True)
        return inputs, plan_study(config, inputs, mixtures, steps)

    return make
