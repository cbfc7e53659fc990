"""Training, from a config to a workdir with a best checkpoint."""

import logging
import math
from collections import deque

import jax
from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.data import selection
from xlt_flax.data.audit import audit, summary
from xlt_flax.data.batches import Schedule
from xlt_flax.data.pipeline import batches
from xlt_flax.errors import RunError, UserError
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.evaluation import predict
from xlt_flax.training.metrics import TRAIN, VALIDATION, MetricsLog, best_validation
from xlt_flax.training.optimizer import learning_rate, make_optimizer
from xlt_flax.training.progress import Progress
from xlt_flax.training.setup import Setup, load_setup
from xlt_flax.training.step import (
    local_share,
    make_eval_step,
    make_train_step,
    new_state,
    put_on_devices,
)
from xlt_flax.training.tensorboard import TensorBoard
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")

_STEPS_IN_FLIGHT = 2  # steps whose metrics are not fetched yet, so that the device never waits


def train(config: ConfigDict, workdir: Workdir) -> None:
    """Trains what `config` describes, or goes on with it where `workdir` has begun.

    Args:
      config: checked and resolved.
      workdir: gets config.json, audit.json, checkpoints, metrics and, last, DONE.

    Raises:
      UserError: config, data or workdir is not usable.
      RunError: the loss is not finite.
    """
    with workdir.writer():
        workdir.start(config)
        if workdir.done.exists():
            log.info("%s is done already", workdir.path)
            return
        setup = load_setup(config)
        chosen = _select_and_audit(setup, workdir)
        run = _Run(setup, workdir, chosen)
        try:
            run.train()
        finally:
            run.close()


def _select_and_audit(setup: Setup, workdir: Workdir) -> selection.Selection:
    data = setup.config.data
    chosen = selection.select(setup.corpus, setup.config.mixture, data)
    test = selection.test_documents(setup.corpus, data.target_language)
    report = audit(chosen, test, data.target_language, data.max_length)
    log.info(summary(report))
    files.write_json(workdir.audit, report)
    return chosen


class _Run:
    """The parts of one training run, put together, and the loop over its steps."""

    def __init__(self, setup: Setup, workdir: Workdir, chosen: selection.Selection):
        config = setup.config
        self.config, self.workdir, self.chosen = config, workdir, chosen

        # ---- Steps: how many, and which documents each holds -------------------------------
        self.schedule = Schedule(
            ids=tuple(chosen.train.ids),
            languages=tuple(chosen.languages),
            batch_size=config.train.batch_size,
            mixing=config.data.mixing,
            seed=config.seed,
        )
        self.total_steps = config.train.epochs * self.schedule.steps_per_epoch
        if config.train.max_steps:
            self.total_steps = min(self.total_steps, config.train.max_steps)
        self.layout = setup.layout(config.train.batch_size)
        self.eval_layout = setup.layout(config.eval.batch_size)

        # ---- Model and optimizer -----------------------------------------------------------
        forward = setup.forward()
        self.learning_rate = learning_rate(
            config.train, self.schedule.steps_per_epoch, self.total_steps
        )
        optimizer = make_optimizer(config.train, self.learning_rate)
        self.train_step = make_train_step(forward, optimizer, config.seed)
        self.eval_step = make_eval_step(forward)

        # ---- State: in order of precedence,
        #   1. this workdir's latest checkpoint: the run goes on;
        #   2. init_from's best checkpoint;
        #   3. the pretrained or random weights of model.name.
        self.checkpoints = Checkpoints(workdir.checkpoints, writable=True)
        steps = self.checkpoints.steps()
        if steps:
            state = self.checkpoints.restore(steps[-1], optimizer)
            log.info("going on from checkpoint %d of %s", steps[-1], workdir.path)
        else:
            state = new_state(setup.initial_params(), optimizer)
        self.state = put_on_devices(state)
        self.metrics = MetricsLog(workdir.metrics, int(state.step))
        self.tensorboard = TensorBoard(workdir.path)
        self._shapes = set()
        self._in_flight = deque()

    @property
    def best(self) -> dict | None:
        return best_validation(self.metrics.records)

    def train(self) -> None:
        first = int(self.state.step)
        log.info(
            "training %s for %d steps of %d documents on %d %s device(s)",
            self.config.mixture or "nothing",
            self.total_steps,
            self.config.train.batch_size,
            jax.device_count(),
            jax.default_backend(),
        )
        self.progress = Progress("training", self.total_steps, first)
        if self._is_epoch_end(first) and not self.metrics.validated(first):
            self._validate(first)  # the run was stopped between this epoch's end and its validation
        for step, batch in enumerate(batches(self._build, first, self.total_steps), first + 1):
            self._log_shape(batch)
            self.state, metrics = self.train_step(self.state, local_share(batch))
            self._in_flight.append((step, metrics))
            self._fetch(_STEPS_IN_FLIGHT)
            if self._is_epoch_end(step):
                self._fetch(0)
                with self.progress.paused():
                    self._validate(step)
                self._save()
        if not self.checkpoints.steps():  # a run of no steps: its model is the initial one
            self._save()
        self._finish()

    def close(self) -> None:
        self.metrics.close()
        self.tensorboard.close()
        self.checkpoints.close()

    def _build(self, index: int):
        return self.layout.build(self.chosen.train, self.schedule.batch(index))

    def _is_epoch_end(self, step: int) -> bool:
        return step > 0 and (
            step % self.schedule.steps_per_epoch == 0 or step == self.total_steps
        )

    def _epoch(self, step: int) -> int:
        """Counted from 1; a step belongs to the epoch whose documents it saw."""
        return (step - 1) // self.schedule.steps_per_epoch + 1

    def _log_shape(self, batch) -> None:
        shape = batch["input_ids"].shape
        if shape not in self._shapes:
            self._shapes.add(shape)
            log.info("compiling the step for batches of %s (devices, rows, tokens)", shape)

    def _fetch(self, leave: int) -> None:
        """Records the metrics of all steps but the last `leave`."""
        while len(self._in_flight) > leave:
            step, metrics = self._in_flight.popleft()
            values = {name: float(value) for name, value in jax.device_get(metrics).items()}
            if not all(map(math.isfinite, values.values())):
                raise RunError(self._not_finite(step, values))
            values["learning_rate"] = float(self.learning_rate(step - 1))
            record = self.metrics.write(step, self._epoch(step), TRAIN, **values)
            self.tensorboard.write(record)
            self.progress.advance(note=f"epoch {self._epoch(step)}, loss {values['loss']:.4f}")

    def _not_finite(self, step: int, values: dict) -> str:
        ids = [self.chosen.train.ids[i] for i in self.schedule.batch(step - 1)]
        kept = self.checkpoints.steps()
        return (
            f"step {step}: loss {values['loss']}, gradient norm {values['gradient_norm']}, on "
            f"documents {', '.join(ids)}; the last good checkpoint is "
            f"{kept[-1] if kept else 'none'}. Lower config.train.learning_rate or set "
            "config.train.clip_norm"
        )

    def _validate(self, step: int) -> None:
        predictions = predict(
            self.eval_step, self.state.params, self.chosen.validation, self.eval_layout
        )
        scores = predictions.scores()
        record = self.metrics.write(step, self._epoch(step), VALIDATION, **scores)
        self.tensorboard.write(record)
        log.info(
            "epoch %d, step %d: validation loss %.4f, accuracy %.4f%s",
            self._epoch(step),
            step,
            scores["loss"],
            scores["accuracy"],
            " (best so far)" if self.best["step"] == step else "",
        )

    def _save(self) -> None:
        self.metrics.sync()
        self.checkpoints.save(self.state, self.best and self.best["step"])

    def _finish(self) -> None:
        self.checkpoints.wait()
        self.metrics.sync()
        self.progress.close()
        best = self.best
        files.write_json(
            self.workdir.done, {"step": int(self.state.step), "best": best}
        )
        log.info("done: %s", f"the best checkpoint is {best['step']}" if best else "nothing trained")


def require_trained(workdir: Workdir) -> None:
    """Refuses a workdir without checkpoints.

    Raises:
      UserError: nothing was saved in it yet.
    """
    if not workdir.checkpoints.is_dir():
        raise UserError(f"{workdir.path} holds no checkpoints yet: train first")
