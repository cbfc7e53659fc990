"""Every document is counted exactly once, whatever the batch size and the number of devices."""

import numpy as np
import pytest

from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.evaluation.predictions import Predictions, predict


def documents_of(count):
    rng = np.random.default_rng(count)
    lengths = rng.integers(1, 33, count)
    return Documents.from_arrays(
        ids=[str(i) for i in range(count)],
        labels=rng.integers(0, 2, count).astype(np.int32),
        digests=np.array([f"{i:032}" for i in range(count)], "S32"),
        tokens=np.repeat(np.arange(count), lengths).astype(np.int32),  # the document's own number
        offsets=np.cumsum([0, *lengths]),
    )


@pytest.mark.parametrize("devices", [1, 3, 8])
@pytest.mark.parametrize("batch_size", [1, 7, 32])
@pytest.mark.parametrize("count", [1, 31, 64])
@pytest.mark.parametrize(
    ("layout", "row_length"), [("padded", None), ("packed", None), ("packed", 32)]
)
def test_each_document_once(layout, row_length, count, batch_size, devices):
    documents = documents_of(count)
    seen = []

    def eval_step(params, batch):
        """Says of each document its own number, and 99 of rows that hold none."""
        weights = batch["weights"]
        tokens = batch["input_ids"].reshape(devices, -1)
        first = batch["cls_index"] if "cls_index" in batch else 32 * np.arange(weights.shape[1])
        number = np.take_along_axis(tokens, np.broadcast_to(first, weights.shape), 1)
        number = np.where(weights > 0, number, 99)
        seen.extend(number[weights > 0].tolist())
        return np.stack([-number, number], -1).astype(np.float32), number.astype(np.float32)

    if layout == "packed":
        layout = PackedLayout(None, 16 * batch_size, row_length, devices, pad_token_id=0)
    else:
        layout = PaddedLayout(32, batch_size, devices, pad_token_id=0)
        layout.lengths = [32]
    predictions = predict(eval_step, None, documents, layout)
    assert sorted(seen) == list(range(count))
    assert predictions.losses.tolist() == list(range(count))  # in the documents' order


def test_scores_on_a_known_case():
    logits = np.array([[2, 0], [0, 2], [0, 2], [2, 0], [0, 2]], np.float32)
    predictions = Predictions(logits, np.full(5, 0.5, np.float32), np.array([0, 0, 1, 1, 1]))
    scores = predictions.scores()
    assert predictions.confusion.tolist() == [[1, 1], [1, 2]]
    assert scores["accuracy"] == pytest.approx(3 / 5)
    assert scores["macro_f1"] == pytest.approx((2 * 1 / 4 + 2 * 2 / 6) / 2)
    assert scores["loss"] == pytest.approx(0.5)
    np.testing.assert_allclose(predictions.probabilities.sum(-1), 1)


def predictions_of(*logits, labels):
    logits = np.array(logits, np.float32)
    return Predictions(logits, logits.sum(-1), np.array(labels, np.int32))


def test_an_output_that_is_no_number_is_a_wrong_one():
    """On the code of before, NaN was class 0."""
    nan, inf = float("nan"), float("inf")
    predictions = predictions_of(
        [2, 0], [nan, nan], [0, nan], [inf, 0], [0, 2], labels=[0, 0, 1, 0, 1]
    )
    assert predictions.predicted.tolist() == [0, -1, -1, -1, 1]
    assert predictions.confusion.tolist() == [[1, 0], [0, 1]]
    scores = predictions.scores()
    assert scores["accuracy"] == pytest.approx(2 / 5)
    assert scores["macro_f1"] == pytest.approx((2 / (3 + 1) + 2 / (2 + 1)) / 2)
    assert predictions.majority == pytest.approx(3 / 5)
    assert np.isfinite(predictions.probabilities).all(-1).tolist() == [True, *[False] * 3, True]
    assert predictions.problems() == [
        "the model's output is not a number for 3 of 5 documents, which count as wrong"
    ]


@pytest.mark.parametrize(
    ("logits", "labels", "problems"),
    [
        ([[0, 1], [0, 2], [0, 1]], [0, 1, 1], ["all 3 documents were given one class, positive"]),
        ([[1, 0], [2, 0]], [0, 1], ["all 2 documents were given one class, negative"]),
        ([[1, 0], [2, 0]], [0, 0], []),  # and are of one class
        ([[1, 0], [0, 1]], [0, 0], []),
        (
            [[float("nan")] * 2, [0, 1], [0, 1]],
            [0, 1, 1],
            [
                "the model's output is not a number for 1 of 3 documents, which count as wrong",
                "all other 2 documents were given one class, positive",
            ],
        ),
        (
            [[float("nan")] * 2] * 2,
            [0, 1],
            ["the model's output is not a number for 2 of 2 documents, which count as wrong"],
        ),
    ],
)
def test_what_makes_scores_no_measure(logits, labels, problems):
    assert predictions_of(*logits, labels=labels).problems() == problems
