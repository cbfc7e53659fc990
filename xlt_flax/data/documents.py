"""Tokenized documents as runs hold them: views of token stores, never copies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from xlt_flax.data.ids import Ids, IdTable
from xlt_flax.data.sameness import identity
from xlt_flax.data.token_store import TokenStore

_BLOCK = 1 << 20  # tokens that are looked at at once


@dataclass(frozen=True, eq=False)
class Documents:
    """Documents of any stores, in a fixed order.

    Attributes:
      stores: that hold them.
      which: int32[documents], the store of each.
      rows: int64[documents], its row there.
      numbers: int32[token ids], the number that stands for each token id; None: the ids themselves.
      window: int32[documents], which of its windows is read of each; None: the first one. Where
        documents are cut, or are short, there is no other.
    """

    stores: tuple[TokenStore, ...]
    which: np.ndarray
    rows: np.ndarray
    numbers: np.ndarray | None = None
    window: np.ndarray | None = None

    @classmethod
    def of(cls, store: TokenStore) -> "Documents":
        """All documents of a store, in its order."""
        return cls((store,), np.zeros(len(store), np.int32), np.arange(len(store)))

    @classmethod
    def from_arrays(
        cls,
        *,
        ids: Sequence[str],
        labels: np.ndarray | Sequence[Sequence[int]],
        digests: np.ndarray,
        tokens: np.ndarray,
        offsets: np.ndarray,
        second_starts: np.ndarray | None = None,
        window_offsets: np.ndarray | None = None,
        language: str = "",
        dataset: str = "",
        split: str = "",
    ) -> "Documents":
        """Documents in memory.

        Args:
          ids: of the documents.
          labels: int32[documents], -1 for none; or the numbers of each document's labels.
          digests: S32[documents], equal ones for equal texts.
          tokens: int32[total tokens], all windows of all documents one after the other.
          offsets: int64[windows + 1], where each begins.
          second_starts: int32[documents], of pairs (see data/token_store).
          window_offsets: int64[documents + 1], the window that each document begins with; None:
            each is one.
          language, dataset, split: of all documents.
        """
        if isinstance(labels, np.ndarray):
            labels = [() if label < 0 else (label,) for label in labels.tolist()]
        table = IdTable.of(ids)
        identities = [identity(dataset, language, split, one) for one in ids]
        store = TokenStore(
            language=language,
            tokens=tokens,
            offsets=offsets,
            label_values=np.array([one for some in labels for one in some], np.int32),
            label_offsets=np.cumsum([0, *map(len, labels)], dtype=np.int64),
            digests=digests,
            identities=np.array(identities, "S16"),
            id_bytes=table.data,
            id_offsets=table.offsets,
            window_offsets=window_offsets,
            second_starts=second_starts,
        )
        return cls.of(store)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def ids(self) -> Ids:
        """The documents' ids, decoded when they are read."""
        return Ids([store.id_table for store in self.stores], self.which, self.rows)

    @cached_property
    def languages(self) -> np.ndarray:
        """str[documents]"""
        return np.array([store.language for store in self.stores], np.str_)[self.which]

    @cached_property
    def digests(self) -> np.ndarray:
        """S32[documents], of the normalised texts: equal ones mean the same text (data/sameness)"""
        return self._gathered([store.digests for store in self.stores], "S32")

    @cached_property
    def identities(self) -> np.ndarray:
        """S16[documents]: equal ones mean the same document of the same data set."""
        return self._gathered([store.identities for store in self.stores], "S16")

    @cached_property
    def lengths(self) -> np.ndarray:
        """int64[documents], special tokens counted, of what is read of each."""
        lengths = np.zeros(len(self), np.int64)
        for number, store in enumerate(self.stores):
            at = self.which == number
            windows = store.first_windows(self.rows[at])
            lengths[at] = store.lengths[
                windows if self.window is None else windows + self.window[at]
            ]
        return lengths

    @cached_property
    def has_pairs(self) -> bool:
        """Whether any document is of two texts."""
        return bool(self.second_starts.any())

    @cached_property
    def second_starts(self) -> np.ndarray:
        """int32[documents]: the token at which a pair's second text begins; 0: one text."""
        starts = [store.second_starts for store in self.stores]
        none = [np.broadcast_to(np.int32(0), len(store)) for store in self.stores]
        return self._gathered([n if s is None else s for s, n in zip(starts, none, strict=True)])

    # ---- Labels ------------------------------------------------------------------------------

    @cached_property
    def label_counts(self) -> np.ndarray:
        """int64[documents]: how many labels each has."""
        return self._gathered([np.diff(store.label_offsets) for store in self.stores], "i8")

    @cached_property
    def labels(self) -> np.ndarray:
        """int32[documents], -1 for none; of sets where a document has one label at most."""
        if (self.label_counts > 1).any():
            raise ValueError("documents have several labels: ask for their label_matrix")
        labels = np.full(len(self), -1, np.int32)
        for places, values in self._label_values():
            labels[places] = values
        return labels

    def label_matrix(self, indices: Sequence[int] | np.ndarray, count: int) -> np.ndarray:
        """float32[indices, count]: 1 where a document has a label.

        Args:
          indices: of documents.
          count: labels that the data set has.
        """
        chosen = self.take(indices)
        matrix = np.zeros((len(chosen), count), np.float32)
        for places, values in chosen._label_values():
            matrix[places, values] = 1
        return matrix

    def label_totals(self, count: int) -> np.ndarray:
        """int64[count]: how many documents have each label."""
        totals = np.zeros(count, np.int64)
        for _, values in self._label_values():
            totals += np.bincount(values, minlength=count)
        return totals

    def _label_values(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Of each store's documents: int64[labels], the document of each; int32[labels], which."""
        for number, store in enumerate(self.stores):
            places = np.flatnonzero(self.which == number)
            begins = store.label_offsets[self.rows[places]]
            counts = store.label_offsets[self.rows[places] + 1] - begins
            before = np.cumsum(counts) - counts
            at = np.repeat(begins - before, counts) + np.arange(counts.sum())
            yield np.repeat(places, counts), store.label_values[at]

    # ---- Tokens ------------------------------------------------------------------------------

    def document_tokens(self, index: int) -> np.ndarray:
        """int32[length] of what is read of one document."""
        window = 0 if self.window is None else self.window[index]
        tokens = self.stores[self.which[index]].document_tokens(self.rows[index], window)
        return tokens if self.numbers is None else self.numbers[tokens]

    def renumbered(self, number_of: np.ndarray) -> "Documents":
        """The same documents with other numbers for their tokens, given as they are read:
        number_of[token id]."""
        numbers = number_of if self.numbers is None else number_of[self.numbers]
        return replace(self, numbers=numbers.astype(np.int32, copy=False))

    def used_tokens(self, size: int) -> np.ndarray:
        """bool[size]: which token ids, below `size`, the documents hold in any of their windows; as
        they are numbered."""
        used = np.zeros(size if self.numbers is None else len(self.numbers), bool)
        for number, store in enumerate(self.stores):
            for rows in _runs(np.unique(self.rows[self.which == number])):
                start, stop = store.offsets[store.first_windows(np.array(rows))].tolist()
                for begin in range(start, stop, _BLOCK):
                    used[store.tokens[begin : min(begin + _BLOCK, stop)]] = True
        if self.numbers is None:
            return used
        renumbered = np.zeros(size, bool)
        renumbered[self.numbers[used]] = True
        return renumbered

    # ---- Views -------------------------------------------------------------------------------

    def take(self, indices: Sequence[int] | np.ndarray) -> "Documents":
        """The documents at `indices`, in that order."""
        indices = np.asarray(indices, np.int64)
        window = None if self.window is None else self.window[indices]
        return Documents(self.stores, self.which[indices], self.rows[indices], self.numbers, window)

    # ---- Windows -----------------------------------------------------------------------------

    @cached_property
    def window_counts(self) -> np.ndarray:
        """int64[documents]: how many there are of each; 1 where it is said which one is read."""
        if self.window is not None:
            return np.ones(len(self), np.int64)
        return self._gathered([store.window_counts for store in self.stores], "i8")

    def through(self, window: np.ndarray | int) -> "Documents":
        """The same documents with one of their windows to be read of each: int[documents]."""
        return replace(self, window=np.broadcast_to(np.asarray(window, np.int32), len(self)))

    @cached_property
    def windows(self) -> "Windows":
        """All windows of all documents, each as a document."""
        counts = self.window_counts
        begins = np.concatenate([[0], np.cumsum(counts)])
        if begins[-1] == len(self):
            return Windows(self, begins)
        owners = np.repeat(np.arange(len(self)), counts)
        return Windows(self.take(owners).through(np.arange(len(owners)) - begins[owners]), begins)

    @property
    def cut(self) -> int | None:
        """How many have more tokens than a window; None where a store does not know."""
        known = [store.is_cut for store in self.stores if store.is_cut is not None]
        return int(self._gathered(known, "?").sum()) if len(known) == len(self.stores) else None

    def _gathered(self, arrays: Sequence[np.ndarray], dtype: str = "i4") -> np.ndarray:
        """A value of each document, from an array of each store."""
        found = np.zeros(len(self), dtype)
        for number, array in enumerate(arrays):
            at = self.which == number
            found[at] = array[self.rows[at]]
        return found


class Windows(NamedTuple):
    """
    Attributes:
      documents: a document for each window, those of one after the other.
      begins: int64[documents + 1], which is the first of each.
    """

    documents: Documents
    begins: np.ndarray


def concatenate(parts: Sequence[Documents | TokenStore]) -> Documents:
    """All documents of all parts, part after part."""
    views = [Documents.of(part) if isinstance(part, TokenStore) else part for part in parts]
    if len({id(view.numbers) for view in views}) > 1:
        raise ValueError("the parts' tokens are numbered each in its own way")
    if any(view.window is not None for view in views):
        raise ValueError("which window is read of a document is chosen last")
    stores = list({id(store): store for view in views for store in view.stores}.values())
    places = {id(store): place for place, store in enumerate(stores)}
    which = [
        np.array([places[id(store)] for store in view.stores], np.int32)[view.which]
        for view in views
    ]
    return Documents(
        tuple(stores),
        np.concatenate([np.zeros(0, np.int32), *which]),
        np.concatenate([np.zeros(0, np.int64), *(view.rows for view in views)]),
        views[0].numbers if views else None,
    )


def _runs(rows: np.ndarray) -> Iterator[tuple[int, int]]:
    """The stretches of sorted rows that follow each other: first, and one after the last."""
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    starts, ends = np.concatenate([[0], breaks]), np.concatenate([breaks, [len(rows)]])
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end > start:
            yield int(rows[start]), int(rows[end - 1]) + 1
