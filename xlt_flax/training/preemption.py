"""When a run that was told to stop does so: after a step, and on all hosts after the same one."""

from xlt_flax import signals
from xlt_flax.training import processes

_STEPS_BETWEEN_AGREEMENTS = 10  # of several hosts, since each costs them a collective


class ValidationStoppedError(Exception):
    """Raised within a validation; the run makes up for it when it goes on."""


def stop_after(step: int) -> bool:
    """Whether to save and stop now: the same answer on all hosts, if all ask at the same steps.

    Args:
      step: the last one made, the same on all hosts.
    """
    if not processes.are_several():
        return signals.requested()
    return step % _STEPS_BETWEEN_AGREEMENTS == 0 and processes.any_of(signals.requested())


def check_in_validation(documents: int = 0) -> None:
    """Told of a validation's progress, ends it if this process was told to stop.

    Several hosts validate to the end: one that left would keep the others waiting.

    Raises:
      ValidationStoppedError: it was.
    """
    del documents
    if not processes.are_several() and signals.requested():
        raise ValidationStoppedError
