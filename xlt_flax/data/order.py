"""Which documents the batch of a step holds: a pure function of (config, step).

Nothing is read from a live iterator, so a run that was killed goes on with the batch it would have
had, and the batch is the same on one device, on eight, and on several hosts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from xlt_flax.data.ordering import hash_order


@dataclass(frozen=True)
class Schedule:
    """The order in which training documents are seen.

    Attributes:
      ids: of the training documents.
      languages: str[documents], the language of each.
      batch_size: documents a step, over all devices; an epoch's last batch may hold fewer.
      mixing: "shuffle" or "balanced" (see config.data.mixing).
      seed: of the order.
    """

    ids: tuple[str, ...]
    languages: tuple[str, ...]
    batch_size: int
    mixing: str
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.ids) // self.batch_size)

    def batch(self, step: int) -> np.ndarray:
        """int64[documents]: indices of the documents that update number `step` + 1 learns from."""
        epoch, within = divmod(step, self.steps_per_epoch)
        start = within * self.batch_size
        return _epoch_order(self, epoch)[start : start + self.batch_size]


@lru_cache(maxsize=4)
def _epoch_order(schedule: Schedule, epoch: int) -> np.ndarray:
    order = hash_order(schedule.ids, schedule.seed, "epoch", epoch)
    if schedule.mixing == "balanced":
        order = _balance(order, schedule.languages, schedule.batch_size)
    return np.array(order, np.int64)


def _balance(order: Sequence[int], languages: Sequence[str], batch_size: int) -> list[int]:
    """Reorders so that each batch has each language's share, rounded down or up.

    Each batch takes every language's share rounded down; the places left go to the languages that
    are furthest behind what they should have had by then, one each.
    """
    waiting = {name: [] for name in sorted(set(languages))}
    for index in order:
        waiting[languages[index]].append(index)
    totals = {name: len(indices) for name, indices in waiting.items()}
    given = dict.fromkeys(waiting, 0)
    balanced = []
    while len(balanced) < len(order):
        end = min(len(balanced) + batch_size, len(order))
        due = {name: totals[name] * end / len(order) - given[name] for name in waiting}
        left = {name: totals[name] - given[name] for name in waiting}
        size = end - len(balanced)
        take = {n: min(left[n], totals[n] * size // len(order)) for n in waiting}
        for name in sorted(waiting, key=lambda n: take[n] - due[n]) * 2:
            if sum(take.values()) < size and take[name] < left[name]:
                take[name] += 1
        for name, count in take.items():
            balanced += waiting[name][given[name] : given[name] + count]
            given[name] += count
    return balanced
