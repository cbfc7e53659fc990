"""Curves in Weights & Biases: kept in the workdir, offline, until `wandb sync` sends them.

WANDB_MODE=online sends them at once; WANDB_PROJECT, WANDB_ENTITY and so on are the library's own.
A run that goes on has the id of its workdir: `wandb sync --append` joins its parts, which show some
steps twice where it was killed.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ml_collections import ConfigDict

from xlt_flax.stored_config import flat
from xlt_flax.training.trackers import identity
from xlt_flax.workdir import Workdir

if TYPE_CHECKING:
    import wandb

_STEP = "step"  # the axis of all curves: the library's own count takes no value of a step before


class _Run:
    def __init__(self, run: "wandb.Run"):
        self._run = run
        run.define_metric(_STEP, hidden=True)
        run.define_metric("*", step_metric=_STEP)

    def write(self, seconds: float, step: int, values: Mapping[str, float]) -> None:
        self._run.log({**values, _STEP: step})

    def flush(self) -> None:
        """The library does so by itself."""

    def close(self) -> None:
        self._run.finish()


def open_tracker(workdir: Workdir, config: ConfigDict, first: int) -> _Run:
    import wandb

    run = wandb.init(
        mode=None if "WANDB_MODE" in os.environ else "offline",  # None: what the variable says
        project=os.environ.get("WANDB_PROJECT", "xlt_flax"),
        dir=str(workdir.wandb.parent),  # it makes a folder of that name
        id=identity(workdir),
        name=workdir.path.name,
        config=flat(config.to_dict()),
        settings=wandb.Settings(silent=True, console="off", disable_git=True),
    )
    return _Run(run)
