"""Reads what eval wrote: eval/<language>.json and eval/<language>.predictions.jsonl.

Labels are names; in files of formats 1 and 2, numbers. Nothing here needs to know which: a
prediction is right if it is the label.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xlt_flax.analysis.json_files import inner, number, read_lines, read_object
from xlt_flax.analysis.results import Evaluation
from xlt_flax.errors import UserError
from xlt_flax.workdir import Workdir

_ONE, _SEVERAL = ("label", "prediction"), ("labels", "predictions")


@dataclass(frozen=True)
class _Predictions:
    """A predictions file's columns, of documents that have a label; empty ones without a file.

    Attributes:
      ids: of the documents.
      labels: object[documents]; several of a document are a tuple.
      predicted: object[documents], the same; None: the model put out no numbers.
      certainty: float64[documents], the largest probability; NaN where there is none.
    """

    ids: tuple[str, ...]
    labels: np.ndarray
    predicted: np.ndarray
    certainty: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        return (self.predicted == self.labels).astype(bool)

    @property
    def not_numbers(self) -> int:
        return sum(prediction is None for prediction in self.predicted)


def read_evaluations(folder: Path) -> dict[str, Evaluation]:
    """Language -> evaluation, of all that a run's `eval/` holds; of languages without a single
    labelled document there is none.

    Raises:
      UserError: a file is not what eval writes, or a result is not that of its predictions.
    """
    workdir = Workdir(folder)
    found = {language: _read_evaluation(workdir, language) for language in workdir.evaluated()}
    return {language: evaluation for language, evaluation in found.items() if evaluation}


def _read_evaluation(workdir: Workdir, language: str) -> Evaluation | None:
    path = workdir.scores(language)
    values = read_object(path)
    if values.get("n") == 0:
        return None
    accuracy = number(values, "accuracy", path)
    if accuracy is None:
        raise UserError(f"{path}: has no accuracy; evaluate this run again")
    judged = _read_predictions(workdir.predictions(language))
    if judged.ids and not abs(judged.correct.mean() - accuracy) <= 1e-4:
        raise UserError(
            f"{path}: accuracy {accuracy:.4f}, but its predictions file has "
            f"{judged.correct.mean():.4f}; evaluate this run again"
        )
    documents, seen = (number(values, key, path) for key in ("n", "seen"))
    majority = number(values, "majority", path)
    return Evaluation(
        language=language,
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
        micro_f1=number(values, "micro_f1", path),
        ece=number(values, "ece", path),
        per_class=inner(values, "per_class"),
        labels=judged.labels,
        certainty=judged.certainty,
        long=str(values.get("long") or "truncate"),  # older versions knew no other
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
    if len(judged.ids) > 1 and len(set(judged.predicted)) == 1:
        return ("all predictions are of one class",)
    return ()


def _majority(judged: _Predictions) -> float | None:
    if not judged.ids:
        return None
    return max(Counter(judged.labels).values()) / len(judged.ids)


def _read_predictions(path: Path) -> _Predictions:
    """A document without a prediction (null: the model put out no numbers) is wrong."""
    rows: dict[str, _Row] = {}
    for line_number, line in read_lines(path):
        try:
            name, row = str(line["id"]), _row(line)
        except (KeyError, TypeError):
            raise UserError(
                f"{path}:{line_number}: wants id, label and prediction; evaluate this run again"
            ) from None
        if name in rows:
            raise UserError(f"{path}:{line_number}: {name} a second time; evaluate this run again")
        rows[name] = row
    kept = {name: row for name, row in rows.items() if row.label is not None}
    return _Predictions(
        tuple(kept),
        _objects(row.label for row in kept.values()),
        _objects(row.prediction for row in kept.values()),
        np.array([row.certainty for row in kept.values()], float),
    )


class _Row(NamedTuple):
    label: Hashable
    prediction: Hashable
    certainty: float


def _row(line: dict) -> _Row:
    """What a line says of its document.

    Raises:
      KeyError, TypeError: it is not what eval writes.
    """
    label, prediction = (_value(line[key]) for key in (_SEVERAL if "labels" in line else _ONE))
    return _Row(label, prediction, max(line.get("probabilities") or [math.nan]))


def _value(found: object) -> Hashable:
    """
    Raises:
      TypeError: it is neither a label (a name, or a number), nor several, nor null.
    """
    if isinstance(found, list):
        return tuple(_value(one) for one in found)
    if found is None or isinstance(found, str | int):
        return found
    raise TypeError(found)


def _objects(values: Iterable[Hashable]) -> np.ndarray:
    """object[values]: an array of them as they are, tuples included."""
    return np.fromiter(values, object)
