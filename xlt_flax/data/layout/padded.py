"""Batches with one document a row, padded to one of a few lengths: one compilation for each."""

from collections.abc import Iterator, Sequence

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.slots import Batch, slots

_LENGTHS = (16, 32, 48, 64, 96, 128, 192, 256, 320, 384, 448, 512)


class PaddedLayout:
    """One document a row. Besides the arrays of every layout (slots are rows), a batch has
    input_ids and attention_mask, int32[devices, rows, length], and for pairs token_type_ids, of
    the same shape: 0 in the first text and where there is none, 1 in the second.

    Args:
      max_length: of any document.
      documents_per_batch: the most that `collate` will be given at once.
      devices: over all hosts; documents that they do not divide evenly leave rows empty.
      pad_token_id: the tokenizer's.
      label_count: how many labels there are, where a document may have several; None: it has one.
    """

    def __init__(
        self,
        max_length: int,
        documents_per_batch: int,
        devices: int,
        pad_token_id: int,
        label_count: int | None = None,
    ):
        self.lengths = [n for n in _LENGTHS if n < max_length] + [max_length]
        self.rows = -(-documents_per_batch // devices)
        self.devices = devices
        self.pad_token_id = pad_token_id
        self.label_count = label_count

    @property
    def shapes(self) -> list[str]:
        return [f"{self.rows}x{length}" for length in self.lengths]

    def shape_of(
        self, documents: Documents, indices: Sequence[int] | np.ndarray
    ) -> tuple[int, int]:
        longest = int(documents.lengths[np.asarray(indices, np.int64)].max())
        return self.rows, next(length for length in self.lengths if length >= longest)

    def collate(self, documents: Documents, indices: Sequence[int] | np.ndarray) -> Batch:
        indices = np.asarray(indices, np.int64)
        shares = [indices[d * self.rows : (d + 1) * self.rows] for d in range(self.devices)]
        shape = self.devices, *self.shape_of(documents, indices)
        batch = slots(documents, shares, self.rows, self.label_count)
        batch["input_ids"] = np.full(shape, self.pad_token_id, np.int32)
        batch["attention_mask"] = np.zeros(shape, np.int32)
        # A row that is all padding has no token to attend to, and its logits would not be numbers.
        batch["attention_mask"][:, :, 0] = 1
        if documents.has_pairs:
            batch["token_type_ids"] = np.zeros(shape, np.int32)
        for device, share in enumerate(shares):
            for row, index in enumerate(share):
                tokens = documents.document_tokens(index)
                batch["input_ids"][device, row, : len(tokens)] = tokens
                batch["attention_mask"][device, row, : len(tokens)] = 1
                if documents.has_pairs and (second := documents.second_starts[index]):
                    batch["token_type_ids"][device, row, second : len(tokens)] = 1
        return batch

    def evaluation_batches(
        self, documents: Documents, indices: Sequence[int] | np.ndarray | None = None
    ) -> Iterator[Batch]:
        indices = np.arange(len(documents)) if indices is None else np.asarray(indices, np.int64)
        order = indices[np.argsort(-documents.lengths[indices], kind="stable")]
        size = self.devices * self.rows
        for start in range(0, len(order), size):
            yield self.collate(documents, order[start : start + size])
