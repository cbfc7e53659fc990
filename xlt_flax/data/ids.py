"""Ids of documents as stores hold them: bytes one after the other, decoded when they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

_DECODED = 10_000  # ids that iterating decodes at once


@dataclass(frozen=True)
class IdTable:
    """The ids of one store.

    Attributes:
      data: uint8[bytes], all ids in UTF-8.
      offsets: int64[documents + 1], where each begins.
    """

    data: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, ids: Sequence[str]) -> "IdTable":
        """The table of ids in memory."""
        encoded = [one.encode() for one in ids]
        offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets)


class Ids(Sequence[str]):
    """Ids of documents of any stores, in any order; as good as a list of them, but for memory.

    Args:
      tables: of the stores.
      which: int[documents], the table of each.
      rows: int64[documents], its row there.
    """

    __hash__ = None  # type: ignore[assignment]  # as a list's: equal to lists, which have none

    def __init__(self, tables: Sequence[IdTable], which: np.ndarray, rows: np.ndarray):
        self._tables, self._which, self._rows = tables, which, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> "Ids": ...
    def __getitem__(self, index: int | slice) -> "str | Ids":
        if isinstance(index, slice):
            return Ids(self._tables, self._which[index], self._rows[index])
        table, row = self._tables[self._which[index]], self._rows[index]
        return table.data[table.offsets[row] : table.offsets[row + 1]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        views = [memoryview(table.data) for table in self._tables]  # type: ignore[arg-type]  # numpy's arrays are buffers
        for start in range(0, len(self), _DECODED):
            which, rows = (a[start : start + _DECODED] for a in (self._which, self._rows))
            begins, ends = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
            for number, table in enumerate(self._tables):
                at = which == number
                begins[at], ends[at] = table.offsets[rows[at]], table.offsets[rows[at] + 1]
            for number, begin, end in zip(
                which.tolist(), begins.tolist(), ends.tolist(), strict=True
            ):
                yield str(views[number][begin:end], "utf-8")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | tuple | Ids):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return f"Ids({list(self[:4])}{', …' if len(self) > 4 else ''})"
