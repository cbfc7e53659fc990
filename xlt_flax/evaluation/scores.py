"""What is written and printed of an evaluation: plain values of predictions, and nothing else."""

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.evaluation.predictions import Predictions
from xlt_flax.training.metrics import finite_or_none

_HEADER = "language  accuracy  majority  macro-F1    loss  documents  checkpoint"


def scores_of(predictions: Predictions, seen: np.ndarray) -> dict:
    """`accuracy`, `loss` and `macro_f1` of all documents, and what the first is worth.

    Args:
      predictions: of a judged set.
      seen: bool[documents], which of it were trained or validated on.

    Returns:
      The scores, as JSON has them (None for what is no number), with `seen` (how many),
      `accuracy_unseen` (of the others; None if there are none) and `majority`.
    """
    unseen = predictions.right[~seen]
    return {
        **{name: finite_or_none(value) for name, value in predictions.scores().items()},
        "seen": int(seen.sum()),
        "accuracy_unseen": float(unseen.mean()) if len(unseen) else None,
        "majority": predictions.majority,
    }


def prediction_lines(
    documents: Documents, predictions: Predictions, seen: np.ndarray
) -> list[dict]:
    """The lines of predictions.jsonl, in the documents' order. Where the model's output is not a
    number, `prediction` and `probabilities` are null; `seen` stands on documents that were."""
    lines = []
    for row, probabilities in enumerate(predictions.probabilities.tolist()):
        finite = bool(predictions.finite[row])
        lines.append(
            {
                "id": documents.ids[row],
                "label": int(documents.labels[row]),
                "prediction": int(predictions.predicted[row]) if finite else None,
                "probabilities": probabilities if finite else None,
                **({"seen": True} if seen[row] else {}),
            }
        )
    return lines


def table(results: dict[str, dict]) -> str:
    """Results by language (contents of eval/<language>.json), for people: a row each, and below it
    what must be known of it."""
    rows = [
        f"{language:<8}  {result['accuracy']:8.4f}  {result['majority']:8.4f}  "
        f"{result['macro_f1']:8.4f}  {_loss(result['loss']):>6}  {result['n']:9d}  "
        f"{result['checkpoint']} ({result['checkpoint_step']})"
        for language, result in results.items()
    ]
    remarks = [
        f"{language}: {remark}" for language, result in results.items() for remark in _said(result)
    ]
    return "\n".join([_HEADER, *rows, *remarks])


def _said(result: dict) -> list[str]:
    return [seen_in_words(result, result["n"]), *result["problems"]]


def seen_in_words(scores: dict, documents: int) -> str:
    """Says how many of the judged documents were trained on, and what the others give.

    Args:
      scores: from `scores_of`.
      documents: how many were judged.
    """
    line = f"{scores['seen']:,} of {documents:,} documents were trained on or validated on"
    if not scores["seen"]:
        return line
    if scores["accuracy_unseen"] is None:
        return f"{line}: none is left to judge the model by"
    return f"{line}; accuracy without them {scores['accuracy_unseen']:.4f}"


def _loss(loss: float | None) -> str:
    return "none" if loss is None else f"{loss:.4f}"
