"""Orbax checkpoints of a run: one a step number, with `params`, `optimizer` and `vocabulary`.

A checkpoint's number is the count of updates made, which is the count of batches consumed. The best
checkpoint and the latest two are kept, so that a damaged newest one costs the work since the one
before, and no more.
"""

import logging
from pathlib import Path

import jax
import numpy as np
import optax
import orbax.checkpoint as ocp

from xlt_flax.errors import UserError
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training.step import TrainState

_LATEST_KEPT = 2


class Checkpoints:
    """The checkpoints of one workdir.

    On several hosts, only the first writes; each reads for itself.

    Args:
      directory: made if `writable`.
      writable: whether this process may save.
    """

    def __init__(self, directory: Path, writable: bool = False):
        self._kept_best: int | None = None
        self.directory = directory
        if writable:
            directory.mkdir(parents=True, exist_ok=True)
        self._manager = ocp.CheckpointManager(
            directory,
            options=ocp.CheckpointManagerOptions(
                create=False,  # which Orbax cannot do for one of several hosts
                read_only=not writable,
                preservation_policy=_KeepBestAndLatest(self),
                enable_async_checkpointing=writable,
                multiprocessing_options=_this_process_alone(),
            ),
            item_names=("params", "optimizer", "vocabulary"),
        )

    def steps(self) -> list[int]:
        """Of finished checkpoints, ascending; asks the disk anew."""
        self._manager.reload()
        return sorted(self._manager.all_steps())

    def save(self, state: TrainState, vocabulary: Vocabulary, best_step: int | None) -> None:
        """Copies the state to the host, and writes it while training goes on.

        Args:
          state: what to save.
          vocabulary: the rows of the word embedding that the state holds.
          best_step: the checkpoint that must be kept whatever follows; None if there is none yet.
        """
        self._kept_best = best_step
        copy = jax.tree.map(lambda leaf: np.array(leaf), state)  # step() will reuse the buffers
        saved = self._manager.save(
            int(copy.step),
            args=ocp.args.Composite(
                params=ocp.args.StandardSave(copy.params),
                optimizer=ocp.args.StandardSave(copy.opt_state),
                vocabulary=ocp.args.StandardSave(
                    {"ids": vocabulary.ids, "full_size": np.array(vocabulary.full_size)}
                ),
            ),
        )
        if not saved:
            raise RuntimeError(f"checkpoint {int(copy.step)} was not written to {self.directory}")

    def restore(
        self, step: int, optimizer: optax.GradientTransformation
    ) -> tuple[TrainState, Vocabulary]:
        """A checkpoint as it was saved: numpy arrays on the host, bit for bit."""
        params, vocabulary = self.restore_params(step)
        abstract = jax.eval_shape(optimizer.init, params)
        restored = self._manager.restore(
            step, args=ocp.args.Composite(optimizer=ocp.args.StandardRestore(_numpy_like(abstract)))
        )
        return TrainState(np.array(step, np.int32), params, restored.optimizer), vocabulary

    def restore_params(self, step: int) -> tuple[dict, Vocabulary]:
        """The weights alone, float32 numpy arrays, and the rows that their word embedding holds."""
        saved = self._manager.item_metadata(step)
        restored = self._manager.restore(
            step,
            args=ocp.args.Composite(
                params=ocp.args.StandardRestore(_numpy_like(saved.params)),
                vocabulary=ocp.args.StandardRestore(_numpy_like(saved.vocabulary)),
            ),
        )
        ids, full_size = restored.vocabulary["ids"], int(restored.vocabulary["full_size"])
        return restored.params, Vocabulary(ids, full_size)

    def find(self, which: str, best_step: int | None) -> int:
        """The step that `best`, `latest` or a number names.

        Raises:
          UserError: there is no such checkpoint; the message says which there are.
        """
        steps = self.steps()
        if not steps:
            raise UserError(f"{self.directory} holds no checkpoint yet: train first")
        if which == "latest":
            return steps[-1]
        if which == "best":
            wanted = steps[-1] if best_step is None else best_step
        elif which.isdecimal():
            wanted = int(which)
        else:
            raise UserError(f"--checkpoint={which} is not best, latest or a step")
        if wanted not in steps:
            named = f"{wanted}, the best one" if which == "best" else wanted
            raise UserError(
                f"{self.directory} holds no checkpoint of step {named}: "
                f"it has {', '.join(map(str, steps))}"
            )
        return wanted

    def wait(self) -> None:
        """Returns when all that was saved is on disk."""
        self._manager.wait_until_finished()

    def close(self) -> None:
        self._manager.close()


class _KeepBestAndLatest(ocp.checkpoint_managers.PreservationPolicy):
    def __init__(self, checkpoints: Checkpoints):
        self._checkpoints = checkpoints

    def should_preserve(self, checkpoints, *, context):
        del context
        first_kept = len(checkpoints) - _LATEST_KEPT
        best = self._checkpoints._kept_best
        return [i >= first_kept or info.step == best for i, info in enumerate(checkpoints)]


def _this_process_alone() -> ocp.options.MultiprocessingOptions:
    """Keeps Orbax from waiting for other hosts, which take no part in a save."""
    if jax.process_count() == 1:
        return ocp.options.MultiprocessingOptions()
    process = jax.process_index()
    return ocp.options.MultiprocessingOptions(
        primary_host=process,
        active_processes={process},
        barrier_sync_key_prefix=f"process_{process}",
    )


def _numpy_like(tree):
    return jax.tree.map(lambda leaf: np.empty(leaf.shape, leaf.dtype), tree)


logging.getLogger("orbax").setLevel(logging.ERROR)
