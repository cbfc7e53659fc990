"""Every document is predicted exactly once, whatever the batch size, the number of devices and the
size of the parts in which predictions come."""

import numpy as np
import pytest

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.evaluation import predictions
from xlt_flax.evaluation.predictions import predict
from xlt_flax.evaluation.scores import scores_of
from xlt_flax.training.objectives import multi_label, single_label
from xlt_flax.training.phases import Phase

LABELS = LabelSet(("negative", "positive"))


def documents_of(count, labels=None):
    rng = np.random.default_rng(count)
    lengths = rng.integers(1, 33, count)
    return Documents.from_arrays(
        ids=[str(i) for i in range(count)],
        labels=rng.integers(0, 2, count).astype(np.int32) if labels is None else labels,
        digests=np.array([f"{i:032}" for i in range(count)], "S32"),
        tokens=np.repeat(np.arange(count), lengths).astype(np.int32),  # the document's own number
        offsets=np.cumsum([0, *lengths]),
    )


class OwnNumber:
    """A step that says of each document its own number, and 99 of rows that hold none."""

    def __init__(self, devices):
        self.devices, self.seen = devices, []

    def __call__(self, params, batch):
        weights = batch["weights"]
        tokens = batch["input_ids"].reshape(self.devices, -1)
        first = batch["cls_index"] if "cls_index" in batch else 32 * np.arange(weights.shape[1])
        number = np.take_along_axis(tokens, np.broadcast_to(first, weights.shape), 1)
        number = np.where(weights > 0, number, 99)
        self.seen.extend(number[weights > 0].tolist())
        logits = np.stack([-number, number - 20], -1)
        return logits.astype(np.float32), number.astype(np.float32)


def layout_of(layout, batch_size, row_length, devices):
    if layout == "packed":
        return PackedLayout(None, 16 * batch_size, row_length, devices, pad_token_id=0)
    padded = PaddedLayout(32, batch_size, devices, pad_token_id=0)
    padded.lengths = [32]
    return padded


def phase_of(step, count, *layout):
    return Phase(documents_of(count), layout_of(*layout), step, single_label, LABELS)


@pytest.mark.parametrize("window", [10, 65_536])
@pytest.mark.parametrize("devices", [1, 3, 8])
@pytest.mark.parametrize("batch_size", [1, 7, 32])
@pytest.mark.parametrize("count", [0, 1, 31, 64])
@pytest.mark.parametrize(
    ("layout", "row_length"), [("padded", None), ("packed", None), ("packed", 32)]
)
def test_each_document_once(layout, row_length, count, batch_size, devices, window, monkeypatch):
    monkeypatch.setattr(predictions, "_WINDOW", window)
    step, told = OwnNumber(devices), []
    phase = phase_of(step, count, layout, batch_size, row_length, devices)
    parts = list(predict(phase, None, told.append))
    assert sorted(step.seen) == list(range(count))
    assert sum(told) == count
    assert all(len(part) <= window for part in parts)
    own = list(range(count))  # in the documents' order
    assert [name for part in parts for name in part.ids] == [*map(str, own)]
    assert [loss for part in parts for loss in part.losses.tolist()] == own
    said = [label for part in parts for label in part.said.argmax(-1).tolist()]
    assert said == [int(number > 10) for number in own]
    scores = scores_of(parts, LABELS)
    assert scores.n == count
    assert scores.losses.tolist() == own


def test_no_more_is_predicted_than_is_asked_for(monkeypatch):
    """So what is held does not grow with the documents."""
    monkeypatch.setattr(predictions, "_WINDOW", 10)
    step = OwnNumber(1)
    parts = predict(phase_of(step, 64, "padded", 4, None, 1), None)
    for number in range(1, 4):
        next(parts)
        assert sorted(step.seen) == list(range(10 * number))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_an_output_that_is_no_number_is_no_prediction(bad):
    def step(params, batch):
        logits = np.stack([np.zeros((1, 4)), np.ones((1, 4))], -1).astype(np.float32)
        logits[batch["document"] == 1, 0] = bad
        return logits, np.zeros((1, 4), np.float32)

    (part,) = predict(phase_of(step, 3, "padded", 4, None, 1), None)
    assert part.finite.tolist() == [True, False, True]
    assert part.said.tolist() == [[False, True], [False, False], [False, True]]
    np.testing.assert_allclose(part.probabilities[[0, 2]].sum(-1), 1)
    assert np.isnan(part.probabilities[1]).all()


def test_several_labels():
    """What has a probability of .5 is said; where nothing has, the most probable."""
    outputs = np.array([[1, -1, 1], [-3, -2, -1], [2, np.nan, 2], [0, -1, -1]], np.float32)

    def step(params, batch):
        return outputs[batch["document"]], np.zeros((1, 4), np.float32)

    layout = PaddedLayout(32, 4, 1, pad_token_id=0, label_count=3)
    documents = documents_of(4, [(0, 2), (), (1,), (0, 1)])
    labels = LabelSet(("bug", "praise", "question"), several=True)
    (part,) = predict(Phase(documents, layout, step, multi_label, labels), None)
    assert part.said.astype(int).tolist() == [[1, 0, 1], [0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert part.true.astype(int).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 0]]
    assert part.finite.tolist() == [True, True, False, True]
    np.testing.assert_allclose(part.probabilities[0], 1 / (1 + np.exp([-1, 1, -1])))
    scores = scores_of([part], labels)
    assert (scores.n, scores.unlabeled, scores.accuracy) == (4, 0, pytest.approx(1 / 4))
    nothing = documents_of(4, [()] * 4)  # a set without a label is one to be predicted alone
    (part,) = predict(Phase(nothing, layout, step, multi_label, labels), None)
    assert (scores_of([part], labels).n, scores_of([part], labels).unlabeled) == (0, 4)


# ---- Long documents in windows -------------------------------------------------------------------


def windowed(counts, labels):
    """Documents of so many windows each; a window's tokens are its own number."""
    total = sum(counts)
    return Documents.from_arrays(
        ids=[f"d{i}" for i in range(len(counts))],
        labels=labels,
        digests=np.array([f"{i:032}" for i in range(len(counts))], "S32"),
        tokens=np.repeat(np.arange(total, dtype=np.int32), 3),
        offsets=np.arange(0, 3 * total + 1, 3),
        window_offsets=np.cumsum([0, *counts]),
    )


class OwnLogits(OwnNumber):
    """A step that says of each window what a table has of it, with the loss 7."""

    def __init__(self, devices, logits):
        super().__init__(devices)
        self.logits = logits

    def __call__(self, params, batch):
        _, number = super().__call__(params, batch)
        inside = np.minimum(number, len(self.logits) - 1).astype(int)
        return self.logits[inside], np.full(number.shape, 7, np.float32)


COUNTS = [1, 5, 1, 2, 3, 1]
OUTPUTS = np.random.default_rng(0).normal(0, 2, (sum(COUNTS), 2)).astype(np.float32)


@pytest.mark.parametrize("window", [1, 4, 65_536])
@pytest.mark.parametrize("devices", [1, 3])
@pytest.mark.parametrize(("layout", "row_length"), [("padded", None), ("packed", 32)])
def test_a_document_of_windows_counts_once(layout, row_length, devices, window, monkeypatch):
    """By the mean of their probabilities; its loss is that of the mean. One of one window has the
    step's own loss."""
    monkeypatch.setattr(predictions, "_WINDOW", window)
    documents = windowed(COUNTS, np.array([0, 1, -1, 1, 0, 1], np.int32))
    step, told = OwnLogits(devices, OUTPUTS), []
    phase = Phase(documents, layout_of(layout, 4, row_length, devices), step, single_label, LABELS)
    parts = list(predict(phase, None, told.append))
    assert sorted(step.seen) == list(range(sum(COUNTS)))
    assert sum(told) == sum(map(len, parts)) == len(COUNTS)
    assert [name for part in parts for name in part.ids] == [f"d{i}" for i in range(6)]
    each = np.split(single_label.probabilities(OUTPUTS), np.cumsum(COUNTS)[:-1])
    expected = np.array([own.mean(0) for own in each])
    found = np.concatenate([part.probabilities for part in parts])
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    said = np.concatenate([part.said for part in parts])
    assert said.argmax(-1).tolist() == expected.argmax(-1).tolist()
    losses = np.concatenate([part.losses for part in parts])
    wanted = -np.log(expected[[1, 3, 4], [1, 1, 0]])
    np.testing.assert_allclose(losses[[1, 3, 4]], wanted, rtol=1e-6)
    assert losses[[0, 5]].tolist() == [7, 7]
    scores = scores_of(parts, LABELS)
    assert (scores.n, scores.unlabeled) == (5, 1)


def test_several_labels_of_windows():
    labels = LabelSet(("bug", "praise"), several=True)
    documents = windowed([2, 1], [(0,), (0, 1)])
    outputs = np.array([[3, -1], [-1, -3], [0, 0]], np.float32)
    layout = PaddedLayout(3, 4, 1, pad_token_id=0, label_count=2)
    layout.lengths = [32]
    phase = Phase(documents, layout, OwnLogits(1, outputs), multi_label, labels)
    (part,) = predict(phase, None)
    mean = multi_label.probabilities(outputs[:2]).mean(0)
    np.testing.assert_allclose(part.probabilities[0], mean)
    expected = -(np.log(mean[0]) + np.log(1 - mean[1])) / 2
    np.testing.assert_allclose(part.losses, [expected, 7], rtol=1e-6)
    assert part.said.tolist() == [[True, False], [True, True]]


def test_a_window_that_is_no_number_makes_its_document_none():
    outputs = OUTPUTS[:4].copy()
    outputs[2, 1] = np.nan
    documents = windowed([1, 2, 1], np.zeros(3, np.int32))
    layout = layout_of("padded", 4, None, 1)
    (part,) = predict(Phase(documents, layout, OwnLogits(1, outputs), single_label, LABELS), None)
    assert part.finite.tolist() == [True, False, True]
    assert not part.said[1].any()
