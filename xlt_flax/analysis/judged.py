"""All finished runs' predictions side by side, on one list of documents."""

from collections.abc import Sequence

import numpy as np

from xlt_flax.analysis import statistics
from xlt_flax.analysis.results import Run, Sweep


class Judged:
    """Every finished run's predictions on one list of documents, and their joint resamples.

    Attributes:
      columns: (name, seed) -> column; runs with predictions only.
      accuracies: share right for each column (runs,).
      resampled: the same over resampled documents (resamples, runs).
    """

    def __init__(self, sweep: Sweep, left_out: frozenset[str], resamples: int, seed: int):
        runs = [run for run in sweep.runs if run.target and run.target.ids]
        names = dict.fromkeys(name for run in runs for name in run.target.ids)
        rows = {name: row for row, name in enumerate(n for n in names if n not in left_out)}
        self.columns = {(run.name, run.seed): column for column, run in enumerate(runs)}
        self.left_out = left_out
        self.seed = seed
        self.correct = np.zeros((len(rows), len(runs)), bool)
        self.scored = np.zeros((len(rows), len(runs)), bool)
        for column, run in enumerate(runs):
            kept = [(rows[n], i) for i, n in enumerate(run.target.ids) if n in rows]
            where, which = np.array(kept, int).reshape(-1, 2).T
            self.correct[where, column] = run.target.correct[which]
            self.scored[where, column] = True
        judged = np.maximum(self.scored.sum(axis=0), 1)
        self.accuracies = self.correct.sum(axis=0) / judged
        self.resampled = (
            statistics.resample_documents(self.correct, self.scored, resamples, seed)
            if len(rows) and runs
            else np.zeros((resamples, len(runs)))
        )

    def column(self, run: Run) -> int | None:
        """The run's column; None without predictions, or where no document of it is left."""
        column = self.columns.get((run.name, run.seed))
        return column if column is not None and self.scored[:, column].any() else None

    def of(self, runs: Sequence[Run]) -> list[int]:
        return [c for run in runs if (c := self.column(run)) is not None]

    def group(self, mixtures: Sequence[Sequence[int]], resample_mixtures=True) -> np.ndarray:
        """Bootstrap samples of a group's mean; the same group always gives the same samples."""
        key = [self.seed, 1 + resample_mixtures, *(c for columns in mixtures for c in columns)]
        return statistics.nested_mean(self.resampled, mixtures, key, resample_mixtures)

    def paired_group(
        self, first: Sequence[Sequence[int]], second: Sequence[Sequence[int]]
    ) -> np.ndarray:
        """The same for the mean of paired differences: a draw takes both of a pair."""
        differences, mixtures = [], []
        for ours, theirs in zip(first, second, strict=True):
            start = len(differences)
            for one, other in zip(ours, theirs, strict=True):
                differences.append(self.resampled[:, one] - self.resampled[:, other])
            mixtures.append(range(start, len(differences)))
        key = [self.seed, 3, *(c for columns in first for c in columns)]
        return statistics.nested_mean(np.stack(differences, axis=1), mixtures, key)
