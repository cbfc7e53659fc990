"""Training, from a config to a workdir with a best checkpoint."""

import logging
import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, nullcontext, suppress
from functools import partial
from itertools import islice

import jax
import numpy as np
import optax
from ml_collections import ConfigDict

from xlt_flax import files, signals
from xlt_flax.config import resolve
from xlt_flax.config_checks import validate
from xlt_flax.data import selection
from xlt_flax.data.audit import summary
from xlt_flax.data.layout.prefetch import batches
from xlt_flax.data.order import Schedule
from xlt_flax.errors import RunError
from xlt_flax.evaluation.predictions import predict
from xlt_flax.failures import out_of_memory_explained
from xlt_flax.modeling.vocabulary import Vocabulary, join
from xlt_flax.training import preemption, processes, provenance
from xlt_flax.training.ahead import CompileAhead
from xlt_flax.training.audited import audit_of
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.failure_file import failure_recorded
from xlt_flax.training.metrics import (
    SOURCE,
    TRAIN,
    VALIDATION,
    MetricsLog,
    best_validation,
    compared_value,
    has_no_best,
)
from xlt_flax.training.plan import Setup, load_setup, total_steps
from xlt_flax.training.progress import Progress
from xlt_flax.training.protocol import (
    StageOne,
    batch_sum,
    find_stage_one,
    stage_one_note,
    stage_one_state,
)
from xlt_flax.training.resume import restore_newest_whole
from xlt_flax.training.step import (
    TrainState,
    make_eval_step,
    make_train_step,
    new_state,
    put_on_devices,
)
from xlt_flax.training.tensorboard import TensorBoard
from xlt_flax.training.watch import StepWatch, ValidationWatch, check_validation_labels
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")

_STEPS_IN_FLIGHT = 2  # steps whose metrics are not fetched yet, so that the device never waits


def train(
    config: ConfigDict, workdir: Workdir, load_setup: Callable[[ConfigDict], Setup] = load_setup
) -> None:
    """Trains what `config` describes, or goes on with it where `workdir` has begun.

    Args:
      config: is checked, and paths are made absolute; it stays as it is.
      workdir: gets config.json, audit.json, checkpoints, metrics and, last, DONE.
      load_setup: reads what the config names; a sweep's runs share what they can.

    Raises:
      UserError: config, data or workdir is not usable.
      RunError: the loss is not finite, or the machine ran out of something.
      SystemExit: the process was told to stop (see signals); what it has is saved.
    """
    validate(config)
    config = resolve(config)
    alone = workdir.writer() if processes.is_first() else nullcontext()
    with alone:
        if processes.is_first():
            workdir.check(config)
        if processes.agreed(workdir.done.exists()):
            log.info("%s is done already", workdir.path)
            return
        with failure_recorded(workdir), out_of_memory_explained(config):
            _train(load_setup(config).started(workdir), workdir)


def _train(setup: Setup, workdir: Workdir) -> None:
    run = _Run(setup, workdir)
    try:
        run.train()
    except BaseException:
        with suppress(Exception):  # what happened first is what is told
            run.close()
        raise
    run.close()


class _Run:
    """The parts of one training run, put together, and the loop over its steps."""

    def __init__(self, setup: Setup, workdir: Workdir):
        self.config, self.workdir = setup.config, workdir
        data, train = setup.config.data, setup.config.train

        # ---- Documents -----------------------------------------------------------------------
        chosen = selection.select(setup.corpus, setup.config.mixture, data)
        test = selection.test_documents(setup.corpus, data.target_language)
        begun = workdir.is_run()
        if processes.is_first():
            provenance.check(workdir, setup)
        report = audit_of(setup, workdir, chosen, test)
        log.info(summary(report))
        check_validation_labels(chosen.validation.labels)

        # ---- Model, optimizer and state ------------------------------------------------------
        self.learning_rate = setup.learning_rate()
        optimizer = setup.optimizer()
        wanted = setup.vocabulary([chosen.train, chosen.validation, test])
        self.stage_one = find_stage_one(setup.config, workdir, setup.start)
        state, self.vocabulary, self.is_new = _first_state(
            setup, workdir, wanted, optimizer, self.stage_one
        )
        self.state = put_on_devices(state)
        self.train_step = make_train_step(setup.forward(), optimizer, setup.config.seed)
        self.eval_step = make_eval_step(setup.forward())

        # ---- Batches: which documents each holds, and how they are laid out ------------------
        self.train_documents = chosen.train.renumbered(self.vocabulary.row_of)
        self.validation_documents = chosen.validation.renumbered(self.vocabulary.row_of)
        self.epochs_before = self.stage_one.epoch if self.stage_one else 0
        self.total_steps = total_steps(setup.config, self.epochs_before)
        self.schedule = Schedule(
            ids=tuple(chosen.train.ids),
            languages=tuple(chosen.languages),
            batch_size=train.batch_size,
            mixing=data.mixing,
            seed=setup.config.seed,
        )
        pad_token = int(self.vocabulary.row_of[setup.tokenizer.pad_token_id])
        self.layout = setup.layout(self.train_documents, pad_token)
        self.eval_layout = setup.layout(None, pad_token)

        needed = selection.needed_splits(setup.config.mixture, data.target_language)
        facts = {} if begun else provenance.gather(setup, needed)

        # ---- The workdir: from here on it is this run's --------------------------------------
        writes = processes.is_first()
        if writes:
            workdir.start(setup.config, facts)
            workdir.failure.unlink(missing_ok=True)
            files.write_json(workdir.audit, report)
        self.checkpoints = Checkpoints(workdir.checkpoints, writable=True) if writes else None
        kept = -1 if self.is_new else int(state.step)
        self.metrics = MetricsLog(workdir.metrics, kept, writable=writes)
        self.tensorboard = TensorBoard(workdir.path) if writes else None
        self._waited = 0.0  # share of the time since the first step
        self.watch, self.validation_watch = StepWatch(), ValidationWatch()
        self._saved, self._saved_at = -1, time.monotonic()  # the step, and when
        self._shapes = set()
        self._ahead = CompileAhead()
        self._in_flight = deque()

    @property
    def best(self) -> dict | None:
        return best_validation(self.metrics.records, self.config.eval.best)

    def train(self) -> None:
        first = int(self.state.step)
        log.info(
            "training %s for %d steps of %d documents on %s",
            self.config.mixture or "nothing",
            self.total_steps,
            self.config.train.batch_size,
            processes.describe_devices(),
        )
        self.progress = Progress("training", self.total_steps, first)
        if self.is_new and self.stage_one:
            self._record(0, SOURCE, self.stage_one.record)
        if self.is_new and (self.stage_one or self.total_steps == 0):
            self._save()  # the initial model, which may be the best one that comes of this run
        if self._is_epoch_end(first) and not self.metrics.validated(first):
            self._validate(first)  # the run was stopped between this epoch's end and its validation
        if jax.process_count() == 1:  # several hosts must compile the same at the same moment
            self._ahead.start(self._compilations(first))
        with ExitStack() as stops:
            for step, batch in enumerate(self._batches(first), first + 1):
                self._step(step, batch)
                if step == first + 1:
                    stops.enter_context(signals.deferred())  # there is something to save now
                if self._is_epoch_end(step):
                    self._end_epoch(step)
                elif self._save_is_due(step):
                    self._save()
                if preemption.stop_after(step):
                    self._stop(step)
        self._finish()

    def close(self) -> None:
        with ExitStack() as parts:  # each is closed, whatever another's closing raises
            if self.checkpoints:
                parts.callback(self.checkpoints.close)
            if self.tensorboard:
                parts.callback(self.tensorboard.close)
            parts.callback(self.metrics.close)
            parts.callback(self._ahead.close)

    def _compilations(self, first: int):
        """(shape, what compiles it) of the shapes after `first`, in the order of their steps; then
        of validation."""
        state, seen = self.state, set()
        for index in range(first, self.total_steps):
            shape = self.layout.shape_of(self.train_documents, self.schedule.batch(index))
            if shape not in seen:
                seen.add(shape)
                yield shape, partial(self._compile_step, state, index)
            if len(seen) == len(self.layout.shapes):
                break
        for batch in islice(self.eval_layout.evaluation_batches(self.validation_documents), 1):
            yield VALIDATION, partial(self.eval_step.compile, state.params, batch)

    def _compile_step(self, state: TrainState, index: int) -> None:
        self.train_step.compile(state, self._build(index))

    def _step(self, step: int, batch: dict[str, np.ndarray]) -> None:
        shape = batch["input_ids"].shape[1:]
        is_new = shape not in self._shapes
        with self.progress.paused() if is_new else nullcontext():
            if is_new:
                self._announce(shape)
                self._ahead.take(shape)
            self.state, metrics = self.train_step(self.state, batch)
        self._in_flight.append((step, metrics))
        self._fetch(_STEPS_IN_FLIGHT)
        if is_new:
            self.watch.restart()
        else:
            self.watch.after(step)

    def _end_epoch(self, step: int) -> None:
        """Validates and saves; a run that is told to stop meanwhile validates when it goes on."""
        self._fetch(0)
        with self.progress.paused(), suppress(preemption.ValidationStoppedError):
            self._validate(step)
        self._save()

    def _save_is_due(self, step: int) -> bool:
        """Whether the config wants a checkpoint besides those of epochs."""
        steps = self.config.train.checkpoint_every_steps
        minutes = self.config.train.checkpoint_every_minutes
        if steps and step % steps == 0:
            return True
        return bool(minutes) and time.monotonic() - self._saved_at >= 60 * minutes

    def _stop(self, step: int) -> None:
        """Ends the process, with all that it did on disk.

        Raises:
          SystemExit: always.
        """
        if self._saved != step:
            self._save()
        if self.checkpoints:
            self.checkpoints.wait()
        processes.leave()
        log.info(
            "%s: saved as checkpoint %d of %d; the same command goes on from there",
            signals.name(),
            step,
            self.total_steps,
        )
        raise signals.stop()

    def _batches(self, first: int):
        """The batches of the steps to come; counts how long devices had nothing else to do, but for
        the first, with which the pipeline starts and the first shape is compiled."""
        stream = batches(self._build, first, self.total_steps)
        yield from islice(stream, 1)
        begun, waited = time.monotonic(), 0.0
        while True:
            asked = time.monotonic()
            batch = next(stream, None)
            if self._devices_are_idle():
                waited += time.monotonic() - asked
            self._waited = waited / (time.monotonic() - begun)
            if batch is None:
                return
            yield batch

    def _devices_are_idle(self) -> bool:
        """Whether all steps that were begun are done."""
        return not self._in_flight or self._in_flight[-1][1]["loss"].is_ready()

    def _build(self, index: int):
        return self.layout.build(self.train_documents, self.schedule.batch(index))

    def _is_epoch_end(self, step: int) -> bool:
        return step > 0 and (step % self.schedule.steps_per_epoch == 0 or step == self.total_steps)

    def _epoch(self, step: int) -> int:
        """Counted from 1, or on from stage one's best; a step belongs to the epoch whose documents
        it saw."""
        return self.epochs_before + -(-step // self.schedule.steps_per_epoch)

    def _announce(self, shape: tuple[int, int]) -> None:
        """Says that a shape is seen for the first time, and what that costs."""
        self._shapes.add(shape)
        log.info(
            "%s the step for %d x %d tokens a device (shape %d of at most %d)",
            "compiled" if self._ahead.has(shape) else "compiling",
            *shape,
            len(self._shapes),
            len(self.layout.shapes),
        )

    def _fetch(self, leave: int) -> None:
        """Records the metrics of all steps but the last `leave`."""
        while len(self._in_flight) > leave:
            step, metrics = self._in_flight.popleft()
            values = {name: float(value) for name, value in jax.device_get(metrics).items()}
            if not all(map(math.isfinite, values.values())):
                raise RunError(self._not_finite(step, values))
            values["learning_rate"] = float(self.learning_rate(step - 1))
            self._record(step, TRAIN, values)
            self.progress.advance(note=f"epoch {self._epoch(step)}, loss {values['loss']:.4f}")

    def _record(self, step: int, split: str, values: dict) -> None:
        record = self.metrics.write(step, self._epoch(step), split, **values)
        if self.tensorboard:
            self.tensorboard.write(record)

    def _not_finite(self, step: int, values: dict) -> str:
        ids = [self.train_documents.ids[i] for i in self.schedule.batch(step - 1)]
        kept = self.checkpoints.steps() if self.checkpoints else []
        return (
            f"step {step}: loss {values['loss']}, gradient norm {values['gradient_norm']}, on "
            f"documents {', '.join(ids)}; the last good checkpoint is "
            f"{kept[-1] if kept else 'none'}. Lower config.train.learning_rate or set "
            "config.train.clip_norm"
        )

    def _validate(self, step: int) -> None:
        self._ahead.take(VALIDATION)
        predictions = predict(
            self.eval_step,
            self.state.params,
            self.validation_documents,
            self.eval_layout,
            preemption.check_in_validation,
        )
        scores = predictions.scores()
        score = batch_sum(predictions.losses, self.config.train.batch_size)
        self._record(step, VALIDATION, {**scores, "score": score})
        log.info(
            "epoch %d, step %d: validation loss %.4f, accuracy %.4f (majority class %.4f)%s",
            self._epoch(step),
            step,
            scores["loss"],
            scores["accuracy"],
            predictions.majority,
            self._compared(step),
        )
        self.validation_watch.after(step, predictions.problems())

    def _compared(self, step: int) -> str:
        best = self.best
        if best is None:
            return " (no finite loss yet, so there is no best checkpoint)"
        if best["step"] == step:
            return " (best so far)"
        value = compared_value(self.metrics.records, self.config.eval.best)
        sums = f"batch sum {self.metrics.records[-1]['score']:.4f}, " if value == "score" else ""
        return f" (no improvement: {sums}epoch {best['epoch']} had {best[value]:.4f})"

    def _save(self) -> None:
        """Saves the state after the last step, and the metrics up to it."""
        self._fetch(0)
        self._saved, self._saved_at = int(self.state.step), time.monotonic()
        if processes.is_first():
            self.metrics.sync()
            best, is_last = self.best and self.best["step"], self._saved == self.total_steps
            self.checkpoints.save(self.state, self.vocabulary, best, is_last)
        self.watch.restart()

    def _finish(self) -> None:
        if self.checkpoints:
            self.checkpoints.wait()
        self.metrics.sync()
        self.progress.close()
        best = self.best
        if processes.is_first():
            files.write_json(self.workdir.done, {"step": int(self.state.step), "best": best})
        processes.wait_for_all("done")
        log.info(
            "done: %s; devices waited for batches %.1f%% of the time",
            self._best_in_words(best),
            100 * self._waited,
        )
        if best and (note := stage_one_note(self.workdir, best["step"])):
            log.info(note)

    def _best_in_words(self, best: dict | None) -> str:
        if best is not None:
            return f"the best checkpoint is {best['step']}"
        if has_no_best(self.metrics.records, self.config.eval.best):
            return "no validation loss was a finite number, so there is no best checkpoint"
        return "the best checkpoint is the initial model"


def _first_state(
    setup: Setup,
    workdir: Workdir,
    wanted: Vocabulary,
    optimizer: optax.GradientTransformation,
    stage_one: StageOne | None,
) -> tuple[TrainState, Vocabulary, bool]:
    """The state that training begins or goes on with, on the host, the rows that it holds, and
    whether it begins.

    In order of precedence:
      1. the workdir's latest whole checkpoint,
      2. under protocol "thesis", all of stage one's best checkpoint,
      3. initial weights, with a new optimizer.
    """
    found = restore_newest_whole(workdir, optimizer)
    is_new = found is None
    if is_new:
        if not stage_one:
            return new_state(wanted.select(setup.initial_params()), optimizer), wanted, True
        found = stage_one_state(setup.start, optimizer)
    state, held = found
    owner = setup.start.source if is_new else workdir
    setup.base.require_fit(state.params, held.full_size, owner.path)
    if held.holds(wanted):
        return state, held, is_new
    joined = join(held, wanted)
    table = setup.untouched_table(int(state.step))
    params = held.move(state.params, joined, table)
    opt_state = held.move(state.opt_state, joined, np.zeros_like(table))  # they had no gradient
    return TrainState(state.step, params, opt_state), joined, is_new
