"""Differences between groups of mixtures: what diversity, J1 and the source stage give."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xlt_flax.analysis import statistics, thesis
from xlt_flax.analysis.cells import Cell, accuracy_of
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.results import Run, finished_of
from xlt_flax.analysis.statistics import Interval


@dataclass(frozen=True)
class Effect:
    """A difference between groups of mixtures, and how sure it is.

    Attributes:
      key, label, stage: its name, what is compared, and which family of tests it belongs to.
      difference: of the means, a share; None while a mixture is missing.
      interval: 95% over mixtures, seeds and documents.
      interval_fixed: 95% over seeds and documents: for these very mixtures.
      test: the permutation test over mixtures; None where there is none.
      holm: its p-value after Holm's correction within its stage.
      thesis, thesis_test: the same from the thesis's cells.
      waiting: runs without which it cannot be computed.
      lacking: runs that enter it without some of their seeds.
    """

    key: str
    label: str
    stage: str
    difference: float | None
    interval: Interval | None
    interval_fixed: Interval | None
    test: statistics.Permutation | None
    holm: float | None
    thesis: float | None
    thesis_test: statistics.Permutation | None
    waiting: tuple[str, ...]
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Side:
    """One side of an effect: its mixtures, their columns, their means, and the thesis's."""

    runs: tuple[str, ...]
    lacking: tuple[str, ...]
    columns: list[list[int]]
    means: list[float]
    thesis: list[float]


def all_effects(
    cells: dict[str, Cell], by_name: dict[str, list[Run]], judged: Judged
) -> tuple[Effect, ...]:
    def side(names: Sequence[str]) -> _Side:
        ready = [name for name in names if name in cells and cells[name].seeds]
        return _Side(
            runs=tuple(names),
            lacking=tuple(name for name in ready if not cells[name].complete),
            columns=[judged.of(finished_of(by_name[name])) for name in ready],
            means=[cells[name].mean for name in ready],
            thesis=[thesis.ACCURACY[name] for name in names],
        )

    effects = []
    for stage, groups in (
        ("zero-shot", thesis.ZERO_SHOT_GROUPS),
        ("after J1", thesis.AFTER_J1_GROUPS),
    ):
        sides = [side(group.runs) for group in groups]
        waiting = [
            [name for name in part.runs if name not in cells or not cells[name].seeds]
            for part in sides
        ]
        effects += _corrected(_diversity(stage, sides, waiting, judged))
    return (*effects, *_j1_effects(cells, by_name, judged))


def _diversity(
    stage: str, sides: list[_Side], waiting: list[list[str]], judged: Judged
) -> list[Effect]:
    single, double, triple = sides
    rows = [
        ("1:1:1 − 3:0", triple, waiting[2] + waiting[0]),
        ("2:1 − 3:0", double, waiting[1] + waiting[0]),
    ]
    effects = []
    for label, part, missing in rows:
        samples = fixed = None
        if not missing and all(part.columns) and all(single.columns):
            samples = judged.group(part.columns) - judged.group(single.columns)
            fixed = judged.group(part.columns, False) - judged.group(single.columns, False)
        effects.append(
            Effect(
                key=f"{label.split()[0]} against 3:0, {stage}",
                label=label,
                stage=stage,
                difference=_difference(part.means, single.means, missing),
                interval=_interval(samples),
                interval_fixed=_interval(fixed),
                test=(None if missing else statistics.permutation_test(part.means, single.means)),
                holm=None,
                thesis=float(np.mean(part.thesis) - np.mean(single.thesis)),
                thesis_test=statistics.permutation_test(part.thesis, single.thesis),
                waiting=tuple(missing),
                lacking=part.lacking + single.lacking,
            )
        )
    return [*effects, _trend(stage, sides, [name for names in waiting for name in names], judged)]


def _trend(stage: str, sides: list[_Side], missing: list[str], judged: Judged) -> Effect:
    """Accuracy gained by one more source language: the slope over 3:0, 2:1, 1:1:1."""
    counts = [len(side.runs) for side in sides]
    levels = np.repeat([0.0, 1.0, 2.0], counts)
    weights = (levels - levels.mean()) / ((levels - levels.mean()) ** 2).sum()
    parts = np.split(weights, np.cumsum(counts)[:-1])

    def slope(samples: list) -> np.ndarray:
        return sum(part.sum() * mean for part, mean in zip(parts, samples, strict=True))

    ready = not missing and all(all(side.columns) for side in sides)
    return Effect(
        key=f"trend, {stage}",
        label="trend, per added language",
        stage=stage,
        difference=(None if missing else float(slope([np.mean(side.means) for side in sides]))),
        interval=_interval(slope([judged.group(s.columns) for s in sides]) if ready else None),
        interval_fixed=_interval(
            slope([judged.group(s.columns, False) for s in sides]) if ready else None
        ),
        test=None if missing else statistics.trend_test([side.means for side in sides]),
        holm=None,
        thesis=float(slope([np.mean(side.thesis) for side in sides])),
        thesis_test=statistics.trend_test([side.thesis for side in sides]),
        waiting=tuple(missing),
        lacking=tuple(name for side in sides for name in side.lacking),
    )


def _j1_effects(
    cells: dict[str, Cell], by_name: dict[str, list[Run]], judged: Judged
) -> list[Effect]:
    """What the J1 stage gives the mixtures, and what the mixtures give to J1."""
    after = [name for group in thesis.AFTER_J1_GROUPS for name in group.runs]
    before = [name.removesuffix(thesis.AFTER_J1) for name in after]
    return [_gain(after, before, cells, by_name, judged), _source_worth(after, cells, judged)]


def _missing(names: Sequence[str], cells: dict[str, Cell]) -> list[str]:
    return [name for name in names if name not in cells or not cells[name].seeds]


def _lacking(names: Sequence[str], cells: dict[str, Cell]) -> tuple[str, ...]:
    known = (name for name in names if name in cells and cells[name].seeds)
    return tuple(name for name in known if not cells[name].complete)


def _gain(after, before, cells, by_name, judged: Judged) -> Effect:
    missing = _missing([*before, *after], cells)
    first, second, columns_first, columns_second = [], [], [], []
    for one, other in zip(after, before, strict=True):
        if missing:
            break
        seeds = sorted(set(cells[one].seeds) & set(cells[other].seeds))
        if not seeds:
            missing = [one]
            break
        ours, theirs = ([r for r in by_name[n] if r.seed in seeds] for n in (one, other))
        first.append(np.mean([accuracy_of(run, judged) for run in ours]))
        second.append(np.mean([accuracy_of(run, judged) for run in theirs]))
        columns_first.append(judged.of(ours))
        columns_second.append(judged.of(theirs))
    ready = not missing and all(
        a and len(a) == len(b) for a, b in zip(columns_first, columns_second, strict=True)
    )
    reference = ([thesis.ACCURACY[name] for name in names] for names in (after, before))
    thesis_after, thesis_before = reference
    return Effect(
        key="J1 stage, after against before",
        label="after J1 − before, the same 12 mixtures",
        stage="J1",
        difference=_difference(first, second, missing),
        interval=_interval(judged.paired_group(columns_first, columns_second) if ready else None),
        interval_fixed=None,
        test=None if missing else statistics.paired_permutation_test(first, second),
        holm=None,
        thesis=float(np.mean(thesis_after) - np.mean(thesis_before)),
        thesis_test=statistics.paired_permutation_test(thesis_after, thesis_before),
        waiting=tuple(missing),
        lacking=_lacking([*before, *after], cells),
    )


def _source_worth(after: list[str], cells: dict[str, Cell], judged: Judged) -> Effect:
    missing = _missing([*after, "J1"], cells)
    samples = None
    if not missing:
        mixtures = [_cell_columns(cells[name], judged) for name in after]
        alone = _cell_columns(cells["J1"], judged)
        if all(mixtures) and alone:
            samples = judged.group(mixtures) - judged.group([alone])
    return Effect(
        key="source stage, with against without",
        label="J1 after a source stage − J1 alone",
        stage="J1",
        difference=(
            None
            if missing
            else float(np.mean([cells[name].mean for name in after]) - cells["J1"].mean)
        ),
        interval=_interval(samples),
        interval_fixed=None,
        test=None,
        holm=None,
        thesis=float(np.mean([thesis.ACCURACY[name] for name in after]) - thesis.ACCURACY["J1"]),
        thesis_test=None,
        waiting=tuple(missing),
        lacking=_lacking([*after, "J1"], cells),
    )


def _cell_columns(cell: Cell, judged: Judged) -> list[int]:
    keys = [(cell.name, seed) for seed in cell.seeds]
    return [judged.columns[key] for key in keys if key in judged.columns]


def _difference(first: Sequence[float], second: Sequence[float], missing) -> float | None:
    return None if missing else float(np.mean(first) - np.mean(second))


def _interval(samples: np.ndarray | None) -> Interval | None:
    return None if samples is None else statistics.percentile_interval(samples)


def _corrected(effects: list[Effect]) -> list[Effect]:
    corrected = statistics.holm([effect.test.p if effect.test else None for effect in effects])
    return [replace(effect, holm=p) for effect, p in zip(effects, corrected, strict=True)]
