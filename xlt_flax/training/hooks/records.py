"""Metrics on their way from the devices to whoever reads them."""

import math
from collections import deque
from collections.abc import Sequence

import jax

from xlt_flax.errors import RunError
from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.metrics import SOURCE, TRAIN
from xlt_flax.training.run import Run
from xlt_flax.training.step import Metrics

_STEPS_IN_FLIGHT = 2  # steps whose metrics are not fetched yet, so that the device never waits


class Records(Hook):
    """Writes metrics, and tells all hooks; those of steps when they are two steps old."""

    def __init__(self, run: Run):
        self._run = run
        self._in_flight: deque[tuple[int, Metrics]] = deque()
        self.readers: Sequence[Hook] = ()

    def begin(self, first: int) -> None:
        if self._run.is_new and self._run.first_record:
            self.add(0, SOURCE, self._run.first_record)

    def after_step(self, step: int, metrics: Metrics) -> None:
        self._in_flight.append((step, metrics))
        self.fetch(leave=_STEPS_IN_FLIGHT)

    def fetch(self, leave: int = 0) -> None:
        """Writes the metrics of all steps but the last `leave`.

        Raises:
          RunError: one is no finite number.
        """
        while len(self._in_flight) > leave:
            step, metrics = self._in_flight.popleft()
            values = {name: float(value) for name, value in jax.device_get(metrics).items()}
            if not all(map(math.isfinite, values.values())):
                raise RunError(self._not_finite(step, values))
            values["learning_rate"] = float(self._run.learning_rate(step - 1))
            self.add(step, TRAIN, values)

    def add(self, step: int, split: str, values: dict) -> None:
        record = self._run.record(step, split, values)
        for reader in self.readers:
            reader.recorded(record)

    def _not_finite(self, step: int, values: dict) -> str:
        run = self._run
        ids = [run.training.documents.ids[i] for i in run.order.batch(step - 1)]
        kept = run.checkpoints.steps() if run.checkpoints else []
        return (
            f"step {step}: loss {values['loss']}, gradient norm {values['gradient_norm']}, on "
            f"documents {', '.join(ids)}; the last good checkpoint is "
            f"{kept[-1] if kept else 'none'}. Lower config.train.learning_rate or set "
            "config.train.clip_norm"
        )
