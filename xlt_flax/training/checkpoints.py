"""Orbax checkpoints of a run: one a step number, with `params`, `optimizer` and `vocabulary`.

A checkpoint's number is the count of updates made, which is the count of batches consumed. The best
checkpoint and the latest two are kept, so that a damaged newest one costs the work since the one
before, and no more; of a run that is done, the best and the last.

Each holds digests of its own values, written with them. What is restored is compared with these, so
a file that is cut, gone or changed never goes into training or evaluation.
"""

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp

from xlt_flax import failures, files
from xlt_flax.errors import UserError
from xlt_flax.modeling.digests import digest
from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training.quiet_orbax import quiet_orbax
from xlt_flax.training.step import TrainState
from xlt_flax.workdir import Workdir

_Tree = TypeVar("_Tree")

_LATEST_KEPT = 2  # while training; of a finished run, the last one
_DIGESTS = "sha256"  # in a checkpoint's own metadata: {"params": "…", "optimizer": "…", …}


class DamagedCheckpoint(UserError):  # noqa: N818  (it is a state of affairs that one asks for)
    """A checkpoint that does not come back as it was saved.

    Attributes:
      step: its number.
      reason: in a few words.
    """

    def __init__(self, directory: Path, step: int, reason: str):
        self.step, self.reason = step, reason
        super().__init__(
            f"checkpoint {step} of {directory} is damaged ({reason}): {_ways_out(directory)}"
        )


class Checkpoints:
    """The checkpoints of one workdir.

    On several hosts, only the first writes; each reads for itself.

    Args:
      directory: made if `writable`.
      writable: whether this process may save.
    """

    def __init__(self, directory: Path, writable: bool = False):
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="checkpoint-writer")
        self._writing: Future | None = None
        self._kept_best: int | None = None
        self._latest_kept = _LATEST_KEPT
        self.directory = directory
        if writable:
            directory.mkdir(parents=True, exist_ok=True)
        with quiet_orbax():
            self._manager = ocp.CheckpointManager(
                directory,
                options=ocp.CheckpointManagerOptions(
                    create=False,  # which Orbax cannot do for one of several hosts
                    read_only=not writable,
                    preservation_policy=_KeepBestAndLatest(self),
                    cleanup_tmp_directories=writable,  # of saves that were killed
                    lightweight_initialize=True,  # one damaged checkpoint must not hide the others
                    enable_async_checkpointing=False,  # saves have a thread of their own
                    multiprocessing_options=_this_process_alone(),
                ),
                item_names=("params", "optimizer", "vocabulary"),
            )

    def steps(self) -> list[int]:
        """Of finished checkpoints, ascending; asks the disk anew."""
        names = ocp.path.step.standard_name_format()
        return sorted(found.step for found in names.find_all(self.directory))

    def save(
        self,
        state: TrainState,
        vocabulary: Vocabulary,
        best_step: int | None,
        is_last: bool = False,
    ) -> None:
        """Copies the state on its device, and fetches, hashes and writes it while training goes on.

        What is wrong with the save before this one is raised here; with the last, by `wait`.

        Args:
          state: what to save.
          vocabulary: the rows of the word embedding that the state holds.
          best_step: the checkpoint that must be kept whatever follows; None if there is none yet.
          is_last: whether nothing will follow, so that those between need not be kept.
        """
        self.wait()
        self._kept_best = best_step
        self._latest_kept = 1 if is_last else _LATEST_KEPT
        copy = jax.tree.map(jnp.copy, state)  # the next step will reuse the state's buffers
        self._writing = self._writer.submit(self._write, copy, vocabulary)

    def _write(self, state: TrainState, vocabulary: Vocabulary) -> None:
        copy = jax.device_get(state)
        items = {
            "params": copy.params,
            "optimizer": copy.opt_state,
            "vocabulary": {"ids": vocabulary.ids, "full_size": np.array(vocabulary.full_size)},
        }
        saved = self._manager.save(
            int(copy.step),
            args=ocp.args.Composite(
                **{name: ocp.args.StandardSave(item) for name, item in items.items()}
            ),
            custom_metadata={_DIGESTS: {name: digest(item) for name, item in items.items()}},
        )
        if not saved:
            raise RuntimeError(f"checkpoint {int(copy.step)} was not written to {self.directory}")

    def restore(
        self, step: int, optimizer: optax.GradientTransformation
    ) -> tuple[TrainState, Vocabulary]:
        """A checkpoint as it was saved: numpy arrays on the host, bit for bit.

        Raises:
          DamagedCheckpoint: it is not as it was saved.
        """
        params, vocabulary = self.restore_params(step)
        abstract = jax.eval_shape(optimizer.init, params)
        restored = self._restore(step, optimizer=_numpy_like(abstract))
        return TrainState(np.array(step, np.int32), params, restored["optimizer"]), vocabulary

    def restore_params(self, step: int) -> tuple[dict, Vocabulary]:
        """The weights alone, float32 numpy arrays, and the rows that their word embedding holds.

        Raises:
          DamagedCheckpoint: they are not as they were saved.
        """
        with self._damage_named(step):
            saved = self._manager.item_metadata(step)
            shapes = {name: _numpy_like(saved[name]) for name in ("params", "vocabulary")}
        restored = self._restore(step, **shapes)
        held = restored["vocabulary"]
        return restored["params"], Vocabulary(held["ids"], int(held["full_size"]))

    def params_digest(self, step: int) -> str:
        """The digest that the weights of a checkpoint were saved with; reads no weights.

        Raises:
          DamagedCheckpoint: it has none.
        """
        with self._damage_named(step):
            return self._digests(step)["params"]

    def _digests(self, step: int) -> dict[str, str]:
        return (self._manager.metadata(step).custom_metadata or {}).get(_DIGESTS, {})

    def set_aside(self, step: int) -> Path:
        """Takes a damaged checkpoint out of the way of the one that will replace it."""
        aside = self.directory / f"damaged-{step}"
        shutil.rmtree(aside, ignore_errors=True)
        (self.directory / str(step)).rename(aside)
        return aside

    def _restore(self, step: int, **shapes: Params) -> dict[str, Any]:
        """Items of a checkpoint, if they are what their digests say."""
        with self._damage_named(step):
            restored = self._manager.restore(
                step,
                args=ocp.args.Composite(
                    **{name: ocp.args.StandardRestore(shape) for name, shape in shapes.items()}
                ),
            )
            digests = self._digests(step)
            for name in shapes:
                if digests.get(name) != digest(restored[name]):
                    was = "has other values than" if name in digests else "lacks the digest of what"
                    raise DamagedCheckpoint(self.directory, step, f"its {name} {was} were saved")
        return {name: restored[name] for name in shapes}

    @contextmanager
    def _damage_named(self, step: int) -> Iterator[None]:
        """Whatever a reader says of a checkpoint that it cannot read, the checkpoint is damaged;
        unless it may not be read, or there is no room for it."""
        try:
            with quiet_orbax():
                yield
        except DamagedCheckpoint:
            raise
        except Exception as error:
            if refused := failures.explain(error):
                raise refused from error
            files.require_readable(self.directory / str(step))  # or Orbax takes it for missing
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise DamagedCheckpoint(self.directory, step, f"{reason[:120]} …") from error

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
            ways_out = f"; {_ways_out(self.directory)}" if which == "best" else ""
            raise UserError(
                f"{self.directory} holds no checkpoint of step {named}: "
                f"it has {', '.join(map(str, steps))}{ways_out}"
            )
        return wanted

    def wait(self) -> None:
        """Returns when all that was saved is on disk."""
        if self._writing:
            self._writing.result()

    def close(self) -> None:
        """Waits as well."""
        try:
            self.wait()
        finally:
            self._writer.shutdown()
            self._manager.close()


class _KeepBestAndLatest(ocp.checkpoint_managers.PreservationPolicy):
    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints

    def should_preserve(
        self,
        checkpoints: Sequence[ocp.checkpoint_managers.PolicyCheckpointInfo],
        *,
        context: object,
    ) -> Sequence[bool]:
        del context
        first_kept = len(checkpoints) - self._checkpoints._latest_kept
        best = self._checkpoints._kept_best
        return [i >= first_kept or info.step == best for i, info in enumerate(checkpoints)]


def _ways_out(directory: Path) -> str:
    return (
        "let its training go on if it is not done; or evaluate another, --checkpoint=STEP; or "
        f"remove {directory} and {Workdir(directory.parent).done} and train again, to the same "
        "numbers"
    )


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


def _numpy_like(tree: _Tree) -> _Tree:
    return jax.tree.map(lambda leaf: np.empty(leaf.shape, leaf.dtype), tree)
