"""Temperature scaling finds the temperature that labels were drawn with."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from xlt_flax.evaluation.calibration import fit_temperature


def drawn(temperature, documents=20_000, classes=5):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (documents, classes))
    shares = softmax(logits / temperature, axis=-1)
    labels = (shares.cumsum(-1) > rng.random((documents, 1))).argmax(-1)
    return logits, labels


def loss(logits, labels):
    return -log_softmax(logits, axis=-1)[np.arange(len(labels)), labels].mean()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_temperature_is_recovered(temperature):
    logits, labels = drawn(temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.03)
    shifted = logits + np.arange(len(labels))[:, None]  # a constant of each document
    assert fit_temperature(shifted, labels) == pytest.approx(fit_temperature(logits, labels))


@pytest.mark.parametrize("documents", [1, 2, 10])
def test_it_never_does_worse_on_what_it_was_fitted_on(documents):
    logits, labels = drawn(1.0, documents)
    assert loss(logits / fit_temperature(logits, labels), labels) <= loss(logits, labels)
