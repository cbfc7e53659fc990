"""Which shapes a run compiles for documents that are packed several to a row (see `placing`).

A shape is compiled once, so a run uses few; a batch takes the cheapest that it fits in. Costs are
counted in tokens: what a shape computes, padding included.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlt_flax.data.layout.placing import Shape, pack, spread

_GRAIN = 32  # lengths of rows are multiples of it
_SIMULATED = 256  # batches that shapes are chosen on
_SEED = 0


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


def choose_shapes(
    lengths: Sequence[int] | np.ndarray,
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


def evaluation_shape(
    lengths: Sequence[int] | np.ndarray, tokens: int, row_length: int | None = None
) -> Shape:
    """A shape of about `tokens` tokens for `cut`, with slots for the documents they hold.

    Args:
      lengths: of the documents; the longest finds a place.
      tokens: about how many a device judges at once.
      row_length: about how many a row holds; None: all of them.
    """
    lengths = np.asarray(lengths)
    tokens = min(tokens, int(lengths.sum()))
    row_length = max(
        _round_up(tokens if row_length is None else row_length), _round_up(lengths.max())
    )
    rows = max(1, round(tokens / row_length))
    # Twice as many as on average: rows of short documents hold more of them than rows of long ones.
    return Shape(rows, row_length, rows * max(1, int(np.ceil(2 * row_length / lengths.mean()))))


def stream_shape(lengths: np.ndarray, tokens: int, row_length: int | None = None) -> Shape:
    """A shape for `cut` of documents that come as a stream: one of few, so that what comes later,
    and another call, find the program of the first.

    Args:
      lengths: of the documents that came first; any others find a place that are no longer than a
        row.
      tokens: the most that a device judges at once.
      row_length: about how many a row holds; None: all of them.
    """
    lengths = np.asarray(lengths)
    wanted = min(_power_of_two(max(int(lengths.sum()), _GRAIN)), _round_up(tokens))
    length = max(_round_up(wanted if row_length is None else row_length), _round_up(lengths.max()))
    rows = 1 if row_length is None else _power_of_two(max(1, wanted // length))
    # Twice as many documents as on average, as above.
    return Shape(rows, length, rows * _power_of_two(int(np.ceil(2 * length / lengths.mean()))))


def _power_of_two(number: int) -> int:
    """The smallest that is no less."""
    return 1 << (number - 1).bit_length()


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
