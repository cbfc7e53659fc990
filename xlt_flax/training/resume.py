"""Which checkpoint a run goes on from: the newest one that is whole."""

import logging

import optax

from xlt_flax.errors import RunError
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training import processes
from xlt_flax.training.checkpoints import Checkpoints, DamagedCheckpoint
from xlt_flax.training.step import TrainState
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")


def restore_newest_whole(
    workdir: Workdir, optimizer: optax.GradientTransformation
) -> tuple[TrainState, Vocabulary] | None:
    """The newest whole checkpoint, on the host, and the rows that it holds; None if none was saved.

    Newer ones that are damaged are set aside, since the run will come to their steps again. The
    first host, which is the workdir's writer, looks for it; the others follow.

    Raises:
      RunError: there are checkpoints, and all are damaged.
    """
    found = _find_newest_whole(workdir, optimizer) if processes.is_first() else None
    step = processes.agreed(int(found[0].step) if found else -1)
    if step < 0:
        return None
    if found is None:
        found = Checkpoints(workdir.checkpoints).restore(step, optimizer)
    log.info("going on from checkpoint %d of %s", step, workdir.path)
    return found


def _find_newest_whole(
    workdir: Workdir, optimizer: optax.GradientTransformation
) -> tuple[TrainState, Vocabulary] | None:
    if not workdir.has_checkpoints():
        return None
    checkpoints = Checkpoints(workdir.checkpoints)
    steps = checkpoints.steps()
    damaged = []
    for step in reversed(steps):
        try:
            found = checkpoints.restore(step, optimizer)
        except DamagedCheckpoint as error:
            damaged.append(error)
            continue
        _set_aside(checkpoints, damaged)
        return found
    if damaged:
        raise RunError(
            f"no checkpoint of {workdir.path} is whole: {', '.join(map(str, steps))} (the newest: "
            f"{damaged[0].reason}). Remove {workdir.checkpoints} to begin anew, to the same numbers"
        )
    return None


def _set_aside(checkpoints: Checkpoints, damaged: list[DamagedCheckpoint]) -> None:
    for error in damaged:
        place = checkpoints.set_aside(error.step)
        log.warning(
            "checkpoint %d is damaged (%s): the one before it is used; moved to %s",
            error.step,
            error.reason,
            place,
        )
