"""The moments at which hooks are called."""

from xlt_flax.data.layout.slots import Batch
from xlt_flax.training.step import Metrics


class Hook:
    """Does nothing; a hook does something at some of these moments. Steps count from 1."""

    def begin(self, first: int) -> None:
        """Before the first step that is made now; `first` were made before."""

    def waited(self, seconds: float) -> None:
        """The devices had nothing to do for so long before the batch came."""

    def before_step(self, step: int, batch: Batch) -> None:
        """The batch is there."""

    def after_step(self, step: int, metrics: Metrics) -> None:
        """The step is on its way; `metrics` are on the devices, and may not be there yet."""

    def recorded(self, record: dict) -> None:
        """A line was added to the metrics."""

    def end(self) -> None:
        """All steps are made."""

    def close(self) -> None:
        """Whatever happened."""
