"""When a run is saved, and when it stops."""

import logging
import time

from xlt_flax import signals
from xlt_flax.training import preemption, processes
from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.hooks.records import Records
from xlt_flax.training.hooks.slow_steps import SlowSteps
from xlt_flax.training.run import Run
from xlt_flax.training.step import Metrics

log = logging.getLogger("xlt_flax")


class Saves(Hook):
    """Saves at an epoch's end, and between where the config asks for it."""

    def __init__(self, run: Run, records: Records, slow_steps: SlowSteps):
        self._run, self._records, self._slow_steps = run, records, slow_steps

    def begin(self, first: int) -> None:
        run = self._run
        if run.is_new and (run.first_record or run.length.total == 0):
            self.save()  # the initial model, which may be the best one that comes of this run

    def after_step(self, step: int, metrics: Metrics) -> None:
        if self._run.length.is_epoch_end(step) or self._is_due(step):
            self.save()

    def save(self) -> None:
        self._records.fetch()
        self._run.save()
        self._slow_steps.restart()

    def _is_due(self, step: int) -> bool:
        """Whether the config wants a checkpoint besides those of epochs."""
        steps = self._run.config.train.checkpoint_every_steps
        minutes = self._run.config.train.checkpoint_every_minutes
        if steps and step % steps == 0:
            return True
        return bool(minutes) and time.monotonic() - self._run.saved[1] >= 60 * minutes


class Stop(Hook):
    """Ends the process when it is told to, with all that it did on disk."""

    def __init__(self, run: Run, saves: Saves):
        self._run, self._saves = run, saves

    def after_step(self, step: int, metrics: Metrics) -> None:
        if preemption.stop_after(step):
            self._stop(step)

    def _stop(self, step: int) -> None:
        """
        Raises:
          SystemExit: always.
        """
        if self._run.saved[0] != step:
            self._saves.save()
        if self._run.checkpoints:
            self._run.checkpoints.wait()
        processes.leave()
        log.info(
            "%s: saved as checkpoint %d of %d; the same command goes on from there",
            signals.name(),
            step,
            self._run.length.total,
        )
        raise signals.stop()
