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
    """

    ids: list[str]
    labels: np.ndarray
    digests: np.ndarray
    tokens: np.ndarray
    offsets: np.ndarray

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
