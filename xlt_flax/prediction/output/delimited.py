"""csv and tsv as RFC 4180 has them, in UTF-8; several labels are joined by `Shape.separator`."""

import csv
import io
from collections.abc import Iterable, Sequence
from functools import partial
from typing import BinaryIO

from xlt_flax.data.sources.files.columns import any_as_text
from xlt_flax.prediction.answers import Answer
from xlt_flax.prediction.output.shape import Shape
from xlt_flax.prediction.table_in import Row


class Delimited:
    """A Writer (output/shape) of values between delimiters."""

    def __init__(self, stream: BinaryIO, shape: Shape, header: bool, delimiter: str):
        self._stream, self._shape = stream, shape
        self._text = io.StringIO(newline="")
        make = partial(csv.writer, self._text, delimiter=delimiter, lineterminator="\n")
        # Python's writer leaves a carriage return unquoted, which readers take for a line's end.
        self._plain, self._quoted = make(), make(quoting=csv.QUOTE_ALL)
        if header:
            self._add([*shape.kept, *shape.own])
        self._send()

    def write(self, rows: Sequence[Row], said: Iterable[Answer]) -> None:
        for row, answer in zip(rows, said, strict=True):
            kept = [any_as_text(row.values.get(name)) for name in self._shape.kept]
            said_of_it = self._shape.separator.join(answer.labels)
            self._add([*kept, said_of_it, *self._shape.cells(answer)])
        self._send()

    def close(self) -> None:
        pass

    def _add(self, cells: Sequence[str | float | None]) -> None:
        holds_return = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (self._quoted if holds_return else self._plain).writerow(cells)

    def _send(self) -> None:
        self._stream.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()
