"""How far a run is."""

import logging
from contextlib import AbstractContextManager

from xlt_flax.training import processes
from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.metrics import TRAIN
from xlt_flax.training.progress import Progress
from xlt_flax.training.run import Run

log = logging.getLogger("xlt_flax")


class Bar(Hook):
    """Tells a person how far the run is."""

    def __init__(self, run: Run):
        self._run = run
        self._progress = Progress("training", run.length.total, int(run.state.step))

    def begin(self, first: int) -> None:
        log.info(
            "training %s for %d steps of %d documents on %s",
            self._run.config.mixture or "nothing",
            self._run.length.total,
            self._run.config.train.batch_size,
            processes.describe_devices(),
        )

    def paused(self) -> AbstractContextManager[None]:
        """While other work is done, which the estimate leaves out."""
        return self._progress.paused()

    def seconds_at_work(self) -> float:
        """A clock that stands still while other work is done."""
        return self._progress.seconds_at_work()

    def recorded(self, record: dict) -> None:
        if record["split"] == TRAIN:
            note = f"epoch {record['epoch']}, loss {record['loss']:.4f}"
            self._progress.advance(note=note)

    def close(self) -> None:
        self._progress.close()
