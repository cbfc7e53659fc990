"""`metrics.jsonl`, the record of a run.

A line is a pure function of config and step (times go to the log), so a run that was killed and
went on has the very file of one that was not. A value that is no finite number is null, as JSON has
no other word for it; in older files it may stand as NaN.
"""

import json
import logging
import math
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xlt_flax import files
from xlt_flax.errors import RunError, UserError

log = logging.getLogger("xlt_flax")

TRAIN, VALIDATION = "train", "validation"
TEST = "test_"  # before a language's name: its test set, of config.eval.languages
SOURCE = "source"  # stage one's best validation, as a J1 stage of protocol "thesis" took it over

# {config.eval.best: the value of a validation's line that is compared}
LOWEST = {"loss": "loss", "batch_sum": "score"}
HIGHEST = {name: name for name in ("accuracy", "micro_f1", "macro_f1")}
BEST_BY = (*LOWEST, *HIGHEST)


def read_metrics(path: Path, *splits: str) -> list[dict]:
    """The lines of a metrics.jsonl, of some splits or of all; a last one that a kill cut short is
    left out.

    Raises:
      UserError: another line is not whole.
    """
    try:
        return [record for record in _stream(path) if not splits or record["split"] in splits]
    except _BrokenLineError as broken:
        raise UserError(
            f"{path}: line {broken.number} is not a record: mend or remove that line; if the "
            "training is not done, its command does so"
        ) from None


class _BrokenLineError(Exception):
    """A line that is no record.

    Attributes:
      number: of the line, from 1.
    """

    def __init__(self, number: int):
        self.number = number


def _stream(path: Path) -> Iterator[dict]:
    """The records one by one.

    Raises:
      _BrokenLineError: a line is none.
    """
    if not path.exists():
        return
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith("\n"):  # cut by a kill
                return
            try:
                record = json.loads(line)
                record["step"], record["split"]  # every reader asks for these
            except (ValueError, KeyError, TypeError):
                raise _BrokenLineError(number) from None
            yield {name: finite_or_none(value) for name, value in record.items()}


def finite_or_none(value: object) -> object:
    """A value as JSON has it: None for a float that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def batch_sum(losses: np.ndarray, batch_size: int) -> float:
    """The thesis's validation score: the sum, over batches, of a batch's mean loss.

    Args:
      losses: float[documents], in the order of the validation documents.
      batch_size: documents of a batch; the last one may hold fewer, and weighs as much.
    """
    losses = np.asarray(losses, np.float64)
    starts = range(0, len(losses), batch_size)
    return float(sum(losses[start : start + batch_size].mean() for start in starts))


def best_validation(records: list[dict], best_by: str = "loss") -> dict | None:
    """The best validation, the earlier of equals; None if there was none. One whose value or loss
    is not finite never is the best: a model that is no number has an accuracy as well.

    Where stage one's best was taken over (a line of split SOURCE, at step 0), it takes part, and
    all are compared by batch sum (see training/starts), whatever `best_by`.

    Args:
      records: of a run.
      best_by: the run's `config.eval.best`, one of BEST_BY.
    """
    value = compared_value(records, best_by)
    sign = -1 if value in HIGHEST else 1
    validations = [
        record
        for record in records
        if record["split"] in (VALIDATION, SOURCE) and None not in (record[value], record["loss"])
    ]
    return min(validations, key=lambda record: (sign * record[value], record["step"]), default=None)


def compared_value(records: list[dict], best_by: str) -> str:
    """The name, in the records, of the value that `best_validation` compares; of the batch sum,
    "score"."""
    if any(record["split"] == SOURCE for record in records):
        return LOWEST["batch_sum"]
    return (LOWEST | HIGHEST)[best_by]


def validations_since_best(records: list[dict], best_by: str = "loss") -> int:
    """How many validations came after the best one; all of them, if none is the best.

    Arguments as of `best_validation`.
    """
    best = best_validation(records, best_by)
    after = -1 if best is None else best["step"]
    return sum(record["split"] == VALIDATION and record["step"] > after for record in records)


def has_no_best(records: list[dict], best_by: str = "loss") -> bool:
    """Whether there were validations, and what is compared of them (`best_by`) is never finite."""
    validated = any(record["split"] == VALIDATION for record in records)
    return validated and best_validation(records, best_by) is None


def _up_to(path: Path, step: int) -> Iterator[dict]:
    """The records up to a step; damaged lines after it will be written anew.

    Raises:
      RunError: they are not all there, or not in order.
    """
    trained, broken = 0, 0
    try:
        for record in _stream(path):
            if record["step"] > step:
                continue
            if record["split"] == TRAIN:
                trained += 1
                if record["step"] != trained:
                    trained = -1
                    break
            yield record
    except _BrokenLineError as error:
        broken = error.number
    if trained != max(step, 0):
        at = f" (line {broken} is not a record)" if broken else ""
        raise RunError(
            f"{path}{at} does not hold each step up to checkpoint {step} once, so which "
            f"checkpoint is the best is unknown: restore the file, or remove {path.parent} to run "
            "it again, to the same numbers"
        )
    if broken:
        log.warning("%s: line %d is not a record; it and what follows is redone", path, broken)


class MetricsLog:
    """Appends to metrics.jsonl, from where a run goes on.

    Args:
      path: of the file.
      step: of the checkpoint that the run goes on from; what was written of later steps, and will
        happen again, is dropped.
      writable: whether this process is the one that writes; others read what was validated.

    Attributes:
      validations: the records that say which checkpoint is the best: validations, and what was
        taken over of stage one. Those of steps and of test sets are in the file alone.

    Raises:
      RunError: the lines up to `step` are not all there, so that the best checkpoint is not known.
    """

    def __init__(self, path: Path, step: int, writable: bool):
        self.validations: list[dict] = []
        self._has: set[tuple[int, str]] = set()  # step and split of all lines but those of updates
        kept = map(self._remembered, _up_to(path, step))
        if writable:
            files.write_json_lines(path, kept)
        else:
            deque(kept, maxlen=0)
        self._file = open(path, "a", encoding="utf-8") if writable else None  # noqa: SIM115

    def _remembered(self, record: dict) -> dict:
        if record["split"] != TRAIN:
            self._has.add((record["step"], record["split"]))
        if record["split"] in (VALIDATION, SOURCE):
            self.validations.append(record)
        return record

    def write(self, step: int, epoch: int, split: str, **values: float) -> dict:
        """Adds a line, and returns it; it is on disk after the next `sync`."""
        finite = {name: finite_or_none(value) for name, value in values.items()}
        record = self._remembered({"step": step, "epoch": epoch, "split": split, **finite})
        if self._file:
            self._file.write(json.dumps(record) + "\n")
        return record

    def sync(self) -> None:
        """Returns when all lines are on disk; called before each checkpoint that follows them."""
        if self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self.sync()
        if self._file:
            self._file.close()

    def validated(self, step: int) -> bool:
        return self.has(step, VALIDATION)

    def has(self, step: int, split: str) -> bool:
        """Whether there is a line of a split, other than of updates, at a step."""
        return (step, split) in self._has
