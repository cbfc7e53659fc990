"""Batches with several documents a row, so that nearly nothing is padding (see `placing`)."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.placing import Shape, cut, pack, spread
from xlt_flax.data.layout.shapes import PackingPlan, evaluation_shape
from xlt_flax.data.layout.slots import Batch, slots

Rows = Sequence[Sequence[int] | np.ndarray]  # for each row, the documents that it holds

_NONE = np.zeros(0, np.int64)


class PackedLayout:
    """Besides the arrays of every layout, a batch has those of `lay_out`, devices in front.

    Args:
      plan: the shapes that training batches may have; None: for evaluation alone.
      evaluation_tokens: about how many tokens a device judges at once.
      row_length: of evaluation batches; None: all in one row.
      devices: over all hosts.
      pad_token_id: the tokenizer's.
      label_count: how many labels there are, where a document may have several; None: it has one.
      evaluation_lengths: int[…], lengths that the shape of evaluation batches is made for; None:
        those of what is judged. Runs of one process that share them share its compilation.
      shape: of evaluation batches, where it is known; it holds any document.
    """

    def __init__(
        self,
        plan: PackingPlan | None,
        evaluation_tokens: int,
        row_length: int | None,
        devices: int,
        pad_token_id: int,
        label_count: int | None = None,
        evaluation_lengths: np.ndarray | None = None,
        shape: Shape | None = None,
    ):
        self.plan = plan or PackingPlan((), 0.0)
        self.evaluation_tokens = evaluation_tokens
        self.row_length = row_length
        self.devices = devices
        self.pad_token_id = pad_token_id
        self.label_count = label_count
        self.evaluation_lengths = evaluation_lengths
        self.shape = shape

    @property
    def shapes(self) -> list[str]:
        return [f"{shape.rows}x{shape.row_length}" for shape in self.plan.shapes]

    def shape_of(
        self, documents: Documents, indices: Sequence[int] | np.ndarray
    ) -> tuple[int, int]:
        _, shape = self._spread(documents, indices)
        return shape.rows, shape.row_length

    def collate(self, documents: Documents, indices: Sequence[int] | np.ndarray) -> Batch:
        shares, shape = self._spread(documents, indices)
        return self._lay_out(documents, shares, [None] * self.devices, shape)

    def evaluation_batches(
        self, documents: Documents, indices: Sequence[int] | np.ndarray | None = None
    ) -> Iterator[Batch]:
        if not len(documents):
            return
        indices = np.arange(len(documents)) if indices is None else np.asarray(indices, np.int64)
        shape = self._evaluation_shape(documents)
        parts = cut(documents.lengths[indices], shape)
        while rows := list(islice(parts, self.devices)):  # of each device
            rows += [[]] * (self.devices - len(rows))
            shares = [indices[np.concatenate([_NONE, *part])] for part in rows]
            yield self._lay_out(documents, shares, [_in_order(part) for part in rows], shape)

    def _evaluation_shape(self, documents: Documents) -> Shape:
        if self.shape:
            return self.shape
        lengths = self.evaluation_lengths
        if lengths is None or documents.lengths.max() > lengths.max():
            lengths = documents.lengths
        return evaluation_shape(lengths, self.evaluation_tokens, self.row_length)

    def _spread(
        self, documents: Documents, indices: Sequence[int] | np.ndarray
    ) -> tuple[list[np.ndarray], Shape]:
        """Each device's share of the documents, and the shape that holds every share."""
        indices = np.asarray(indices, np.int64)
        spread_out = spread(documents.lengths[indices].tolist(), self.devices)
        shares = [indices[share] for share in spread_out]
        return shares, self.plan.shape_for([documents.lengths[share].tolist() for share in shares])

    def _lay_out(
        self,
        documents: Documents,
        shares: Sequence[np.ndarray],
        rows: Sequence[Rows | None],
        shape: Shape,
    ) -> Batch:
        parts = [
            lay_out(
                [documents.document_tokens(index) for index in share],
                shape,
                self.pad_token_id,
                documents.second_starts[share] if documents.has_pairs else None,
                device_rows,
            )
            for share, device_rows in zip(shares, rows, strict=True)
        ]
        batch = slots(documents, shares, shape.documents, self.label_count)
        return batch | {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def _in_order(rows: Rows) -> Rows:
    """The same rows, their documents numbered as they come."""
    numbers = iter(range(sum(map(len, rows))))
    return [list(islice(numbers, len(row))) for row in rows]


def lay_out(
    documents: Sequence[np.ndarray],
    shape: Shape,
    pad_token_id: int = 0,
    second_starts: np.ndarray | None = None,
    rows: Rows | None = None,
) -> dict[str, np.ndarray]:
    """One device's batch for modeling.packed; slot d is document d.

    Args:
      documents: int32[length], the tokens of each.
      shape: that holds them.
      pad_token_id: where there is no document.
      second_starts: int[documents], the token at which a pair's second text begins, 0 for one
        text; None: there are no pairs.
      rows: which documents each row holds; None: as `pack` places them.

    Returns:
      input_ids, segment_ids (0 where there is no document, else its number in the row) and
      position_ids, int32[rows, row_length]; cls_index, int32[slots], where in all rows, one after
      the other, a slot's document begins; for pairs token_type_ids, int32[rows, row_length], 1 in
      second texts.

    Raises:
      ValueError: they do not fit.
    """
    if rows is None:
        rows = pack([len(tokens) for tokens in documents], shape.row_length)
    if len(rows) > shape.rows or len(documents) > shape.documents:
        raise ValueError(f"{len(documents)} documents in {len(rows)} rows do not fit {shape}")
    size = shape.rows, shape.row_length
    batch = {
        "input_ids": np.full(size, pad_token_id, np.int32),
        "segment_ids": np.zeros(size, np.int32),
        "position_ids": np.zeros(size, np.int32),
        "cls_index": np.zeros(shape.documents, np.int32),
    }
    if second_starts is not None:
        batch["token_type_ids"] = np.zeros(size, np.int32)
    for row, members in enumerate(rows):
        start = 0
        for number, index in enumerate(members, 1):
            tokens = documents[index]
            end = start + len(tokens)
            batch["input_ids"][row, start:end] = tokens
            batch["segment_ids"][row, start:end] = number
            batch["position_ids"][row, start:end] = np.arange(len(tokens))
            batch["cls_index"][index] = row * shape.row_length + start
            if second_starts is not None and second_starts[index]:
                batch["token_type_ids"][row, start + second_starts[index] : end] = 1
            start = end
    return batch
