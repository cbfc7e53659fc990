"""`metrics.jsonl`, the record of a run, and the same for TensorBoard.

A line is a pure function of config and step (times go to the log), so a run that was killed and
went on has the very file of one that was not.
"""

import json
import os
from pathlib import Path

from xlt_flax import files
from xlt_flax.errors import UserError

TRAIN, VALIDATION = "train", "validation"
SOURCE = "source"  # stage one's best validation, as a J1 stage of protocol "thesis" took it over


def read_metrics(path: Path) -> list[dict]:
    """The lines of a metrics.jsonl; a last one that a kill cut short is left out.

    Raises:
      UserError: another line is not whole.
    """
    if not path.exists():
        return []
    lines = path.read_text("utf-8", errors="replace").split("\n")
    complete, records = lines[:-1], []
    for number, line in enumerate(complete, 1):
        try:
            records.append(json.loads(line))
        except ValueError:
            raise UserError(
                f"{path}: line {number} is not JSON: mend or remove that line"
            ) from None
    return records


def best_validation(records: list[dict]) -> dict | None:
    """The validation with the lowest loss, the earlier of equals; None if there was none.

    Where stage one's best was taken over (a line of split SOURCE, at step 0), it takes part, and
    all are compared by `score` (see training/protocol).
    """
    taken_over = any(record["split"] == SOURCE for record in records)
    criterion = "score" if taken_over else "loss"
    validations = [record for record in records if record["split"] in (VALIDATION, SOURCE)]
    return min(validations, key=lambda record: (record[criterion], record["step"]), default=None)


class MetricsLog:
    """Appends to metrics.jsonl, from where a run goes on.

    Args:
      path: of the file.
      step: of the checkpoint that the run goes on from; what was written of later steps, and will
        happen again, is dropped.
      writable: whether this process is the one that writes; others keep the records in memory.
    """

    def __init__(self, path: Path, step: int, writable: bool):
        self.records = [record for record in read_metrics(path) if record["step"] <= step]
        if writable:
            files.write_json_lines(path, self.records)
        self._file = open(path, "a", encoding="utf-8") if writable else None  # noqa: SIM115

    def write(self, step: int, epoch: int, split: str, **values: float) -> dict:
        """Adds a line; it is on disk after the next `sync`."""
        record = {"step": step, "epoch": epoch, "split": split, **values}
        self.records.append(record)
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
        return any(r["step"] == step and r["split"] == VALIDATION for r in self.records)
