"""The training loop."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice

from xlt_flax import signals
from xlt_flax.data.layout.prefetch import batches
from xlt_flax.data.layout.slots import Batch
from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.run import Run
from xlt_flax.training.step import Metrics, is_there


def make_steps(run: Run, hooks: Sequence[Hook]) -> float:
    """Makes all steps that a run has left. At each:

      1. the batch is taken, which was built ahead: a pure function of config and step;
      2. hooks are told before the step, in their order (see hooks.hooks_of): a shape that is new is
         announced, and waited for where it is being compiled;
      3. the step is begun: the devices go on by themselves;
      4. once there is something to save, signals wait for a hook that asks for them;
      5. hooks are told after the step, in their order: metrics of two steps ago are recorded, slow
         steps are noticed; at an epoch's end the run is validated, then saved, and between where
         that is due; last, a run that was told to stop does so;
      6. a run that is out of patience ends.

    Returns:
      The share of the time since the first step in which devices waited for a batch.

    Raises:
      SystemExit: the process was told to stop; what it has is saved.
      RunError: a metric is not a finite number.
    """
    first = int(run.state.step)
    for hook in hooks:
        hook.begin(first)
    total = first if run.is_out_of_patience else run.length.total
    waiting = _Waiting(batches(run.collate, first, total))
    with ExitStack() as stops:
        for step, batch in enumerate(waiting, first + 1):
            for hook in hooks:
                hook.waited(waiting.last_wait)
                hook.before_step(step, batch)
            run.state, metrics = run.training.step(run.state, batch)
            waiting.last = metrics
            if step == first + 1:
                stops.enter_context(signals.deferred())
            for hook in hooks:
                hook.after_step(step, metrics)
            if run.is_out_of_patience:
                break
    for hook in hooks:
        hook.end()
    return waiting.share


class _Waiting:
    """Hands batches on, and counts how long devices had nothing else to do; but for the first, with
    which the pipeline starts and the first shape is compiled.

    Attributes:
      last: metrics of the last step that was begun.
      last_wait: seconds that devices waited for the batch that came last.
      share: of the time since the first batch, that devices waited.
    """

    def __init__(self, stream: Iterator[Batch]):
        self._stream = stream
        self.last: Metrics | None = None
        self.last_wait = 0.0
        self.share = 0.0

    def __iter__(self) -> Iterator[Batch]:
        yield from islice(self._stream, 1)
        begun, waited = time.monotonic(), 0.0
        while True:
            asked = time.monotonic()
            batch = next(self._stream, None)
            is_idle = self.last is None or is_there(self.last)
            self.last_wait = time.monotonic() - asked if is_idle else 0.0
            waited += self.last_wait
            self.share = waited / (time.monotonic() - begun)
            if batch is None:
                return
            yield batch
