import numpy as np
import pytest

from xlt_flax.config import base
from xlt_flax.training.optimizer import is_decayed, learning_rate


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"schedule": "constant"}, {0: 1e-3, 5: 1e-3, 39: 1e-3}),
        # PyTorch's StepLR(step_size=1, gamma=0.2), stepped each epoch of ten updates
        ({"schedule": "step"}, {0: 1e-3, 9: 1e-3, 10: 2e-4, 19: 2e-4, 20: 4e-5, 39: 8e-6}),
        ({"schedule": "step", "step_epochs": 2}, {0: 1e-3, 19: 1e-3, 20: 2e-4, 39: 2e-4}),
        ({"schedule": "linear", "warmup_fraction": 0.25}, {0: 0.0, 5: 5e-4, 10: 1e-3, 25: 5e-4}),
    ],
)
def test_learning_rate(fields, expected):
    train = base().train
    train.learning_rate = 1e-3
    train.update(fields)
    schedule = learning_rate(train, steps_per_epoch=10, total_steps=40)
    found = [float(schedule(step)) for step in expected]
    np.testing.assert_allclose(found, list(expected.values()), rtol=1e-5)


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
