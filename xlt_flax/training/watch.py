"""Says what a person should look at: slow steps, and validation that says little."""

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet

log = logging.getLogger("xlt_flax")

_TIMES = 10  # the median, and a step is slow
_LEAST_SECONDS = 1.0  # a shorter step is nobody's trouble, whatever the median
_ENOUGH = 20  # steps, for a median that means something
_KEPT = 200  # steps


class StepWatch:
    """Notices the first step that takes many times the median.

    Args:
      clock: seconds, from any zero.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._last = clock()
        self._seconds: deque[float] = deque(maxlen=_KEPT)
        self._told = False

    def restart(self) -> None:
        """The time since the last call was other work's: a compilation, a save, a validation."""
        self._last = self._clock()

    def after(self, step: int) -> None:
        """Called when a step is done."""
        now = self._clock()
        seconds, self._last = now - self._last, now
        if len(self._seconds) >= _ENOUGH and not self._told:
            median = statistics.median(self._seconds)
            if seconds > max(_TIMES * median, _LEAST_SECONDS):
                self._told = True
                log.warning(
                    "step %d took %.1f s, %.0f times the median of %.3g s: something else uses "
                    "this machine or its disk (said once)",
                    step,
                    seconds,
                    seconds / median,
                    median,
                )
        self._seconds.append(seconds)


class ValidationWatch:
    """Tells of the first validation whose scores measure no model."""

    def __init__(self) -> None:
        self._told = False

    def after(self, step: int, problems: list[str]) -> None:
        """
        Args:
          step: of the validation.
          problems: of its predictions (see Predictions.problems).
        """
        if problems and not self._told:
            self._told = True
            log.warning("validation at step %d: %s (said once)", step, "; ".join(problems))


def check_validation_labels(documents: Documents, labels: LabelSet) -> None:
    """Warns of validation documents that all have one label, and that alone.

    Args:
      documents: to validate on.
      labels: that they may have.
    """
    totals = documents.label_totals(len(labels))
    if len(documents) and (documents.label_counts == 1).all() and totals.max() == len(documents):
        log.warning(
            "all %d validation documents are of class %s: their loss is lowest for a model that "
            "says nothing else; set config.data.stratify=True or raise "
            "config.data.validation_per_group",
            len(documents),
            labels.names[totals.argmax()],
        )
