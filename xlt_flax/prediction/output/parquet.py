"""parquet: numbers and truth values of the input stay what they are, other columns are text."""

from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from xlt_flax.data.sources.files.columns import any_as_text
from xlt_flax.prediction.answers import Answer
from xlt_flax.prediction.output.shape import Shape
from xlt_flax.prediction.table_in import Row


class Parquet:
    """A Writer (output/shape) of a row group a part."""

    def __init__(self, stream: BinaryIO, shape: Shape, header: bool):
        import pyarrow
        from pyarrow.parquet import ParquetWriter

        del header  # a parquet file is whole by itself
        self._shape = shape
        self._schema = pyarrow.schema([*zip(self._names(), self._types(), strict=True)])
        self._writer = ParquetWriter(stream, self._schema)

    def write(self, rows: Sequence[Row], said: Iterable[Answer]) -> None:
        import pyarrow

        kept = [[_cell(row, name, self._shape) for row in rows] for name in self._shape.kept]
        own = zip(*(self._cells(answer) for answer in said), strict=True)
        pairs = zip([*kept, *own], self._schema, strict=True)
        arrays = [pyarrow.array(values, field.type) for values, field in pairs]
        self._writer.write_table(pyarrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()

    def _names(self) -> list[str]:
        return [*self._shape.kept, *self._shape.own]

    def _types(self) -> list[Any]:
        import pyarrow

        text, number, shape = pyarrow.string(), pyarrow.float64(), self._shape
        label = [pyarrow.list_(text)] if shape.several else [text, number]
        classes = len(shape.own) - len(label)
        pattern = [text, number] * (classes // 2) if shape.is_top else [number] * classes
        return [*(shape.types.get(name, text) for name in shape.kept), *label, *pattern]

    def _cells(self, answer: Answer) -> list[Any]:
        label = next(iter(answer.labels), None)
        first = list(answer.labels) if self._shape.several else label
        return [first, *self._shape.cells(answer)]


def _cell(row: Row, name: str, shape: Shape) -> Any:
    value = row.values.get(name)
    return value if name in shape.types else any_as_text(value)
