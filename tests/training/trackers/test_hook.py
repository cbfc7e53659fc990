"""What a run shows: its records, how fast it goes, nothing twice."""

from types import SimpleNamespace

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from xlt_flax.config import base
from xlt_flax.training.hooks.trackers import Trackers
from xlt_flax.workdir import Workdir


@pytest.fixture
def make_steps(tmp_path):
    """make_steps(first, last): a run's steps from `first` on, of half a second each; two documents
    a step, of 10 and 30 tokens, for which devices wait a tenth of the time."""

    def make(first, last, trackers="tensorboard"):
        config, now = base(), {"now": 0.0}
        config.train.trackers = trackers
        run = SimpleNamespace(
            is_new=first == 1,
            state=SimpleNamespace(step=first - 1),
            workdir=Workdir(tmp_path),
            config=config,
            shown=lambda index: SimpleNamespace(lengths=np.array([10, 20, 30])),
        )
        hook = Trackers(run, SimpleNamespace(seconds_at_work=lambda: now["now"]))
        for step in range(first, last + 1):
            hook.waited(0.05)
            hook.before_step(step, {"document": np.array([[0, 2, -1]])})
            now["now"] += 0.5
            hook.after_step(step, {})
            record = {"step": step, "epoch": 1, "split": "train", "loss": step, "accuracy": None}
            hook.recorded(record)
        hook.recorded({"step": last, "epoch": 1, "split": "validation", "loss": 9.0, "score": 3.0})
        hook.close()
        return tmp_path

    return make


def curves(folder):
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    names = found.Tags()["scalars"]
    return {name: [(e.step, pytest.approx(e.value)) for e in found.Scalars(name)] for name in names}


def test_curves_of_a_run(make_steps):
    assert curves(make_steps(1, 5)) == {
        "train/loss": [(step, step) for step in range(1, 6)],
        "validation/loss": [(5, 9)],
        "speed/documents_per_second": [(3, 4), (5, 4)],
        "speed/tokens_per_second": [(3, 80), (5, 80)],
        "speed/seconds_per_step": [(3, 0.5), (5, 0.5)],
        "speed/input_wait_share": [(3, 0.1), (5, 0.1)],
    }


def test_a_run_that_goes_on_shows_each_step_once(make_steps):
    make_steps(1, 8)
    found = curves(make_steps(5, 6))
    assert found["train/loss"] == [(step, step) for step in range(1, 7)]
    assert found["validation/loss"] == [(6, 9)]


def test_none(make_steps):
    assert list(make_steps(1, 3, trackers="").iterdir()) == []
