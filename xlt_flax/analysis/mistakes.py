"""A model's most certain mistakes: where its data, or its labels, deserve a look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xlt_flax.analysis.results import Evaluation, Run, finished_of

MOST = 20  # mistakes that are shown of a target language


@dataclass(frozen=True)
class Mistake:
    """A document that runs of one name were certain of, and wrong.

    Attributes:
      document: its id.
      label, said: what is right, and what was predicted instead, by most of the runs.
      certainty: the mean over all runs of the probability of what was predicted, 0 where it was
        right.
      wrong: runs that were wrong.
      text: of the document; "" where it is not known.
    """

    document: str
    label: str
    said: str
    certainty: float
    wrong: int
    text: str = ""


@dataclass(frozen=True)
class Mistakes:
    """The most certain mistakes of the runs of one name on one language, the most certain first.

    Attributes:
      name: of the runs.
      language: of the documents.
      runs: how many they are.
      found: the mistakes, MOST at most.
    """

    name: str
    language: str
    runs: int
    found: tuple[Mistake, ...]


def most_certain(runs: Sequence[Run], most: int = MOST) -> tuple[Mistake, ...]:
    """The mistakes that runs of one name were most certain of, over all of them together.

    Runs with several labels a document, or without probabilities, are certain of nothing.
    """
    judged = [run.result for run in finished_of(runs) if run.result.ids]
    sums: dict[str, float] = {}
    for evaluation in judged:
        for name, value in zip(evaluation.ids, _certainly_wrong(evaluation), strict=True):
            sums[name] = sums.get(name, 0.0) + float(value)
    worst = sorted((name for name in sums if sums[name] > 0), key=lambda name: -sums[name])[:most]
    rows = [dict(zip(each.ids, range(len(each.ids)), strict=True)) for each in judged]
    return tuple(_mistake(name, sums[name] / len(judged), judged, rows) for name in worst)


def _certainly_wrong(evaluation: Evaluation) -> np.ndarray:
    """float64 (documents,): how certain the model was where it was wrong; else 0."""
    one = np.array([not isinstance(label, tuple) for label in evaluation.labels], bool)
    return np.where(one & ~evaluation.correct, np.nan_to_num(evaluation.certainty), 0.0)


def _mistake(
    name: str,
    certainty: float,
    judged: Sequence[Evaluation],
    rows: Sequence[Mapping[str, int]],
) -> Mistake:
    found = [(each, row[name]) for each, row in zip(judged, rows, strict=True) if name in row]
    said = [str(each.predictions[at]) for each, at in found if not each.correct[at]]
    (each, at), *_ = found
    most_said = max(dict.fromkeys(said), key=said.count)
    return Mistake(name, str(each.labels[at]), most_said, certainty, len(said))
