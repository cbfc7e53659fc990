"""Validation at the ends of epochs."""

import logging
from contextlib import suppress

from xlt_flax.evaluation.predictions import predict
from xlt_flax.evaluation.scores import Scores, scores_of
from xlt_flax.evaluation.table import number_in_words
from xlt_flax.training import preemption
from xlt_flax.training.hooks.bar import Bar
from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.hooks.compilations import Compilations
from xlt_flax.training.hooks.records import Records
from xlt_flax.training.metrics import VALIDATION, batch_sum, compared_value
from xlt_flax.training.run import Run
from xlt_flax.training.step import Metrics
from xlt_flax.training.watch import ValidationWatch

log = logging.getLogger("xlt_flax")

_IN_WORDS = {"score": "batch sum", "micro_f1": "micro-F1", "macro_f1": "macro-F1"}


class Validation(Hook):
    """Validates at an epoch's end; a run that is told to stop meanwhile does so when it goes on."""

    def __init__(self, run: Run, records: Records, compilations: Compilations, bar: Bar):
        self._run, self._records, self._compilations = run, records, compilations
        self._bar = bar
        self._watch = ValidationWatch()

    def begin(self, first: int) -> None:
        if self._run.length.is_epoch_end(first) and not self._run.metrics.validated(first):
            self._validate(first)  # the run was stopped between this epoch's end and its validation

    def after_step(self, step: int, metrics: Metrics) -> None:
        if self._run.length.is_epoch_end(step):
            self._records.fetch()
            with self._bar.paused(), suppress(preemption.ValidationStoppedError):
                self._validate(step)

    def _validate(self, step: int) -> None:
        self._compilations.take_validation()
        phase = self._run.validation
        parts = predict(phase, self._run.state.params, preemption.check_in_validation)
        scores = scores_of(parts, phase.labels)
        self._records.add(step, VALIDATION, self._values(scores))
        log.info(
            "epoch %d, step %d: validation loss %.4f, accuracy %.4f (majority class %.4f)%s",
            self._run.length.epoch(step),
            step,
            scores.loss,
            scores.accuracy,
            scores.majority,
            self._compared(step),
        )
        self._watch.after(step, scores.problems())

    def _values(self, scores: Scores) -> dict[str, float | None]:
        """Of a line; micro-F1, which with one label a document is the accuracy, where it says more
        or is asked for."""
        names = ["accuracy", "loss", "macro_f1"]
        if scores.labels.several or self._run.config.eval.best == "micro_f1":
            names.append("micro_f1")
        values = {name: getattr(scores, name) for name in names}
        return values | {"score": batch_sum(scores.losses, self._run.config.train.batch_size)}

    def _compared(self, step: int) -> str:
        best, records = self._run.best, self._run.metrics.validations
        if best is None:
            return " (no finite loss yet, so there is no best checkpoint)"
        if best["step"] == step:
            return " (best so far)"
        value = compared_value(records, self._run.config.eval.best)
        name, has = _IN_WORDS.get(value), number_in_words(records[-1][value])
        shown = f"{name} {has}, " if name else ""
        return f" (no improvement: {shown}epoch {best['epoch']} had {best[value]:.4f})"
