"""All finished runs' predictions side by side, on one list of documents."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from xlt_flax.analysis.results import Evaluation, Results, Run

Values = Callable[[Evaluation, np.ndarray], np.ndarray]


def right(evaluation: Evaluation, rows: np.ndarray) -> np.ndarray:
    """bool (rows,): whether what is predicted is right, of some documents by their places."""
    return evaluation.correct[rows]


class Unit(NamedTuple):
    """What a mixture is run with: a draw of training documents, and a seed."""

    draw: int
    seed: int


class Judged:
    """Every finished run's predictions on one list of documents.

    Attributes:
      columns: (name, draw, seed) -> column; runs with predictions only.
      left_out: documents that are not counted.
      correct: bool (documents, runs): the prediction is right; or float, see `values`.
      scored: bool (documents, runs): False where a run did not judge the document.
      accuracies: share right for each column (runs,), or the mean of `values`.

    Args:
      results: whose runs.
      left_out: documents that are not to be counted.
      values: of a run's evaluation and the places of documents in it (rows,), what each document
        counts (rows,); their mean is the score.
    """

    def __init__(
        self,
        results: Results,
        left_out: frozenset[str] = frozenset(),
        values: Values = right,
    ):
        targets = [(run, run.target) for run in results.runs if run.target and run.target.ids]
        names = dict.fromkeys(name for _, target in targets for name in target.ids)
        rows = {name: row for row, name in enumerate(n for n in names if n not in left_out)}
        self.columns = {
            (run.name, run.draw, run.seed): column for column, (run, _) in enumerate(targets)
        }
        self.left_out = left_out
        places, counted = [], []
        for _, target in targets:
            kept = [(rows[n], i) for i, n in enumerate(target.ids) if n in rows]
            where, which = np.array(kept, int).reshape(-1, 2).T
            places.append(where)
            counted.append(values(target, which))
        self.correct = np.zeros((len(rows), len(targets)), np.result_type(bool, *counted))
        self.scored = np.zeros((len(rows), len(targets)), bool)
        for column, (where, value) in enumerate(zip(places, counted, strict=True)):
            self.correct[where, column] = value
            self.scored[where, column] = True
        judged = np.maximum(self.scored.sum(axis=0), 1)
        self.accuracies = self.correct.sum(axis=0) / judged

    def column(self, run: Run) -> int | None:
        """The run's column; None without predictions, or where no document of it is left."""
        column = self.columns.get((run.name, run.draw, run.seed))
        return column if column is not None and self.scored[:, column].any() else None

    def right(self, run: Run) -> np.ndarray:
        """Right or wrong on each document that the run, which has a column, judged: (documents,)"""
        column = self.column(run)
        return self.correct[self.scored[:, column], column]
