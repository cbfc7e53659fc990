"""How often an epoch shows documents of each language: temperature sampling.

Source: Conneau et al. 2020, Unsupervised cross-lingual representation learning at scale (XLM-R),
after Lample and Conneau 2019, Cross-lingual language model pretraining. A language l, of n_l
documents, is sampled with probability

    p_l = n_l^alpha / sum_k n_k^alpha,    alpha = 1/T.

T = 1 is as many as there are, a large T nearly the same number of each. Where XLM-R draws each
document at random, an epoch here has exactly its share of each language.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from xlt_flax.data.order import DatasetOrder, balanced_places, hash_order, places_of


def epoch_counts(totals: Sequence[int] | np.ndarray, temperature: float) -> np.ndarray:
    """int64[languages]: documents of each language in an epoch, which has as many as there are.

    Shares are rounded down, and what is left goes to the largest remainders, one each; of equal
    ones, to the first.

    Args:
      totals: documents of each language, 1 or more.
      temperature: 1 or more.
    """
    totals = np.asarray(totals, np.int64)
    if temperature == 1 or not len(totals):
        return totals
    weights = (totals / totals.max()) ** (1 / temperature)
    # Rounded, so that platforms whose powers differ in the last bit agree on floors and remainders.
    wanted = np.round(totals.sum() * weights / weights.sum(), 6)
    counts = np.floor(wanted).astype(np.int64)
    left = int(totals.sum() - counts.sum())
    counts[np.argsort(counts - wanted, kind="stable")[:left]] += 1
    return counts


class SampledOrder(DatasetOrder):
    """A DatasetOrder whose epochs have languages in other shares than the data set.

    A language goes through all its documents, in another order each time, as often as its count
    allows; no document comes again before all have come. What is left of the count is a part of
    them. It goes round them from epoch to epoch: another part each, and after any number of epochs
    all documents were seen equally often, but for one time.

    Args:
      ids, languages, batch_size, mixing, seed: as of DatasetOrder; languages are always read.
      temperature: see `epoch_counts`.
    """

    def __init__(
        self,
        ids: Sequence[str],
        languages: Sequence[str] | np.ndarray,
        batch_size: int,
        mixing: str,
        seed: int,
        temperature: float,
    ):
        super().__init__(ids, languages, batch_size, mixing, seed)
        names, number, totals = np.unique(languages, return_inverse=True, return_counts=True)
        self._names: list[str] = names.tolist()
        self._members = np.split(np.argsort(number, kind="stable"), np.cumsum(totals)[:-1])
        self._counts = epoch_counts(totals, temperature)

    def _draw(self, epoch: int) -> np.ndarray:
        ids = list(self.ids)
        order = np.empty(len(ids), np.int64)
        order[self._places(epoch)] = np.concatenate(
            [
                part
                for number in range(len(self._names))
                for part in self._passes(ids, number, epoch)
            ]
        )
        return order

    def _passes(self, ids: Sequence[str], language: int, epoch: int) -> Iterator[np.ndarray]:
        """A language's documents of an epoch, as they come; int64[…] each time it goes through."""
        members, name = self._members[language], self._names[language]
        times, left = divmod(int(self._counts[language]), len(members))
        parts = [members] * times
        if left:
            whole_round = _shuffled(members, ids, self.seed, name, "round")
            parts.append(whole_round[(epoch * left + np.arange(left)) % len(members)])
        for number, part in enumerate(parts):
            yield _shuffled(part, ids, self.seed, name, "epoch", epoch, number)

    def _places(self, epoch: int) -> np.ndarray:
        """int64[documents]: the places in an epoch that the first language's documents have, then
        those of the second, and so on."""
        if self.mixing == "balanced":
            return self._balanced_places
        drawn = hash_order([str(n) for n in range(len(self.ids))], self.seed, "places", epoch)
        return places_of(np.repeat(np.arange(len(self._counts)), self._counts)[drawn])

    @cached_property
    def _balanced_places(self) -> np.ndarray:
        return balanced_places(self._counts.tolist(), self.batch_size)


def _shuffled(documents: np.ndarray, ids: Sequence[str], *salt: object) -> np.ndarray:
    return documents[hash_order([ids[index] for index in documents.tolist()], *salt)]
