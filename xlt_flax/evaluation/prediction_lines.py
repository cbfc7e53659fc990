"""The lines of eval/<language>.predictions.jsonl."""

from collections.abc import Iterator

import numpy as np

from xlt_flax.data.examples import LabelSet
from xlt_flax.evaluation.predictions import Predictions


def prediction_lines(part: Predictions, labels: LabelSet, seen: np.ndarray) -> Iterator[dict]:
    """A line for each document, in their order; labels are named.

    `label` and `prediction` are names; with several labels a document, `labels` and `predictions`
    are lists of them. The first is null where a document has no label, or is [] where it is known
    to have none; the second, and
    `probabilities` (in the order of the label set), where the model's output is not a number.

    Args:
      part: of the predictions.
      labels: of the data set.
      seen: bool[documents], which were trained or validated on: their lines say so.
    """
    true_key, said_key = ("labels", "predictions") if labels.several else ("label", "prediction")
    has_label, finite = part.labelled, part.finite
    for row, name in enumerate(part.ids):
        line = {
            "id": name,
            true_key: _named(part.true[row], labels) if has_label[row] else None,
            said_key: _named(part.said[row], labels) if finite[row] else None,
            "probabilities": part.probabilities[row].tolist() if finite[row] else None,
        }
        yield line | {"seen": True} if seen[row] else line


def _named(row: np.ndarray, labels: LabelSet) -> str | list[str]:
    names = labels.named(np.flatnonzero(row).tolist())
    return names if labels.several else names[0]
