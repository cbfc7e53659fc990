"""Contrasts measured on a study's predictions: blocks of runs against the same documents.

A block is a draw of training documents (`data.split_seed`) with its seeds averaged; with one draw,
the seeds are the blocks, and the draw is held fixed; with one seed of it, only the documents vary.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from xlt_flax.analysis import statistics
from xlt_flax.analysis.contrasts import UNEQUAL_GROUPS, Contrast
from xlt_flax.analysis.judged import Judged, Unit
from xlt_flax.analysis.results import Run
from xlt_flax.analysis.statistics import Interval

DRAWS, SEEDS, DOCUMENTS = "draws", "seeds", "documents"  # what a measurement's blocks are
ONE_SEED = "one seed: documents only"


@dataclass(frozen=True)
class Blocks:
    """The runs that a contrast can be taken over.

    Attributes:
      kind: DRAWS, SEEDS, or DOCUMENTS for one run of each mixture.
      members: (draw, seed) of each block; () while there is no block.
      lacking: what is planned and does not count: a mixture is not finished there.
    """

    kind: str
    members: tuple[tuple[Unit, ...], ...]
    lacking: tuple[Unit, ...]

    @property
    def basis(self) -> str:
        """What the blocks are, in words; "" while there is none."""
        if not self.members:
            return ""
        if self.kind == DOCUMENTS:
            return ONE_SEED
        return f"{len(self.members)} {self.kind}"

    @property
    def holds_fixed(self) -> str:
        """What an interval over these blocks says nothing of."""
        draw, seed = self.members[0][0]
        if self.kind == DOCUMENTS:
            return f"seed {seed} and draw {draw}"
        if self.kind == SEEDS:
            return f"draw {draw}"
        seeds = {tuple(unit.seed for unit in units) for units in self.members}
        if len(seeds) > 1:
            return ""
        return f"seed{'s' * (len(units := seeds.pop()) > 1)} {', '.join(map(str, units))} of a draw"


def interval_label(bases: Iterable[str]) -> str:
    """What a figure calls its intervals, given their bases ("" where there is none)."""
    known = {basis for basis in bases if basis}
    return "95%, documents only" if known == {ONE_SEED} else "95% interval"


@dataclass(frozen=True)
class Measured:
    """A contrast, measured.

    Attributes:
      contrast: which.
      blocks: over what.
      estimate: the mean over blocks and documents; None without blocks, or without predictions.
      test: the sign flip of the blocks; None with fewer than two.
      waiting: mixtures of which no run is finished.
      problems: labels of runs in it whose model is broken.
    """

    contrast: Contrast
    blocks: Blocks
    estimate: statistics.Estimate | None
    test: statistics.Exact | None
    waiting: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def interval(self) -> Interval | None:
        return self.estimate.interval if self.estimate else None

    @property
    def taken(self) -> statistics.Estimate:
        """The estimate of a contrast that is known to have one."""
        if self.estimate is None:
            raise ValueError(f"{self.contrast.key} is not taken yet")
        return self.estimate

    @property
    def flags(self) -> tuple[str, ...]:
        """What a reader must know of the number."""
        flags = [] if self.contrast.equal_groups else [UNEQUAL_GROUPS]
        if self.estimate is None:
            return tuple(flags)
        if self.blocks.kind == DOCUMENTS:
            flags.append(ONE_SEED)
        if self.estimate.floored:
            flags.append("variance came out negative: a larger one is used")
        if self.estimate.raised_from is not None:
            came_out = f"{self.estimate.raised_from:.2g}"
            flags.append(f"degrees of freedom came out as {came_out}: 1 is used")
        if len({len(units) for units in self.blocks.members}) > 1:
            flags.append("draws with unequal numbers of seeds")
        flags += [f"left out, not complete: draw {d}, seed {s}" for d, s in self.blocks.lacking]
        if self.problems:
            flags.append(f"models with problems: {', '.join(self.problems)}")
        return tuple(flags)


def measure(contrast: Contrast, runs: Iterable[Run], judged: Judged) -> Measured:
    """Takes a contrast over all complete blocks.

    Args:
      contrast: what to take.
      runs: of a study: those that the contrast does not name are passed over.
      judged: the finished runs' predictions.
    """
    runs = [run for run in runs if run.name in contrast.weights]
    blocks = find_blocks(runs, tuple(contrast.weights), judged)
    ready = {run.name for run in runs if judged.column(run) is not None}
    waiting = tuple(name for name in contrast.weights if name not in ready)
    values = _values(contrast, blocks, judged) if blocks.members else np.zeros((0, 0))
    if values.shape[1] < 2:
        return Measured(contrast, blocks, None, None, waiting)
    several = len(values) > 1
    return Measured(
        contrast=contrast,
        blocks=blocks,
        estimate=statistics.crossed(values),
        test=statistics.sign_flip(values.mean(axis=1)) if several else None,
        problems=_broken(runs, blocks),
    )


def find_blocks(runs: Sequence[Run], names: Sequence[str], judged: Judged) -> Blocks:
    """The blocks in which every mixture has the same seeds."""
    planned = sorted({Unit(run.draw, run.seed) for run in runs})
    ready = {(run.name, run.draw, run.seed) for run in runs if judged.column(run) is not None}
    complete = [unit for unit in planned if all((name, *unit) in ready for name in names)]
    lacking = tuple(unit for unit in planned if unit not in complete)
    draws = sorted({unit.draw for unit in complete})
    if len(draws) > 1:
        members = tuple(tuple(u for u in complete if u.draw == draw) for draw in draws)
        return Blocks(DRAWS, members, lacking)
    kind = SEEDS if len(complete) > 1 else DOCUMENTS
    return Blocks(kind, tuple((unit,) for unit in complete), lacking)


def _values(contrast: Contrast, blocks: Blocks, judged: Judged) -> np.ndarray:
    """The contrast in each block on each document that all its runs judged: (blocks, documents)."""
    names, weights = tuple(contrast.weights), np.array(list(contrast.weights.values()))
    columns = [
        np.array([[judged.columns[name, *unit] for name in names] for unit in units])
        for units in blocks.members
    ]
    common = judged.scored[:, np.unique(np.concatenate(columns))].all(axis=1)
    correct = judged.correct[common]
    return np.stack([(correct[:, block].mean(axis=1) @ weights) for block in columns])


def _broken(runs: Sequence[Run], blocks: Blocks) -> tuple[str, ...]:
    counted = {unit for units in blocks.members for unit in units}
    return tuple(run.label for run in runs if run.problems and (run.draw, run.seed) in counted)
