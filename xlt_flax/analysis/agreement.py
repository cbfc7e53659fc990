"""How the cells of a repeated experiment agree with the numbers that it reported."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from xlt_flax.analysis import statistics
from xlt_flax.analysis.cells import Cell


@dataclass(frozen=True)
class Agreement:
    """How cells agree with the reported numbers.

    Attributes:
      cells: number of cells with both numbers.
      mean_difference: ours less the reported.
      rank_correlation: Spearman's, None with fewer than three cells or no spread.
      seed_sd: standard deviation over seeds, pooled over runs; None with one seed.
      outside: cells whose reported number another seed of ours would miss 95% of the time.
    """

    cells: int
    mean_difference: float
    rank_correlation: float | None
    seed_sd: float | None
    outside: tuple[str, ...]


def agreement(cells: Sequence[Cell]) -> Agreement | None:
    """Of the cells that have a mean and a reported number; None without any."""
    both = [
        (cell, cell.mean, cell.reported)
        for cell in cells
        if cell.mean is not None and cell.reported is not None
    ]
    if not both:
        return None
    ours = np.array([mean for _, mean, _ in both])
    theirs = np.array([reported for _, _, reported in both])
    spread = statistics.pooled_seed_spread([cell.accuracies for cell, _, _ in both])
    ranked = len(both) >= 3 and np.ptp(ours) > 0 and np.ptp(theirs) > 0
    return Agreement(
        cells=len(both),
        mean_difference=float((ours - theirs).mean()),
        rank_correlation=float(stats.spearmanr(ours, theirs).statistic) if ranked else None,
        seed_sd=None if spread is None else spread.sd,
        outside=tuple(cell.name for cell, _, number in both if _is_outside(cell, number, spread)),
    )


def _is_outside(cell: Cell, number: float, spread: statistics.SeedSpread | None) -> bool:
    if spread is None:
        return False
    low, high = statistics.prediction_interval(cell.accuracies, spread)
    return not low <= number <= high
