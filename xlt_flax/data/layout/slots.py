"""How the documents of a batch are laid out in arrays for the devices.

A batch is a dict of numpy arrays with the devices of all hosts in front. Whatever the layout, it
has one slot for each document that it may hold:
  labels    int32[devices, slots]
  weights   float32[devices, slots]   1 where a slot holds a document, else 0
  document  int32[devices, slots]     which of the documents it is, -1 for none
and the arrays that its forward pass reads, which the layout's class lists.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from xlt_flax.data.documents import Documents

Batch = dict[str, np.ndarray]


class Layout(Protocol):
    """Builds batches for training and for evaluation; a pure function of its arguments."""

    def shape_of(self, documents: Documents, indices: Sequence[int]) -> tuple[int, int]:
        """(rows, row length) of each device's tokens in the batch that `build` would make."""

    def build(self, documents: Documents, indices: Sequence[int]) -> Batch:
        """One batch that holds exactly the documents at `indices`."""

    def evaluation_batches(self, documents: Documents) -> Iterator[Batch]:
        """Batches that hold every document exactly once, in an order that leaves little padding."""


def slots(documents: Documents, shares: Sequence[Sequence[int]], size: int) -> Batch:
    """The arrays that every layout has.

    Args:
      documents: that the batch is taken from.
      shares: for each device, the indices of its documents, in the order of its slots.
      size: slots of a device.
    """
    document = np.full((len(shares), size), -1, np.int32)
    for device, indices in enumerate(shares):
        document[device, : len(indices)] = indices
    held = document >= 0
    return {
        "labels": np.where(held, documents.labels[document], 0).astype(np.int32),
        "weights": held.astype(np.float32),
        "document": document,
    }
