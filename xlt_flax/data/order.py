"""Which documents the batch of a step holds: a pure function of (config, step).

Nothing is read from a live iterator, so a run that was killed goes on with the batch it would have
had, and the batch is the same on one device, on eight, and on several hosts.

What is random here is the same on every platform and with every library version, for ever. NumPy
promises stable bits but not stable shuffles, so keys are sorted by a digest instead. An order by
digest has a second virtue: taking a key out leaves the others in the order they had.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from threading import Lock

import numpy as np

EPOCHS_HELD = 4  # shapes are looked for in epochs to come while batches are taken of this one


def hash_order(keys: Sequence[str], *salt: object) -> list[int]:
    """Indices of `keys` in an order drawn by `salt` (a seed and the names of what is ordered).

    Equal keys stay in the order that they have.
    """
    return np.argsort(drawn(keys, *salt), kind="stable").tolist()


def drawn(keys: Sequence[str], *salt: object) -> np.ndarray:
    """uint64[keys]: a number of each key, even over all numbers; equal keys have equal ones."""
    salted = hashlib.blake2b(repr(salt).encode(), digest_size=8)
    digests = bytearray()
    for key in keys:
        own = salted.copy()
        own.update(key.encode())
        digests += own.digest()
    return np.frombuffer(digests, ">u8").astype(np.uint64)


class DatasetOrder:
    """The order in which training documents are seen: another one each epoch.

    An epoch's order is drawn when its first batch is asked for, about a second for a million
    documents, and held; other batches cost the same however many documents there are.

    Args:
      ids: of the training documents; they are iterated over once an epoch, and not copied.
      languages: str[documents], the language of each; read only if `mixing` is "balanced".
      batch_size: documents a step, over all devices; an epoch's last batch may hold fewer.
      mixing: "shuffle" or "balanced" (see config.data.mixing).
      seed: of the order.
    """

    def __init__(
        self,
        ids: Sequence[str],
        languages: Sequence[str] | np.ndarray,
        batch_size: int,
        mixing: str,
        seed: int,
    ):
        self.ids, self.languages = ids, languages
        self.batch_size, self.mixing, self.seed = batch_size, mixing, seed
        self._epoch_order = lru_cache(EPOCHS_HELD)(self._draw)
        self._drawing = Lock()

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.ids) // self.batch_size)

    def batch(self, step: int) -> np.ndarray:
        """int64[documents]: indices of the documents that update number `step` + 1 learns from."""
        epoch, within = divmod(step, self.steps_per_epoch)
        start = within * self.batch_size
        with self._drawing:  # threads that begin an epoch at the same time draw it once
            return self._epoch_order(epoch)[start : start + self.batch_size]

    def _draw(self, epoch: int) -> np.ndarray:
        """int64[documents], of an epoch."""
        order = np.array(hash_order(self.ids, self.seed, "epoch", epoch), np.int64)
        if self.mixing != "balanced":
            return order
        language_of, places = self._balance
        balanced = np.empty_like(order)
        balanced[places] = order[np.argsort(language_of[order], kind="stable")]
        return balanced

    @cached_property
    def _balance(self) -> tuple[np.ndarray, np.ndarray]:
        """int16[documents], the number of each one's language, and int64[documents], the places in
        an epoch that the first language's documents have, then those of the second, and so on.

        They are the same in every epoch: only which document of a language comes first is drawn.
        """
        _, numbers, totals = np.unique(self.languages, return_inverse=True, return_counts=True)
        return numbers.astype(np.int16), balanced_places(totals.tolist(), self.batch_size)


def balanced_places(totals: Sequence[int], batch_size: int) -> np.ndarray:
    """`places_of` an epoch of "balanced" batches, with so many documents of each language."""
    shares = np.array(list(_balanced_shares(totals, batch_size)))
    return places_of(np.repeat(np.tile(np.arange(len(totals)), len(shares)), shares.reshape(-1)))


def places_of(language_at: np.ndarray) -> np.ndarray:
    """int64[documents]: the places of the first language's documents, then those of the second, and
    so on, of int[documents], the number of the language at each place."""
    return np.argsort(language_at.astype(np.int16), kind="stable")


def _balanced_shares(totals: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """For each batch of an epoch, how many documents of each language it holds.

    Each batch takes every language's share rounded down; the places left go to the languages that
    are furthest behind what they should have had by then, one each.
    """
    documents, languages = sum(totals), range(len(totals))
    given, end = [0] * len(totals), 0
    while end < documents:
        size = min(batch_size, documents - end)
        end += size
        due = [totals[n] * end / documents - given[n] for n in languages]
        left = [totals[n] - given[n] for n in languages]
        take = [min(left[n], totals[n] * size // documents) for n in languages]
        for n in sorted(languages, key=lambda n: take[n] - due[n]) * 2:
            if sum(take) < size and take[n] < left[n]:
                take[n] += 1
        given = [before + taken for before, taken in zip(given, take, strict=True)]
        yield take
