"""Where a run starts: its weights, its optimizer's state, its count of epochs. In order of
precedence:

  1. the newest whole checkpoint of its workdir;
  2. under protocol "thesis", all of stage one's best checkpoint, as step 0;
  3. the weights of the checkpoint that `init_from` names, with a new optimizer;
  4. the weights of the model, with a new optimizer.

Protocol "thesis" of a J1 stage is stage two as the thesis's program ran it: it was given stage
one's trainer again, as it stood at stage one's best checkpoint. So, as it is read here:
  - the weights and the optimizer's state are those of stage one's best checkpoint;
  - the count of epochs goes on from the epoch after that one: with `train.epochs` 10 and a best
    epoch of 4, stage two has epochs 5 to 10; with a best epoch of 10 it has none;
  - one tracker keeps the best checkpoint of both stages, by `batch_sum`: the lowest wins, the
    earlier of equals. Stage one's 300 validation documents make 38 batches and J1's 100 make 13,
    so stage two is judged on a sum of fewer terms, of other documents.
A stage two that never beats stage one's score, or has no epochs left, ends with stage one's model.
In the thesis's program the tracker went by `batch_sum` in stage one already; here stage one's own
`eval.best` chose its checkpoint, "loss" unless it says "batch_sum" (as configs/thesis_listing.py).

A workdir still counts its own updates from 0: its checkpoint 0 is stage one's model, and the first
line of its metrics.jsonl, split "source", is stage one's best validation. Whatever stage one's
workdir becomes later, the run goes on by these two.

Protocol "clean" takes over the weights alone, and needs nothing of this.
"""

import logging
from dataclasses import dataclass

import numpy as np
import optax
from ml_collections import ConfigDict

from xlt_flax.errors import RunError, UserError
from xlt_flax.modeling.vocabulary import Vocabulary, join, word_embedding
from xlt_flax.training import processes
from xlt_flax.training.checkpoints import Checkpoints, DamagedCheckpoint
from xlt_flax.training.initial_weights import initial_params, unused_rows
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.metrics import SOURCE, VALIDATION, read_metrics
from xlt_flax.training.stages import Start
from xlt_flax.training.step import TrainState, new_state
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")


@dataclass(frozen=True)
class TakenOver:
    """What a run has of the stage before it besides weights; under protocol "clean", nothing.

    Attributes:
      epochs: that count as done.
      record: values of the line that the run's metrics begin with; None: there is none.
    """

    epochs: int = 0
    record: dict[str, float] | None = None


@dataclass(frozen=True)
class FirstState:
    """What training begins or goes on with.

    Attributes:
      state: on the host.
      vocabulary: the rows of the word embedding that it holds.
      is_new: whether nothing of the run was saved before.
      table: float32[vocabulary, hidden], all rows, of a new run that holds some of them.
    """

    state: TrainState
    vocabulary: Vocabulary
    is_new: bool
    table: np.ndarray | None = None


def taken_over(config: ConfigDict, workdir: Workdir, start: Start) -> TakenOver:
    """What a run has of the stage before it besides weights.

    Args:
      config: of the run.
      workdir: of the run; where it has begun, its own record counts.
      start: the checkpoint that it starts from.

    Raises:
      UserError: under protocol "thesis", it cannot be gone on from.
    """
    if config.protocol != "thesis":
        return TakenOver()
    if workdir.has_checkpoints():
        lines = read_metrics(workdir.metrics, SOURCE)
        if not lines:
            raise UserError(
                f"{workdir.metrics} has lost its first line, what stage one scored: remove "
                f"{workdir.path} and run it again"
            )
        return _taken_over(lines[0], lines[0]["checkpoint"])
    source, step = start.checkpoint
    _require_same_optimizer(config, source.read_config())
    lines = read_metrics(source.metrics, VALIDATION)
    line = next((line for line in lines if line["step"] == step), {})
    if line.get("score") is None:
        raise UserError(
            f"config.init_from: {source.path} has no validation with a finite score at step "
            f"{step}, which config.protocol='thesis' compares: train it (again), or set "
            "config.protocol=clean"
        )
    return _taken_over(line, step)


def first_state(
    config: ConfigDict,
    inputs: Inputs,
    workdir: Workdir,
    start: Start,
    wanted: Vocabulary,
    optimizer: optax.GradientTransformation,
) -> FirstState:
    """The state that training begins or goes on with, in the order of precedence above.

    Args:
      config: of the run.
      inputs: what it names.
      workdir: of the run.
      start: what it starts from, or did start from.
      wanted: the rows of the word embedding that it must hold.
      optimizer: of the run.

    Raises:
      UserError: weights cannot be had, or do not fit.
      RunError: the run has checkpoints, and all are damaged.
    """
    if found := restore_newest_whole(workdir, optimizer):
        is_new, owner = False, workdir.path
    elif config.protocol == "thesis":
        is_new, owner, found = True, start.checkpoint[0].path, _stage_ones(start, optimizer)
    else:
        whole = initial_params(config, inputs, start)
        table = None if wanted.is_whole else word_embedding(whole)
        return FirstState(new_state(wanted.select(whole), optimizer), wanted, True, table)
    state, held = found
    inputs.base.require_fit(state.params, held.full_size, owner)
    if held.is_whole or (held.holds(wanted) and not is_new):
        return FirstState(state, held, is_new)
    table = unused_rows(config, inputs, start, int(state.step))
    if held.holds(wanted):
        return FirstState(state, held, is_new, table)
    joined = join(held, wanted)
    params = held.move(state.params, joined, table)
    opt_state = held.move(state.opt_state, joined, np.zeros_like(table))  # they had no gradient
    moved = TrainState(state.step, params, opt_state)
    return FirstState(moved, joined, is_new, table if is_new else None)


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
        log.info("restoring checkpoint %d", step)
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


def _stage_ones(
    start: Start, optimizer: optax.GradientTransformation
) -> tuple[TrainState, Vocabulary]:
    """Stage one's checkpoint as step 0, on the host, and the rows that it holds."""
    source, step = start.checkpoint
    state, held = Checkpoints(source.checkpoints).restore(step, optimizer)
    return TrainState(np.zeros((), np.int32), state.params, state.opt_state), held


def _taken_over(line: dict, checkpoint: int) -> TakenOver:
    place = ("step", "epoch", "split", "checkpoint")
    scores = {name: value for name, value in line.items() if name not in place}
    return TakenOver(line["epoch"], {**scores, "checkpoint": checkpoint})


def _require_same_optimizer(config: ConfigDict, source: ConfigDict) -> None:
    """The state of an optimizer that clips has one part more."""
    if bool(config.train.clip_norm) != bool(source.train.clip_norm):
        raise UserError(
            f"config.train.clip_norm is {config.train.clip_norm}, but {config.init_from} was "
            f"trained with {source.train.clip_norm}: config.protocol='thesis' goes on with its "
            "optimizer, so give both or neither a limit"
        )
