"""Protocol "thesis" of a J1 stage: stage two as the thesis's program ran it.

In that program stage two was given stage one's trainer again, as it stood at stage one's best
checkpoint (DESIGN of the experiment, section 2 of the thesis's listing). So, as it is read here:
  - the weights and the optimizer's state are those of stage one's best checkpoint;
  - the count of epochs goes on from the epoch after that one: with `train.epochs` 10 and a best
    epoch of 4, stage two has epochs 5 to 10; with a best epoch of 10 it has none;
  - one tracker keeps the best checkpoint of both stages, by `batch_sum`: the lowest wins, the
    earlier of equals. Stage one's 300 validation documents make 38 batches and J1's 100 make 13,
    so stage two is judged on a sum of fewer terms, of other documents.
A stage two that never beats stage one's score, or has no epochs left, ends with stage one's model.

A workdir still counts its own updates from 0: its checkpoint 0 is stage one's model, and the first
line of its metrics.jsonl, split "source", is stage one's best validation. Whatever stage one's
workdir becomes later, the run goes on by these two.

Protocol "clean" takes over the weights alone, and needs nothing of this.
"""

from dataclasses import dataclass

import numpy as np
import optax
from ml_collections import ConfigDict

from xlt_flax.errors import UserError
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.metrics import SOURCE, VALIDATION, best_validation, read_metrics
from xlt_flax.training.sources import Start
from xlt_flax.training.step import TrainState
from xlt_flax.workdir import Workdir


@dataclass(frozen=True)
class StageOne:
    """What a run takes over of stage one.

    Attributes:
      checkpoint: step of its best checkpoint, in its own workdir.
      epoch: of that checkpoint.
      scores: what it scored on its own validation documents: loss, accuracy, `score`, ...
    """

    checkpoint: int
    epoch: int
    scores: dict[str, float]

    @property
    def record(self) -> dict[str, float]:
        """Values of the line that the run's metrics begin with."""
        return {**self.scores, "checkpoint": self.checkpoint}


def batch_sum(losses: np.ndarray, batch_size: int) -> float:
    """The thesis's validation score: the sum, over batches, of a batch's mean loss.

    Args:
      losses: float[documents], in the order of the validation documents.
      batch_size: documents of a batch; the last one may hold fewer, and weighs as much.
    """
    losses = np.asarray(losses, np.float64)
    starts = range(0, len(losses), batch_size)
    return float(sum(losses[start : start + batch_size].mean() for start in starts))


def find_stage_one(config: ConfigDict, workdir: Workdir, start: Start) -> StageOne | None:
    """What a run takes over of stage one; None unless `config.protocol` is "thesis".

    Args:
      config: of stage two.
      workdir: of stage two; where it has begun, its own record counts.
      start: the checkpoint of stage one that it starts from.

    Raises:
      UserError: it cannot be gone on from.
    """
    if config.protocol != "thesis":
        return None
    if workdir.has_checkpoints():
        taken_over = [r for r in read_metrics(workdir.metrics) if r["split"] == SOURCE]
        if not taken_over:
            raise UserError(
                f"{workdir.metrics} has lost its first line, what stage one scored: remove "
                f"{workdir.path} and run it again"
            )
        return _stage_one(taken_over[0], taken_over[0]["checkpoint"])
    _require_same_optimizer(config, start.source.read_config())
    records = read_metrics(start.source.metrics)
    record = next((r for r in records if (r["split"], r["step"]) == (VALIDATION, start.step)), {})
    if record.get("score") is None:
        raise UserError(
            f"config.init_from: {start.source.path} has no validation with a finite score at step "
            f"{start.step}, which config.protocol='thesis' compares: train it (again), or set "
            "config.protocol=clean"
        )
    return _stage_one(record, start.step)


def stage_one_state(
    start: Start, optimizer: optax.GradientTransformation
) -> tuple[TrainState, Vocabulary]:
    """Stage one's checkpoint as step 0, on the host, and the rows that it holds.

    Raises:
      UserError: stage one's workdir does not hold it.
    """
    state, held = Checkpoints(start.source.checkpoints).restore(start.step, optimizer)
    return state.replace(step=np.zeros((), np.int32)), held


def stage_one_note(workdir: Workdir, step: int) -> str:
    """Says that a checkpoint is stage one's model, and why; "" where it is not."""
    records = read_metrics(workdir.metrics)
    if step != 0 or not any(record["split"] == SOURCE for record in records):
        return ""
    best = best_validation(records)
    if best is None or best["step"] != 0:
        return "this is stage one's model, not the best one"
    if any(record["split"] == VALIDATION for record in records):
        never = "never beat" if workdir.done.exists() else "has not yet beaten"
        return f"stage two {never} stage one: this is stage one's model"
    if workdir.done.exists():
        return "stage two had no epochs left: this is stage one's model"
    return "stage two has no validation yet: this is stage one's model"


def _stage_one(record: dict, checkpoint: int) -> StageOne:
    place = ("step", "epoch", "split", "checkpoint")
    scores = {name: value for name, value in record.items() if name not in place}
    return StageOne(checkpoint, record["epoch"], scores)


def _require_same_optimizer(config: ConfigDict, source: ConfigDict) -> None:
    """The state of an optimizer that clips has one part more."""
    if bool(config.train.clip_norm) != bool(source.train.clip_norm):
        raise UserError(
            f"config.train.clip_norm is {config.train.clip_norm}, but {config.init_from} was "
            f"trained with {source.train.clip_norm}: config.protocol='thesis' goes on with its "
            "optimizer, so give both or neither a limit"
        )
