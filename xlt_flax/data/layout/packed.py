"""Batches with several documents a row, so that nearly nothing is padding (see data/packing)."""

from collections.abc import Iterator, Sequence

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.layout import shapes as packing
from xlt_flax.data.layout.slots import Batch, slots


class PackedLayout:
    """Besides the arrays of every layout, a batch has input_ids, segment_ids and position_ids,
    int32[devices, rows, row_length], and cls_index, int32[devices, slots] (see modeling/packed).

    Args:
      plan: the shapes that training batches may have.
      evaluation_tokens: about how many tokens a device judges at once.
      row_length: of evaluation batches; None: all in one row.
      devices: over all hosts.
      pad_token_id: the tokenizer's.
    """

    def __init__(
        self,
        plan: packing.PackingPlan,
        evaluation_tokens: int,
        row_length: int | None,
        devices: int,
        pad_token_id: int,
    ):
        self.plan = plan
        self.evaluation_tokens = evaluation_tokens
        self.row_length = row_length
        self.devices = devices
        self.pad_token_id = pad_token_id
        # Lengths that the shape of evaluation batches is made for; None: those of what is judged.
        # Runs of one process that share them share its compilation.
        self.evaluation_lengths: np.ndarray | None = None

    @property
    def shapes(self) -> list[str]:
        """Every shape that a training batch may have, for the log."""
        return [f"{shape.rows}x{shape.row_length}" for shape in self.plan.shapes]

    def shape_of(self, documents: Documents, indices: Sequence[int]) -> tuple[int, int]:
        _, shape = self._spread(documents, indices)
        return shape.rows, shape.row_length

    def build(self, documents: Documents, indices: Sequence[int]) -> Batch:
        return self._lay_out(documents, *self._spread(documents, indices))

    def evaluation_batches(self, documents: Documents) -> Iterator[Batch]:
        if not len(documents):
            return
        lengths = documents.lengths if self.evaluation_lengths is None else self.evaluation_lengths
        shape = packing.evaluation_shape(lengths, self.evaluation_tokens, self.row_length)
        groups = packing.cut(documents.lengths, shape)
        for start in range(0, len(groups), self.devices):
            shares = groups[start : start + self.devices]
            shares += [[]] * (self.devices - len(shares))
            yield self._lay_out(documents, shares, shape)

    def _spread(
        self, documents: Documents, indices: Sequence[int]
    ) -> tuple[list[np.ndarray], packing.Shape]:
        """Each device's share of the documents, and the shape that holds every share."""
        indices = np.asarray(indices)
        spread = packing.spread(documents.lengths[indices].tolist(), self.devices)
        shares = [indices[share] for share in spread]
        lengths = [documents.lengths[share].tolist() for share in shares]
        return shares, self.plan.shape_for(lengths)

    def _lay_out(self, documents: Documents, shares, shape: packing.Shape) -> Batch:
        batch = slots(documents, shares, shape.documents)
        parts = [
            packing.lay_out(
                [documents.document_tokens(index) for index in share], shape, self.pad_token_id
            )
            for share in shares
        ]
        return batch | {name: np.stack([part[name] for part in parts]) for name in parts[0]}
