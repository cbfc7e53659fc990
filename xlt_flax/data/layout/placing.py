"""Documents packed several to a row: which device and which row each goes to."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np


@dataclass(frozen=True)
class Shape:
    """What a device computes at once: `rows` of `row_length` tokens, `documents` at most."""

    rows: int
    row_length: int
    documents: int

    @property
    def tokens(self) -> int:
        return self.rows * self.row_length

    def fits(self, lengths: Sequence[int]) -> bool:
        """Whether documents of these lengths find a place."""
        if len(lengths) > self.documents or sum(lengths) > self.tokens:
            return False
        return (
            max(lengths, default=0) <= self.row_length
            and len(pack(lengths, self.row_length)) <= self.rows
        )


def pack(lengths: Sequence[int] | np.ndarray, row_length: int) -> list[list[int]]:
    """Places documents in rows, longest first, each where it leaves least room (best fit).

    For a batch: work goes by documents. (All documents of an evaluation are placed by `cut`.)

    Args:
      lengths: of the documents; none is longer than a row.
      row_length: tokens that a row holds.

    Returns:
      For each row the indices of its documents.
    """
    lengths = [int(n) for n in lengths]
    _require_fit(max(lengths, default=0), row_length)
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (tokens left, row) of each row, sorted
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        at = bisect_left(room, (lengths[index], -1))
        if at == len(room):
            rows.append([])
            left, row = row_length, len(rows) - 1
        else:
            left, row = room.pop(at)
        rows[row].append(index)
        insort(room, (left - lengths[index], row))
    return rows


def spread(lengths: Sequence[int], devices: int) -> list[list[int]]:
    """Shares a batch out, as many documents to each device (give or take the last), about as many
    tokens: indices. The loss is a mean over all devices, so it does not matter which has which."""
    share = -(-len(lengths) // devices)
    shares: list[list[int]] = [[] for _ in range(devices)]
    tokens = [0] * devices
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        open_to = [d for d in range(devices) if len(shares[d]) < share]
        device = min(open_to, key=lambda d: tokens[d])
        shares[device].append(index)
        tokens[device] += int(lengths[index])
    return shares


def cut(lengths: np.ndarray, shape: Shape) -> Iterator[list[np.ndarray]]:
    """Cuts any number of documents into batches of one shape, nearly full.

    Rows are filled from all documents at once, so short ones close the gaps that long ones leave:
    each row takes the longest document left, then the longest left that fits beside it, and so on
    (first fit, longest first). Work goes by lengths and rows, not by documents.

    Args:
      lengths: int[documents]; none is 0, or longer than a row.
      shape: of each batch.

    Yields:
      for each batch, for each of its rows, int64[documents of the row]: indices, each once.
    """
    rows = _rows_of(lengths, shape.row_length, shape.documents // shape.rows)
    while batch := list(islice(rows, shape.rows)):
        yield batch


def _rows_of(lengths: np.ndarray, row_length: int, most: int) -> Iterator[np.ndarray]:
    """int64[documents of the row], indices, for each row; `most` documents in each at most."""
    counts = np.bincount(lengths)
    _require_fit(len(counts) - 1, row_length)
    order = np.argsort(lengths, kind="stable")
    first = np.cumsum(counts) - counts  # of each length's documents in that order
    for row, times in _kinds_of_rows(counts.tolist(), row_length, most):
        columns = []
        for length, number in row:
            taken = order[first[length] : first[length] + times * number]
            columns.append(taken.reshape(times, number))
            first[length] += times * number
        yield from np.concatenate(columns, axis=1)


def _kinds_of_rows(
    left: list[int], row_length: int, most: int
) -> Iterator[tuple[list[tuple[int, int]], int]]:
    """The rows that hold left[n] documents of length n: (length, number) pairs of a row, and how
    many rows in succession are like it, which are all until documents of some length run out."""
    lengths = [length for length, count in enumerate(left) if count]
    while lengths:
        row, room, places, end = [], row_length, most, len(lengths)
        while places and (end := bisect_right(lengths, room, hi=end)):
            end -= 1
            length = lengths[end]
            number = min(left[length], room // length, places)
            row.append((length, number))
            room, places = room - number * length, places - number
        times = min(left[length] // number for length, number in row)
        for length, number in row:
            left[length] -= times * number
        lengths = [length for length in lengths if left[length]]
        yield row, times


def _require_fit(longest: int, row_length: int) -> None:
    if longest > row_length:
        raise ValueError(f"a document of {longest} tokens does not fit a row of {row_length}")
