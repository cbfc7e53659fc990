"""Loss and accuracy by epoch, of every run."""

from collections.abc import Iterable, Sequence

import numpy as np

from xlt_flax.analysis.drawing import COLOURS, short_share
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.plain_matplotlib import Axes, Figure, mpl
from xlt_flax.analysis.results import Run
from xlt_flax.analysis.table import Section

ORDER = 90
SECTION = Section("curves", "Learning curves")
CAPTION = (
    "Loss and accuracy by epoch, one line for each run and seed. Dots mark the epoch whose "
    "checkpoint is the model, as the run recorded it."
)

_SPLITS = {"train": "training", "validation": "validation"}


def draw(findings: Findings) -> Figure | None:
    """Loss and accuracy by epoch: one column for each kind of run, one thin line for each run."""
    columns = _curve_columns(findings)
    shown = [run for _, _, runs in columns for run in runs]
    rows = _curve_rows(shown, findings.targets)
    if not rows:
        return None
    figure = Figure(
        figsize=(2.3 * len(columns) + 0.7, 1.75 * len(rows) + 0.5), layout="constrained"
    )
    panels = figure.subplots(len(rows), len(columns), sharex="col", sharey="row", squeeze=False)
    for row, (split, metric) in enumerate(rows):
        for column, (title, colour, runs) in enumerate(columns):
            axes = panels[row, column]
            _curves(axes, runs, split, metric, colour)
            if row == 0:
                axes.set_title(title)
        panels[row, 0].set_ylabel(f"{_SPLITS.get(split, language_name(split))}\n{metric}")
    for axes in panels[-1]:
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    return figure


def _curve_columns(findings: Findings) -> list[tuple[str, str, list[Run]]]:
    found = []
    for title, colour, names in findings.study.curve_columns(findings.results.names()):
        runs = [run for run in findings.results.runs if run.name in names and run.curve]
        if runs:
            found.append((title, colour, runs))
    return found


def _curve_rows(runs: Sequence[Run], targets: Iterable[str]) -> list[tuple[str, str]]:
    wanted = [("train", "loss"), ("validation", "loss"), ("validation", "accuracy")]
    wanted += [(target, "accuracy") for target in targets]
    points = [point for run in runs for point in run.curve]
    return [
        (split, metric)
        for split, metric in wanted
        if any(p.split == split and getattr(p, metric) is not None for p in points)
    ]


def _curves(axes: Axes, runs: Sequence[Run], split: str, metric: str, colour: str) -> None:
    for run in runs:
        epochs, values = _by_epoch(run, split, metric)
        lone = len(epochs) == 1
        axes.plot(
            epochs,
            values,
            color=COLOURS[colour],
            linewidth=0.9,
            alpha=0.55,
            marker="." if lone else None,
        )
        dot = chosen(run) if (split, metric) == ("validation", "loss") else None
        if dot:
            axes.plot(*dot, marker="o", markersize=3, color=COLOURS["ink"])
    axes.grid()
    if metric == "accuracy":
        axes.yaxis.set_major_formatter(short_share)


def chosen(run: Run) -> tuple[float, float] | None:
    """(epoch, validation loss) of the checkpoint that is the model; None while there is none.

    As DONE has it: a second stage may end with stage one's model, and not every run goes by the
    lowest loss.
    """
    epoch, loss = run.record.best.get("epoch"), run.record.best.get("loss")
    if not isinstance(epoch, int | float) or not isinstance(loss, int | float):
        return None
    return float(epoch), float(loss)


def _by_epoch(run: Run, split: str, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """A run's values by epoch: a step written twice counts once, an epoch's steps are averaged."""
    steps: dict[int, tuple[float, float]] = {}
    for point in run.curve:
        value = getattr(point, metric)
        if point.split == split and value is not None:
            steps[point.step] = (point.epoch, value)
    epochs = sorted({epoch for epoch, _ in steps.values()})
    means = [np.mean([v for e, v in steps.values() if e == epoch]) for epoch in epochs]
    return np.array(epochs), np.array(means)
