"""Which window of a long document an epoch is trained on (`config.data.long`).

A document is one of its batch however long it is: batches, epochs and steps are those that they are
where documents are cut. Its windows take turns: the first is drawn, and each epoch has the one
after. So all of n windows are seen once in n epochs, of which draws anew each epoch would leave out
a third. A pure function of (seed, epoch, document).
"""

from functools import cached_property, lru_cache

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.order import EPOCHS_HELD, drawn


class WindowsInTurn:
    """Training documents as epochs see them.

    Args:
      documents: of a run.
      seed: of the draw of first windows.
    """

    def __init__(self, documents: Documents, seed: int):
        self._documents, self._seed = documents, seed
        self._shown = lru_cache(EPOCHS_HELD)(self._show)

    def of_epoch(self, epoch: int) -> Documents:
        """All of them, each through the window whose turn it is.

        Args:
          epoch: from 0.
        """
        return self._shown(epoch) if len(self._long) else self._documents

    def _show(self, epoch: int) -> Documents:
        return self._documents.through((self._first + epoch) % self._documents.window_counts)

    @cached_property
    def _long(self) -> np.ndarray:
        """int64[…]: those that have several windows."""
        return np.flatnonzero(self._documents.window_counts > 1)

    @cached_property
    def _first(self) -> np.ndarray:
        """int64[documents]: the window that epoch 0 sees."""
        first, ids = np.zeros(len(self._documents), np.int64), self._documents.ids
        counts = self._documents.window_counts[self._long].astype(np.uint64)
        first[self._long] = (
            drawn([ids[i] for i in self._long.tolist()], self._seed, "window") % counts
        )
        return first
