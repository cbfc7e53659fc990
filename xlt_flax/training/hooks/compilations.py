"""Programs for shapes to come."""

import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import islice

from xlt_flax.data.layout.slots import Batch
from xlt_flax.training import processes
from xlt_flax.training.ahead import CompileAhead
from xlt_flax.training.hooks.bar import Bar
from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.metrics import VALIDATION
from xlt_flax.training.run import Run
from xlt_flax.training.step import Metrics, TrainState

log = logging.getLogger("xlt_flax")


class Compilations(Hook):
    """Compiles the shapes to come in threads, waits for them, and says when one is new."""

    def __init__(self, run: Run, bar: Bar):
        self._run, self._bar = run, bar
        self._ahead = CompileAhead()
        self._seen: set[tuple[int, int]] = set()
        self._pause = ExitStack()
        self.is_new = False  # whether the last step's shape was

    def begin(self, first: int) -> None:
        if not processes.are_several():  # several hosts must compile the same at the same moment
            if first < self._run.length.total:
                log.info("compiling in threads, while the first batch is made")
            self._ahead.start(self._to_come(first))

    def before_step(self, step: int, batch: Batch) -> None:
        shape = batch["input_ids"].shape[1:]
        self.is_new = shape not in self._seen
        if self.is_new:
            self._pause.enter_context(self._bar.paused())
            self._announce(shape)
            self._ahead.take(shape)

    def after_step(self, step: int, metrics: Metrics) -> None:
        self._pause.close()

    def take_validation(self) -> None:
        """Returns when validation is compiled, or is left to the caller."""
        self._ahead.take(VALIDATION)

    def close(self) -> None:
        self._ahead.close()

    def _announce(self, shape: tuple[int, int]) -> None:
        self._seen.add(shape)
        log.info(
            "%s the step for %d x %d tokens a device (shape %d of at most %d)",
            "compiled" if self._ahead.has(shape) else "compiling",
            *shape,
            len(self._seen),
            len(self._run.training.layout.shapes),
        )

    def _to_come(self, first: int) -> Iterator[tuple[Hashable, Callable[[], None]]]:
        """(shape, what compiles it) of the shapes after `first`, in the order of their steps; then
        of validation."""
        run, state, seen = self._run, self._run.state, set()
        for index in range(first, run.length.total):
            indices = run.order.batch(index)
            shape = run.training.layout.shape_of(run.shown(index), indices)
            if shape not in seen:
                seen.add(shape)
                yield shape, partial(self._compile_step, state, index)
            if len(seen) == len(run.training.layout.shapes):
                break
        validation = run.validation
        windows = validation.documents.windows.documents
        for batch in islice(validation.layout.evaluation_batches(windows), 1):
            yield VALIDATION, partial(validation.step.compile, state.params, batch)

    def _compile_step(self, state: TrainState, index: int) -> None:
        self._run.training.step.compile(state, self._run.collate(index))
