"""jsonl: the input's fields as they were, then id, label and probabilities."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from xlt_flax.prediction.answers import Answer
from xlt_flax.prediction.output.shape import Shape
from xlt_flax.prediction.table_in import Row


class Lines:
    """A Writer (output/shape) of a line a row, which `_line` makes of it."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream

    def write(self, rows: Sequence[Row], said: Iterable[Answer]) -> None:
        lines = (self._line(row, answer) for row, answer in zip(rows, said, strict=True))
        self._stream.write("".join(lines).encode())

    def close(self) -> None:
        pass

    def _line(self, row: Row, answer: Answer) -> str:
        raise NotImplementedError


class JsonLines(Lines):
    """A Writer (output/shape) of an object a line; what is no number is null."""

    def __init__(self, stream: BinaryIO, shape: Shape, header: bool):
        del header  # names stand in each line
        super().__init__(stream)
        self._shape = shape
        self._label, self._probabilities, *self._id = shape.own

    def _line(self, row: Row, answer: Answer) -> str:
        label = next(iter(answer.labels), None)
        record = {name: _finite(value) for name, value in row.values.items()}
        record |= dict.fromkeys(self._id, row.id)
        record[self._label] = list(answer.labels) if self._shape.several else label
        is_known = answer.probability is not None
        record[self._probabilities] = dict(answer.classes) if is_known else None
        return json.dumps(record, ensure_ascii=False) + "\n"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
