"""Documents packed several to a row: where each goes, and which shapes a run compiles.

A shape is compiled once, so a run uses few; a batch takes the cheapest that it fits in. Costs are
counted in tokens: what a shape computes, padding included.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_GRAIN = 32  # lengths of rows are multiples of it
_SIMULATED = 256  # batches that shapes are chosen on
_SEED = 0


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


@dataclass(frozen=True)
class PackingPlan:
    """The shapes of a run, cheapest first; every batch that can come fits one of them.

    Attributes:
      shapes: see above.
      padding_fraction: of the tokens computed, the expected share that belongs to no document.
    """

    shapes: tuple[Shape, ...]
    padding_fraction: float

    def shape_for(self, shares: Sequence[Sequence[int]]) -> Shape:
        """The cheapest shape that fits every device's share, given as documents' lengths."""
        for shape in self.shapes:
            if all(shape.fits(share) for share in shares):
                return shape
        raise ValueError(f"documents of lengths {[list(share) for share in shares]} fit no shape")


def pack(lengths: Sequence[int], row_length: int, most: int | None = None) -> list[list[int]]:
    """Places documents in rows, longest first, each where it leaves least room (best fit).

    Args:
      lengths: of the documents; none is longer than a row.
      row_length: tokens that a row holds.
      most: documents that a row holds; None: no matter how many.

    Returns:
      For each row the indices of its documents.
    """
    lengths = [int(n) for n in lengths]
    if max(lengths, default=0) > row_length:
        raise ValueError(f"a document of {max(lengths)} tokens does not fit a row of {row_length}")
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (tokens left, row) of each row that is not full, sorted
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        at = bisect_left(room, (lengths[index], -1))
        if at == len(room):
            rows.append([])
            left, row = row_length, len(rows) - 1
        else:
            left, row = room.pop(at)
        rows[row].append(index)
        if len(rows[row]) != most:
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


def lay_out(
    documents: Sequence[np.ndarray], shape: Shape, pad_token_id: int = 0
) -> dict[str, np.ndarray]:
    """One device's batch for modeling.packed; slot d of `cls_index` is document d.

    input_ids, segment_ids, position_ids: int32[rows, row_length]; cls_index: int32[documents].
    """
    rows = pack([len(tokens) for tokens in documents], shape.row_length)
    if len(rows) > shape.rows or len(documents) > shape.documents:
        raise ValueError(f"{len(documents)} documents in {len(rows)} rows do not fit {shape}")
    batch = {
        "input_ids": np.full((shape.rows, shape.row_length), pad_token_id, np.int32),
        "segment_ids": np.zeros((shape.rows, shape.row_length), np.int32),
        "position_ids": np.zeros((shape.rows, shape.row_length), np.int32),
        "cls_index": np.zeros(shape.documents, np.int32),
    }
    for row, members in enumerate(rows):
        start = 0
        for number, index in enumerate(members, 1):
            tokens = documents[index]
            place = row, slice(start, start + len(tokens))
            batch["input_ids"][place] = tokens
            batch["segment_ids"][place] = number
            batch["position_ids"][place] = np.arange(len(tokens))
            batch["cls_index"][index] = row * shape.row_length + start
            start += len(tokens)
    return batch


def cut(lengths: Sequence[int], shape: Shape) -> list[list[int]]:
    """Cuts any number of documents into batches of one shape, nearly full: indices, each once.

    Rows are filled from all documents at once, so short ones close the gaps that long ones leave.
    """
    rows = pack(lengths, shape.row_length, most=shape.documents // shape.rows)
    groups = (rows[i : i + shape.rows] for i in range(0, len(rows), shape.rows))
    return [[index for row in group for index in row] for group in groups]


def choose_shapes(
    lengths: Sequence[int],
    batch_size: int,
    *,
    devices: int = 1,
    row_lengths: Sequence[int] | None = None,
    row_cost: float = 0.0,
    steps: int = 1000,
    compile_tokens: float = 5000,
    limit: int = 6,
) -> PackingPlan:
    """Chooses the shapes that cost least, in padding and compilations, over a run's random batches.

    Args:
      lengths: of all documents that can be in a batch.
      batch_size: documents of a step, over all devices.
      devices: that share a batch, as `spread` does.
      row_lengths: that may be used; None: everything in one row, of any length (for the CPU, where
        attention visits each document by itself and rows cost nothing).
      row_cost: what a token costs more for each token of its row: attention over whole rows, as a
        fraction of the token's other cost (about 2e-4 for BERT base).
      steps: of the run.
      compile_tokens: tokens that could be computed while one shape is compiled.
      limit: most shapes.
    """
    lengths = np.asarray(lengths)
    share = -(-batch_size // devices)
    longest = int(lengths.max())
    batches = _simulate(lengths, batch_size, devices)
    if row_lengths is None:
        sums = {_round_up(max(map(sum, batch))) for batch in batches}
        row_lengths = sorted(sums | {_round_up(share * longest)})
    elif max(row_lengths) < longest:
        raise ValueError(f"no row of {list(row_lengths)} holds a document of {longest} tokens")
    needed = {n: np.array([_rows_needed(batch, n) for batch in batches]) for n in row_lengths}
    candidates = _candidates(needed, share, longest)
    price = np.array([s.tokens * (1 + row_cost * s.row_length) for s in candidates])
    fits = np.array([needed[s.row_length] <= s.rows for s in candidates]).T
    cost = np.where(fits, price, np.inf)
    always = [i for i, s in enumerate(candidates) if _holds_any(s, share, longest)]
    chosen = _cheapest_subset(
        cost, min(always, key=lambda i: price[i]), limit, compile_tokens / steps
    )

    chosen.sort(key=lambda i: price[i])
    taken = np.array(chosen)[cost[:, chosen].argmin(axis=1)]
    computed = sum(candidates[i].tokens for i in taken) * len(batches[0])
    held = sum(sum(part) for batch in batches for part in batch)
    return PackingPlan(tuple(candidates[i] for i in chosen), 1 - held / computed)


def evaluation_shape(lengths: Sequence[int], tokens: int, row_length: int | None = None) -> Shape:
    """A shape of about `tokens` tokens for `cut`, with slots for the documents they hold."""
    lengths = np.asarray(lengths)
    tokens = min(tokens, int(lengths.sum()))
    row_length = max(
        _round_up(tokens if row_length is None else row_length), _round_up(lengths.max())
    )
    rows = max(1, round(tokens / row_length))
    # Twice as many as on average: rows of short documents hold more of them than rows of long ones.
    return Shape(rows, row_length, rows * max(1, int(np.ceil(2 * row_length / lengths.mean()))))


def _round_up(length: int) -> int:
    return -(-int(length) // _GRAIN) * _GRAIN


def _simulate(lengths: np.ndarray, batch_size: int, devices: int) -> list[list[list[int]]]:
    """Random batches: for each, for each device, its documents' lengths."""
    rng = np.random.default_rng(_SEED)
    size = min(batch_size, len(lengths))
    drawn = (
        lengths[rng.choice(len(lengths), size, replace=False)].tolist() for _ in range(_SIMULATED)
    )
    return [[[batch[i] for i in part] for part in spread(batch, devices)] for batch in drawn]


def _holds_any(shape: Shape, share: int, longest: int) -> bool:
    return shape.rows * (shape.row_length // longest) >= share


def _rows_needed(batch: list[list[int]], row_length: int) -> float:
    """Of the device that needs most; infinite where a document is longer than a row."""
    if max(max(part, default=0) for part in batch) > row_length:
        return np.inf
    return max(len(pack(part, row_length)) for part in batch)


def _candidates(needed: dict[int, np.ndarray], share: int, longest: int) -> list[Shape]:
    """Every shape that some simulated batch would want, and those that hold any batch."""
    found = {(int(rows), n) for n, counts in needed.items() for rows in counts if rows < np.inf}
    found |= {(-(-share // (n // longest)), n) for n in needed if n >= longest}
    return [Shape(rows, row_length, share) for rows, row_length in sorted(found)]


def _cheapest_subset(cost: np.ndarray, always: int, limit: int, each: float) -> list[int]:
    """At most `limit` columns of cost [batches, candidates], `always` the first of them.

    A batch takes its cheapest column; a column is worth `each` on average. Greedy, then exchanged
    one by one while that helps.
    """
    chosen, best = [always], cost[:, always]
    while len(chosen) < limit:
        saved = best.mean() - np.minimum(best[:, None], cost).mean(axis=0)
        if saved.max() <= each:
            break
        chosen.append(int(saved.argmax()))
        best = cost[:, chosen].min(axis=1)
    improved = True
    while improved:
        improved = False
        for at in range(1, len(chosen)):
            rest = cost[:, chosen[:at] + chosen[at + 1 :]].min(axis=1)
            total = np.minimum(rest[:, None], cost).mean(axis=0)
            if total.min() < total[chosen[at]]:
                chosen[at], improved = int(total.argmin()), True
    return chosen
