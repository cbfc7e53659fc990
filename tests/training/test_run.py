"""What a run holds open is closed, whatever happens."""

import numpy as np
import pytest

from xlt_flax.data import selection
from xlt_flax.training.phases import order_of
from xlt_flax.training.run import all_closed


class Part:
    def __init__(self, error=None):
        self.error, self.is_closed = error, False

    def close(self):
        self.is_closed = True
        if self.error:
            raise self.error


@pytest.fixture
def opened():
    return [Part(), Part(OSError("no space")), Part(), Part(ValueError("twice"))]


def work(opened, error=None):
    with all_closed() as parts:
        for part in opened:
            parts.callback(part.close)
        if error:
            raise error


@pytest.mark.parametrize("error", [RuntimeError("step 3"), SystemExit(143), KeyboardInterrupt()])
def test_what_ended_the_work_is_told(opened, error):
    with pytest.raises(type(error)) as told:
        work(opened, error)
    assert told.value is error
    assert all(part.is_closed for part in opened)


def test_what_closing_raises_is_told_when_all_went_well(opened):
    with pytest.raises((OSError, ValueError)):
        work(opened)
    assert all(part.is_closed for part in opened)


@pytest.mark.parametrize(("temperature", "english"), [(1.0, 20), (2.0, 18)])
def test_a_runs_order_has_its_languages_by_temperature(
    temperature, english, small_config, sample_corpus
):
    """Of 20 English and 10 German documents; 20 against 10 is as 1.41 against 1 at T = 2."""
    config = small_config(
        mixture="E1E2D1",
        data__train_per_group=10,
        data__validation_per_group=4,
        data__language_temperature=temperature,
    )
    chosen = selection.select(sample_corpus, config.mixture, config.data)
    order = order_of(config, chosen)
    shown = np.concatenate([order.batch(step) for step in range(order.steps_per_epoch)])
    assert len(shown) == 30
    assert (chosen.languages[shown] == "en").sum() == english
