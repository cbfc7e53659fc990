"""Test sets of languages, evaluated along with each validation. They choose nothing."""

import logging
from contextlib import suppress

from xlt_flax.evaluation.predictions import predict
from xlt_flax.evaluation.scores import Scores
from xlt_flax.evaluation.table import number_in_words, seen_in_words
from xlt_flax.training import preemption
from xlt_flax.training.hooks.bar import Bar
from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.hooks.records import Records
from xlt_flax.training.metrics import TEST
from xlt_flax.training.run import Run
from xlt_flax.training.step import Metrics

log = logging.getLogger("xlt_flax")

_VALUES = ("accuracy", "loss", "macro_f1", "micro_f1", "n", "seen", "accuracy_unseen", "majority")


class Languages(Hook):
    """Evaluates `config.eval.languages` after a validation; what a run that was told to stop had
    not come to, it makes up for when it goes on."""

    def __init__(self, run: Run, records: Records, bar: Bar):
        self._run, self._records, self._bar = run, records, bar

    def begin(self, first: int) -> None:
        target = self._run.config.data.target_language
        if target in self._run.test_sets:
            log.info(
                "config.eval.languages names %s, the target language: its labels are looked at "
                "while the run trains, and choose nothing",
                target,
            )
        self._evaluate_all(first)

    def after_step(self, step: int, metrics: Metrics) -> None:
        if self._run.test_sets and self._run.length.is_epoch_end(step):
            with self._bar.paused(), suppress(preemption.ValidationStoppedError):
                self._evaluate_all(step)

    def _evaluate_all(self, step: int) -> None:
        """Those of which there is no line yet; none before the validation, whose line is first."""
        written = self._run.metrics
        for language in self._run.test_sets if written.validated(step) else ():
            if not written.has(step, TEST + language):
                self._evaluate(step, language)

    def _evaluate(self, step: int, language: str) -> None:
        one = self._run.test_sets[language]
        scores, done = Scores(one.phase.labels), 0
        for part in predict(one.phase, self._run.state.params, preemption.check_in_validation):
            scores.add(part, one.seen[done : done + len(part)])
            done += len(part)
        found = scores.as_json()
        self._records.add(step, TEST + language, {name: found[name] for name in _VALUES})
        log.info(
            "epoch %d, step %d: %s test loss %s, accuracy %s (majority class %s); %s",
            self._run.length.epoch(step),
            step,
            language,
            *(number_in_words(found[name]) for name in ("loss", "accuracy", "majority")),
            seen_in_words(found),
        )
