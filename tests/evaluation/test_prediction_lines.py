"""Lines of predictions.jsonl name their labels."""

import numpy as np
import pytest

from xlt_flax.data.examples import LabelSet
from xlt_flax.evaluation.prediction_lines import prediction_lines
from xlt_flax.evaluation.predictions import Predictions

NAMES = ("bug", "praise", "question")
NAN = float("nan")


def part_of(true, said, probabilities):
    return Predictions(
        ids=["a", "b", "c"],
        true=np.array(true, bool),
        said=np.array(said, bool),
        probabilities=np.array(probabilities, float),
        losses=np.zeros(3, np.float32),
    )


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        (
            False,
            [
                {
                    "id": "a",
                    "label": "praise",
                    "prediction": "bug",
                    "probabilities": [0.5, 0.3, 0.2],
                },
                {"id": "b", "label": None, "prediction": "praise", "probabilities": [0, 1, 0]},
                {
                    "id": "c",
                    "label": "bug",
                    "prediction": None,
                    "probabilities": None,
                    "seen": True,
                },
            ],
        ),
        (
            True,
            [
                {
                    "id": "a",
                    "labels": ["praise"],
                    "predictions": ["bug"],
                    "probabilities": [0.5, 0.3, 0.2],
                },
                {"id": "b", "labels": None, "predictions": ["praise"], "probabilities": [0, 1, 0]},
                {
                    "id": "c",
                    "labels": ["bug"],
                    "predictions": None,
                    "probabilities": None,
                    "seen": True,
                },
            ],
        ),
    ],
)
def test_lines(several, expected):
    part = part_of(
        [[0, 1, 0], [0, 0, 0], [1, 0, 0]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 0]],
        [[0.5, 0.3, 0.2], [0, 1, 0], [NAN] * 3],
    )
    lines = prediction_lines(part, LabelSet(NAMES, several), np.array([False, False, True]))
    assert list(lines) == expected


def test_sets_are_lists_in_the_order_of_the_labels():
    part = part_of(
        [[1, 0, 1], [0, 1, 1], [1, 1, 1]], [[0, 0, 1], [1, 0, 1], [0, 1, 0]], [[0.5] * 3] * 3
    )
    lines = list(prediction_lines(part, LabelSet(NAMES, several=True), np.zeros(3, bool)))
    assert [line["labels"] for line in lines] == [
        ["bug", "question"],
        ["praise", "question"],
        ["bug", "praise", "question"],
    ]
    assert lines[1]["predictions"] == ["bug", "question"]
