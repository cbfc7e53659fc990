"""Tokenized documents, as runs hold them in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from xlt_flax.data.token_store import TokenStore

LABELS = ("negative", "positive")  # their names, by number


@dataclass(frozen=True)
class Documents:
    """Tokenized documents in a fixed order.

    Attributes:
      ids: the documents' ids.
      labels: int32[documents], of LABELS; -1 none.
      digests: S32[documents], of the normalised texts: equal ones mean the same text (see
        data/sameness).
      tokens: int32[total tokens], all documents one after the other.
      offsets: int64[documents + 1], where each begins.
      seconds: int32[documents], the token at which a pair's second text begins, 0: one text; None:
        there are no pairs.
      several: the numbers of each document's labels, where it may have several.
    """

    ids: list[str]
    labels: np.ndarray
    digests: np.ndarray
    tokens: np.ndarray
    offsets: np.ndarray
    seconds: np.ndarray | None = None
    several: Sequence[Sequence[int]] | None = None

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
    ) -> "Documents":
        """Documents in memory; labels int32[documents], or the numbers of each one's labels."""
        single = labels if isinstance(labels, np.ndarray) else np.full(len(ids), -1, np.int32)
        several = None if isinstance(labels, np.ndarray) else labels
        return cls(list(ids), single, digests, tokens, offsets, second_starts, several)

    @property
    def has_pairs(self) -> bool:
        return self.seconds is not None and bool(self.seconds.any())

    @property
    def second_starts(self) -> np.ndarray:
        """int32[documents], see `seconds`; 0 where there are no pairs."""
        return np.zeros(len(self), np.int32) if self.seconds is None else self.seconds

    def label_matrix(self, indices: Sequence[int] | np.ndarray, count: int) -> np.ndarray:
        """float32[indices, count]: 1 where a document has a label."""
        matrix = np.zeros((len(indices), count), np.float32)
        for row, index in enumerate(indices):
            labels = [self.labels[index]] if self.several is None else self.several[index]
            matrix[row, [label for label in labels if label >= 0]] = 1
        return matrix

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def lengths(self) -> np.ndarray:
        """int64[documents], special tokens counted."""
        return np.diff(self.offsets)

    def document_tokens(self, index: int) -> np.ndarray:
        """int32[length] of one document."""
        return self.tokens[self.offsets[index] : self.offsets[index + 1]]

    def renumbered(self, number_of: np.ndarray) -> "Documents":
        """The same documents with other numbers for their tokens: number_of[token id]."""
        return replace(self, tokens=number_of[self.tokens])

    def take(self, indices: Sequence[int]) -> "Documents":
        """The documents at `indices`, in that order."""
        indices = np.asarray(indices, np.int64)
        rows = [self.document_tokens(index) for index in indices]
        return Documents(
            ids=[self.ids[index] for index in indices],
            labels=self.labels[indices],
            digests=self.digests[indices],
            tokens=_joined(rows, np.int32),
            offsets=_offsets(map(len, rows)),
            seconds=None if self.seconds is None else self.seconds[indices],
            several=None if self.several is None else [self.several[i] for i in indices],
        )


def concatenate(parts: Sequence["Documents | TokenStore"]) -> Documents:
    """All documents of all parts, copied into memory: part after part."""
    return Documents(
        ids=[document_id for part in parts for document_id in part.ids],
        labels=_joined([part.labels for part in parts], np.int32),
        digests=_joined([part.digests for part in parts], "S32"),
        tokens=_joined([part.tokens for part in parts], np.int32),
        offsets=_offsets(length for part in parts for length in part.lengths),
    )


def _joined(arrays: Sequence[np.ndarray], dtype) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype), *arrays]).astype(dtype, copy=False)


def _offsets(lengths) -> np.ndarray:
    return np.cumsum([0, *lengths], dtype=np.int64)
