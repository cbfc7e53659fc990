"""What a written table has: the input's columns under their own names, then the prediction's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from xlt_flax.data.examples import LabelSet
from xlt_flax.errors import UserError
from xlt_flax.prediction.answers import Answer, Asked
from xlt_flax.prediction.table_in import Row, TableIn

_PREFIX = "predicted_"  # of what is ours, and called as a column of the input


@dataclass(frozen=True)
class Shape:
    """Of a table that is written.

    Attributes:
      kept: columns of the input.
      types: {kept column: its pyarrow.DataType} of those that are more than text.
      own: what the prediction's columns are called: "label" (or "labels"), "probability" (of one
        label), each class; or "class_1", "probability_1", … of the most probable. Of jsonl "label"
        (or "labels"), "probabilities" and, unless the input has it, "id".
      meant: what they would be called if no other had that name.
      several: whether a document may have several labels.
      separator: between them, where they are a text.
      is_top: whether the most probable classes alone are shown.
      is_open: whether a row may have columns of its own.
    """

    kept: tuple[str, ...]
    types: Mapping[str, Any]
    own: tuple[str, ...]
    meant: tuple[str, ...]
    several: bool
    separator: str
    is_top: bool
    is_open: bool

    def renamed(self) -> dict[str, str]:
        """{what it would be called: what it is called} where another has that name."""
        pairs = zip(self.meant, self.own, strict=True)
        return {name: given for name, given in pairs if name != given}

    def cells(self, answer: Answer) -> list[Any]:
        """Of a format with columns, behind the label."""
        shown = answer.classes
        classes = [cell for one in shown for cell in one] if self.is_top else [p for _, p in shown]
        return classes if self.several else [answer.probability, *classes]

    def require_kept(self, rows: Sequence[Row], looked: TableIn) -> None:
        """
        Raises:
          UserError: a row of a pipe has a column that the first had not, and there is none for it.
        """
        if looked.count is not None:
            return
        for row in rows:
            new = [name for name in row.values if name not in self.kept]
            if refused := [name for name in new if not self.is_open or name in self.own]:
                raise UserError(
                    f"{looked.where(row)}: has {refused[0]!r}, which the first row has not, and "
                    "what is called how was settled by that: give a file instead of a pipe"
                )


class Writer(Protocol):
    """Writes rows as they come; made with (stream, shape, whether columns are named first)."""

    def write(self, rows: Sequence[Row], said: Iterable[Answer]) -> None:
        """Rows with what is said of each."""

    def close(self) -> None:
        """Writes what is left; the stream stays open."""


def table_shape(looked: TableIn, labels: LabelSet, asked: Asked) -> Shape:
    """Of a format with columns."""
    ranks = range(1, (asked.top_k or 0) + 1)
    top = [name for rank in ranks for name in (f"class_{rank}", f"probability_{rank}")]
    first = ["labels"] if labels.several else ["label", "probability"]
    return _shape(looked, labels, asked, [*first, *(top or labels.names)], is_open=False)


def object_shape(looked: TableIn, labels: LabelSet, asked: Asked) -> Shape:
    """Of jsonl, where classes are an object of their own."""
    label, ids = "labels" if labels.several else "label", () if "id" in looked.names else ("id",)
    return _shape(looked, labels, asked, [label, "probabilities", *ids], is_open=True)


def _shape(
    looked: TableIn, labels: LabelSet, asked: Asked, meant: Sequence[str], is_open: bool
) -> Shape:
    own, taken = [], {*looked.names}
    for name in meant:
        while name in taken:
            name = _PREFIX + name
        own.append(name)
        taken.add(name)
    is_top = asked.top_k is not None
    given, separator = (tuple(own), tuple(meant)), looked.columns.labels_separator
    return Shape(looked.names, looked.types, *given, labels.several, separator, is_top, is_open)
