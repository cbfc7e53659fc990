"""A run's curves, for whoever watches."""

from functools import partial

from xlt_flax.data.layout.slots import Batch
from xlt_flax.training.hooks.bar import Bar
from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.run import Run
from xlt_flax.training.speed import Speed
from xlt_flax.training.step import Metrics
from xlt_flax.training.trackers import find_tracker, require_trackers
from xlt_flax.training.tracking import TrackerThread

# What a record says besides: the axis, the time by another name, and the thesis's batch sum.
_NO_CURVES = ("step", "split", "epoch", "score")


class Trackers(Hook):
    """Hands what is recorded, and how fast steps are made, to the trackers of the config."""

    def __init__(self, run: Run, bar: Bar):
        first = 0 if run.is_new else int(run.state.step) + 1
        self._threads = [
            TrackerThread(
                name, partial(find_tracker(name).open_tracker, run.workdir, run.config, first)
            )
            for name in require_trackers(run.config.train.trackers)
        ]
        self._run = run
        self._speed = Speed(bar.seconds_at_work)
        self._documents = self._tokens = 0

    def waited(self, seconds: float) -> None:
        self._speed.waited(seconds)

    def before_step(self, step: int, batch: Batch) -> None:
        documents = batch["document"][batch["document"] >= 0]
        lengths = self._run.shown(step - 1).lengths
        self._documents, self._tokens = len(documents), int(lengths[documents].sum())

    def after_step(self, step: int, metrics: Metrics) -> None:
        if values := self._speed.after(self._documents, self._tokens):
            self._write(step, {f"speed/{name}": value for name, value in values.items()})

    def recorded(self, record: dict) -> None:
        curves = {
            f"{record['split']}/{name}": value
            for name, value in record.items()
            if name not in _NO_CURVES and isinstance(value, int | float)
        }
        self._write(record["step"], curves)

    def _write(self, step: int, values: dict[str, float]) -> None:
        for thread in self._threads:
            thread.write(step, values)

    def close(self) -> None:
        for thread in self._threads:
            thread.close()
