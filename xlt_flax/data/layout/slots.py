"""How the documents of a batch are laid out in arrays for the devices.

A batch is a dict of numpy arrays with the devices of all hosts in front. Whatever the layout, it
has one slot for each document that it may hold:
  labels    int32[devices, slots], -1 for a document that has none, or, where documents may have
            several, float32[devices, slots, labels], 1 for each that a document has
  weights   float32[devices, slots]   1 where a slot holds a document, else 0
  document  int32[devices, slots]     which of the documents it is, -1 for none
and the arrays that its forward pass reads, which the layout's class lists. One of these,
token_type_ids, is there only if some of the documents are pairs of texts.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from xlt_flax.data.documents import Documents

Batch = dict[str, np.ndarray]


class Layout(Protocol):
    """Makes batches for training and for evaluation; a pure function of its arguments."""

    @property
    def shapes(self) -> list[str]:
        """Every shape that a training batch may have, for the log."""

    def shape_of(
        self, documents: Documents, indices: Sequence[int] | np.ndarray
    ) -> tuple[int, int]:
        """(rows, row length) of each device's tokens in the batch that `collate` would make."""

    def collate(self, documents: Documents, indices: Sequence[int] | np.ndarray) -> Batch:
        """One batch that holds exactly the documents at `indices`."""

    def evaluation_batches(
        self, documents: Documents, indices: Sequence[int] | np.ndarray | None = None
    ) -> Iterator[Batch]:
        """Batches that hold every document exactly once, in an order that leaves little padding.

        Args:
          documents: that the batches' shapes are made for: parts of them share compilations.
          indices: of the documents that are wanted, each once; None: all.
        """


def slots(
    documents: Documents, shares: Sequence[np.ndarray], size: int, label_count: int | None
) -> Batch:
    """The arrays that every layout has.

    Args:
      documents: that the batch is taken from.
      shares: for each device, the indices of its documents, in the order of its slots.
      size: slots of a device.
      label_count: how many labels there are, where a document may have several; None: it has one.
    """
    document = np.full((len(shares), size), -1, np.int32)
    for device, indices in enumerate(shares):
        document[device, : len(indices)] = indices
    held = document >= 0
    if label_count is None:
        labels = np.zeros(document.shape, np.int32)
        labels[held] = documents.labels[document[held]]
    else:
        labels = np.zeros((*document.shape, label_count), np.float32)
        labels[held] = documents.label_matrix(document[held], label_count)
    return {"labels": labels, "weights": held.astype(np.float32), "document": document}
