"""The temperature that is fitted to logits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from xlt_flax.evaluation.calibration import fit_temperature


def log_loss(logits, labels, temperature):
    """By its definition, document by document."""
    chances = softmax(np.asarray(logits, float) / temperature, axis=-1)
    return -np.mean([np.log(row[label]) for row, label in zip(chances, labels, strict=True)])


def drawn(rng, count, classes):
    """Logits, and labels that are drawn by their very probabilities."""
    logits = rng.normal(0, 2, (count, classes))
    ends = softmax(logits, axis=-1).cumsum(-1)
    return logits, (rng.random((count, 1)) > ends[:, :-1]).sum(-1)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5, 20.0])
def test_a_known_temperature_is_found(temperature, classes):
    logits, labels = drawn(np.random.default_rng(0), 20_000, classes)
    found = fit_temperature((temperature * logits).astype(np.float32), labels)
    assert found == pytest.approx(temperature, rel=0.05)


def test_it_is_the_best_of_all():
    logits, labels = drawn(np.random.default_rng(1), 300, 3)
    found = fit_temperature(3 * logits, labels)
    best = log_loss(3 * logits, labels, found)
    tried = [log_loss(3 * logits, labels, t) for t in np.geomspace(0.05, 90, 400)]
    assert best <= min(tried)
    assert best == pytest.approx(min(tried), abs=1e-3)


_LOGITS = st.lists(
    st.tuples(st.lists(st.floats(-30, 30), min_size=3, max_size=3), st.integers(0, 2)),
    min_size=1,
    max_size=20,
)


@given(documents=_LOGITS)
def test_it_never_makes_the_loss_worse(documents):
    logits, labels = (np.array(part) for part in zip(*documents, strict=True))
    temperature = fit_temperature(logits, labels)
    assert 0.0099 < temperature < 100.1
    assert log_loss(logits, labels, temperature) <= log_loss(logits, labels, 1.0) + 1e-9


def test_logits_that_say_nothing_and_a_model_that_is_always_right():
    assert fit_temperature(np.zeros((4, 2)), [0, 1, 0, 1]) == 1.0
    assert fit_temperature([[1.0, 0.0], [0.0, 1.0]], [0, 1]) < 0.03  # the surer the better


@pytest.mark.parametrize("logits", [np.zeros((0, 2)), [[np.nan, 0.0]], [[np.inf, 0.0]]])
def test_what_nothing_can_be_fitted_to(logits):
    with pytest.raises(ValueError, match="finite logits of one document or more"):
        fit_temperature(logits, np.zeros(len(logits), int))
