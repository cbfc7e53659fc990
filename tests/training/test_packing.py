"""The shapes of training batches: little padding on accelerators, and on a CPU what they were."""

import numpy as np
import pytest
from transformers import BertConfig

from xlt_flax.config import base
from xlt_flax.training.packing import packing_on

EPOCHS, RUNS = 10, 20
_GPU = ("gpu", 1, 8, 0.20), ("gpu", 1, 32, 0.12), ("gpu", 2, 8, 0.35), ("gpu", 2, 32, 0.20)


@pytest.fixture(scope="module")
def lengths():
    """Of 3,000 documents, distributed about as the music reviews' are (benchmarks/
    planned_padding.py has the real ones)."""
    rng = np.random.default_rng(0)
    return np.clip(np.rint(rng.lognormal(np.log(137), 0.7, 3000)), 3, 512).astype(np.int64)


@pytest.fixture(scope="module")
def planned(lengths):
    def plan(backend, devices, batch_size, runs=1):
        config = base()
        config.train.batch_size = batch_size
        steps = runs * EPOCHS * len(lengths) // batch_size
        return packing_on(backend, devices, config, BertConfig(), lengths, steps)

    return plan


@pytest.mark.parametrize(
    ("backend", "devices", "batch_size", "most"),
    [*_GPU, ("gpu", 8, 8, 0.65), ("gpu", 8, 32, 0.36), ("tpu", 8, 32, 0.36)],
)
def test_accelerators_compute_little_padding(planned, backend, devices, batch_size, most):
    assert planned(backend, devices, batch_size).padding_fraction <= most


@pytest.mark.parametrize(("batch_size", "most"), [(8, 0.17), (32, 0.08)])
def test_in_a_sweep_they_compute_less(planned, batch_size, most):
    assert planned("gpu", 1, batch_size, RUNS).padding_fraction <= most


_ONE = (800, 928, 1056, 1152, 1248, 1408, 1504, 1600, 1760, 2016, 2432, 4096)
_THREE = (320, 384, 416, 480, 544, 576, 640, 736, 864, 1536)
_LARGE = (4256, 4640, 4864, 5088, 5312, 5504, 5696, 5888, 6208, 6624, 7360, 16384)


@pytest.mark.parametrize(
    ("devices", "batch_size", "expected"), [(1, 8, _ONE), (3, 8, _THREE), (1, 32, _LARGE)]
)
def test_a_cpus_shapes_are_those_of_older_runs(planned, devices, batch_size, expected):
    """As commit 9c6bbb1 chose them: a run goes on with the very same bits."""
    shapes = planned("cpu", devices, batch_size).shapes
    assert tuple(shape.row_length for shape in shapes) == expected
    assert {shape.rows for shape in shapes} == {1}
