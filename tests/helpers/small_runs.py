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
