"""Steps that take many times the usual."""

from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.hooks.compilations import Compilations
from xlt_flax.training.step import Metrics
from xlt_flax.training.watch import StepWatch


class SlowSteps(Hook):
    """Says when a step takes many times the usual."""

    def __init__(self, compilations: Compilations):
        self._compilations = compilations
        self._watch = StepWatch()

    def after_step(self, step: int, metrics: Metrics) -> None:
        if self._compilations.is_new:
            self._watch.restart()
        else:
            self._watch.after(step)

    def restart(self) -> None:
        """What took time since the last step was other work."""
        self._watch.restart()
