"""The checkpoint of a workdir that a name stands for: best, latest, or a step."""

import logging
from collections.abc import Callable
from typing import TypeVar

from xlt_flax.errors import UserError
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.stages import best_step
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")

_Model = TypeVar("_Model")


def load_named(
    workdir: Workdir, which: str, load: Callable[[int], _Model]
) -> tuple[int, str, _Model]:
    """The step that `which` names, what it is called, and what `load` makes of it.

    A training that goes on meanwhile deletes its best checkpoint when it has saved a better one:
    the better one is taken then.

    Args:
      workdir: of a run, finished or not.
      which: "best", "latest" or a step.
      load: of a step, its model.

    Raises:
      UserError: there is no such checkpoint.
    """
    checkpoints = Checkpoints(workdir.checkpoints)
    while True:
        best = best_step(workdir) if which == "best" else None
        try:
            step = checkpoints.find(which, best)
            return step, _name(workdir, which, best), load(step)
        except UserError:
            if which != "best" or best_step(workdir) == best:
                raise


def _name(workdir: Workdir, which: str, best: int | None) -> str:
    """What a checkpoint is called: of a run that was stopped before it validated, none is the
    best. One that is done, and had nothing to validate after, has its initial model alone."""
    if which == "best" and best is None and not workdir.done.exists():
        log.warning(
            "%s has no validation yet, so which of its checkpoints is the best is not known: the "
            "latest is taken",
            workdir.path,
        )
        return "latest"
    return which
