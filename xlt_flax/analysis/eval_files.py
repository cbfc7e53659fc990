"""Reads what eval wrote: eval/<language>.json and eval/<language>.predictions.jsonl."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xlt_flax.analysis.json_files import number, read_lines, read_object
from xlt_flax.analysis.results import Evaluation
from xlt_flax.errors import UserError

_NO_PREDICTION = -1  # of a document whose logits were no numbers


@dataclass(frozen=True)
class _Predictions:
    """A predictions file's columns; empty ones without a file."""

    ids: tuple[str, ...]
    labels: np.ndarray
    predicted: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        return self.predicted == self.labels

    @property
    def not_numbers(self) -> int:
        return int((self.predicted == _NO_PREDICTION).sum())


def read_evaluations(folder: Path) -> dict[str, Evaluation]:
    """Language -> evaluation, of all that a run's `eval/` holds.

    Raises:
      UserError: a file is not what eval writes, or a result is not that of its predictions.
    """
    paths = sorted((folder / "eval").glob("*.json"))
    return {path.stem: _read_evaluation(path) for path in paths if "." not in path.stem}


def _read_evaluation(path: Path) -> Evaluation:
    values = read_object(path)
    accuracy = number(values, "accuracy", path)
    if accuracy is None:
        raise UserError(f"{path}: has no accuracy; evaluate this run again")
    judged = _read_predictions(path.with_name(f"{path.stem}.predictions.jsonl"))
    if judged.ids and not abs(judged.correct.mean() - accuracy) <= 1e-4:
        raise UserError(
            f"{path}: accuracy {accuracy:.4f}, but its predictions file has "
            f"{judged.correct.mean():.4f}; evaluate this run again"
        )
    documents, seen = (number(values, key, path) for key in ("n", "seen"))
    majority = number(values, "majority", path)
    return Evaluation(
        language=path.stem,
        accuracy=float(judged.correct.mean()) if judged.ids else accuracy,
        macro_f1=number(values, "macro_f1", path),
        loss=number(values, "loss", path),
        documents=len(judged.ids) or (None if documents is None else int(documents)),
        note=_note(values),
        problems=_problems(values, judged),
        not_numbers=judged.not_numbers,
        majority=_majority(judged) if majority is None else majority,
        seen=None if seen is None else int(seen),
        accuracy_unseen=number(values, "accuracy_unseen", path),
        ids=judged.ids,
        correct=judged.correct,
        predictions=judged.predicted,
    )


def _note(values: dict) -> str:
    """What eval says of the result, and whether it is another checkpoint's than the best one's."""
    checkpoint = str(values.get("checkpoint") or "best")
    other = "" if checkpoint.startswith("best") else f"evaluated at checkpoint {checkpoint}"
    return "; ".join(part for part in (str(values.get("note") or ""), other) if part)


def _problems(values: dict, judged: _Predictions) -> tuple[str, ...]:
    """What eval found wrong with the model; looked for here where an older eval did not."""
    if isinstance(values.get("problems"), list):
        return tuple(str(problem) for problem in values["problems"])
    if len(judged.ids) > 1 and len(np.unique(judged.predicted)) == 1:
        return ("all predictions are of one class",)
    return ()


def _majority(judged: _Predictions) -> float | None:
    if not judged.ids:
        return None
    return float(np.unique(judged.labels, return_counts=True)[1].max() / len(judged.ids))


def _read_predictions(path: Path) -> _Predictions:
    """A document without a prediction (null: the model put out no numbers) is wrong."""
    ids, labels, predicted = [], [], []
    known = set()
    for line_number, line in read_lines(path):
        try:
            name, label, prediction = line["id"], int(line["label"]), line["prediction"]
            prediction = _NO_PREDICTION if prediction is None else int(prediction)
        except (KeyError, TypeError, ValueError):
            raise UserError(
                f"{path}:{line_number}: wants id, label and prediction; evaluate this run again"
            ) from None
        if name in known:
            raise UserError(f"{path}:{line_number}: {name} a second time; evaluate this run again")
        known.add(name)
        ids.append(str(name))
        labels.append(label)
        predicted.append(prediction)
    return _Predictions(tuple(ids), np.array(labels, int), np.array(predicted, int))
