"""Batches with one document a row, padded to one of a few lengths: one compilation for each."""

from collections.abc import Sequence

import numpy as np

from xlt_flax.data.documents import Documents

_LENGTHS = (16, 32, 48, 64, 96, 128, 192, 256, 320, 384, 448, 512)


class PaddedLayout:
    """Lays documents out for `devices` devices, one document a row.

    A batch is a dict of arrays with the devices in front; device d holds the d-th part of the
    documents, and rows that hold none weigh nothing:
      input_ids int32[devices, rows, length], attention_mask int32[devices, rows, length],
      labels int32[devices, rows], weights float32[devices, rows].

    Args:
      max_length: of any document.
      documents_per_batch: the most that `build` will be given at once.
      devices: over all hosts.
      pad_token_id: the tokenizer's.
    """

    def __init__(self, max_length: int, documents_per_batch: int, devices: int, pad_token_id: int):
        self.lengths = [n for n in _LENGTHS if n < max_length] + [max_length]
        self.rows = -(-documents_per_batch // devices)
        self.devices = devices
        self.pad_token_id = pad_token_id

    def build(self, documents: Documents, indices: Sequence[int]) -> dict[str, np.ndarray]:
        """One batch: the documents at `indices`, in that order, then rows without a document."""
        length = self._length(documents, indices)
        rows = self.devices * self.rows
        input_ids = np.full((rows, length), self.pad_token_id, np.int32)
        attention_mask = np.zeros((rows, length), np.int32)
        labels = np.zeros(rows, np.int32)
        weights = np.zeros(rows, np.float32)
        for row, index in enumerate(indices):
            tokens = documents.document_tokens(index)
            input_ids[row, : len(tokens)] = tokens
            attention_mask[row, : len(tokens)] = 1
            labels[row] = documents.labels[index]
            weights[row] = 1
        # A row that is all padding has no token to attend to, and its logits would not be numbers.
        attention_mask[len(indices) :, 0] = 1
        batch = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "labels": labels,
            "weights": weights,
        }
        return {k: v.reshape(self.devices, self.rows, *v.shape[1:]) for k, v in batch.items()}

    def batches(self, documents: Documents, order: Sequence[int]) -> list[np.ndarray]:
        """Cuts `order` into the indices of full batches and a last one."""
        size = self.devices * self.rows
        return [np.asarray(order[i : i + size]) for i in range(0, len(order), size)]

    def _length(self, documents: Documents, indices: Sequence[int]) -> int:
        longest = max((documents.lengths[index] for index in indices), default=1)
        return next(length for length in self.lengths if length >= longest)
