"""The report's figures. matplotlib draws each once; the page recolours the SVG for light and dark.

Every colour is a name in `PALETTE` with a hex value of its own, so that the page can replace the
value in the SVG by a CSS variable of that name.
"""

import io
import re
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xlt_flax.analysis import tables, thesis
from xlt_flax.analysis.cells import Cell, GroupMean
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.results import Run

# name: (light, dark). The three diversity groups differ in lightness too, for colour-blind readers.
PALETTE = {
    "ink": ("#1c2530", "#e6e9ee"),
    "muted": ("#5b6673", "#9aa5b1"),
    "grid": ("#dde2e8", "#333c47"),
    "surface": ("#ffffff", "#161b22"),
    "one": ("#c2571a", "#f0955c"),
    "two": ("#2f6fb3", "#74aee8"),
    "three": ("#14806a", "#4cc4a8"),
    "other": ("#7a5aa6", "#b79ae0"),
    "reference": ("#7d8794", "#8a95a3"),
}
_COLOURS = {name: light for name, (light, _) in PALETTE.items()}
_GROUP_COLOUR = {1: "one", 2: "two", 3: "three", None: "other"}

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": _COLOURS["ink"],
    "axes.labelcolor": _COLOURS["ink"],
    "axes.edgecolor": _COLOURS["muted"],
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": mpl.cycler(color=[_COLOURS["ink"]]),  # no colour but the palette's
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": _COLOURS["muted"],
    "ytick.color": _COLOURS["muted"],
    "xtick.labelcolor": _COLOURS["ink"],
    "ytick.labelcolor": _COLOURS["ink"],
    "grid.color": _COLOURS["grid"],
    "grid.linewidth": 0.8,
    "figure.facecolor": _COLOURS["surface"],
    "svg.hashsalt": "xlt_flax",  # the same ids, hence the same file, every time
}
_SPLITS = {"train": "training", thesis.TARGET_LANGUAGE: "Japanese"}
_PANEL_TITLES = {
    "4.1": "4.1 · 3:0, one language",
    "4.2": "4.2 · 2:1, two languages",
    "4.3": "4.3 · 1:1:1, three languages",
    "5.1": "5.1 · single groups of 1,000",
    "E2D1F3": "the best three single groups",
    "5.2": "5.2 · after fine-tuning on J1",
    "J1": "J1 alone",
}


def all_figures(findings: Findings) -> dict[str, Figure]:
    """File stem -> figure, of those that have something to show."""
    with mpl.rc_context(_STYLE):
        drawn = {
            "figure_4_1": figure_4_1(findings),
            "figure_tables": table_panels(findings),
            "learning_curves": learning_curves(findings),
        }
        drawn = {name: figure for name, figure in drawn.items() if figure is not None}
        for figure in drawn.values():  # laid out once, not again for each format
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
    return drawn


def png(figure: Figure) -> bytes:
    """Light colours, white ground, 200 dots per inch."""
    data = io.BytesIO()
    with mpl.rc_context(_STYLE):
        FigureCanvasAgg(figure)
        figure.savefig(data, format="png", dpi=200, metadata={"Software": None})
    return data.getvalue()


def svg(figure: Figure) -> str:
    """A file of its own: light colours, letters as shapes, so that it looks the same anywhere."""
    return _svg(figure, fonttype="path", transparent=False)


def svg_for_page(figure: Figure, prefix: str) -> str:
    """To stand in an HTML page: CSS variables for colours, letters as text, ids with a prefix.

    The page defines --ink, --muted and so on (PALETTE's names) for light and for dark.
    """
    text = _svg(figure, fonttype="none", transparent=True)
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for name, colour in _COLOURS.items():
        text = text.replace(colour, f"var(--{name})")
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--font)", text)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    start, end = text.split(">", 1)
    start = re.sub(r' (width|height)="[^"]*"', "", start)  # the page's CSS sets the size
    natural = f"{100 * figure.get_figwidth():.0f}px"
    return f'{start} style="--natural: {natural}" aria-hidden="true">{end}'


def _svg(figure: Figure, fonttype: str, transparent: bool) -> str:
    text = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.fonttype": fonttype}):
        figure.savefig(text, format="svg", transparent=transparent, metadata={"Date": None})
    return text.getvalue()


def figure_4_1(findings: Findings) -> Figure | None:
    """The means of tables 4.1 to 4.3 as bars from chance, beside the thesis's."""
    means = [findings.every.groups[group.key] for group in thesis.ZERO_SHOT_GROUPS]
    if all(mean.mean is None for mean in means) or len(findings.every.cells) < 2:
        return None
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.add_subplot()
    chance = 0.5
    for place, mean in enumerate(means):
        _bars(axes, place, mean, findings, chance)
    axes.set_xticks(range(len(means)), [_bar_label(mean) for mean in means])
    axes.set_ylabel("accuracy on Japanese")
    axes.axhline(chance, color=_COLOURS["muted"], linewidth=1)
    values = [cell.mean for cell in findings.every.cells.values() if cell.mean is not None]
    lowest = min(values)
    axes.set_ylim(chance if lowest > chance else lowest - 0.03, max(*values, 0.8) + 0.02)
    axes.spines["bottom"].set_visible(False)
    axes.yaxis.set_major_formatter(_short_share)
    axes.grid(axis="y")
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(means) - 0.4)
    _legend_4_1(axes)
    return figure


def _bars(axes: Axes, place: int, mean: GroupMean, findings: Findings, chance: float) -> None:
    colour = _COLOURS[_GROUP_COLOUR[mean.group.languages]]
    axes.bar(
        place + 0.2,
        mean.group.mean - chance,
        0.34,
        bottom=chance,
        facecolor="none",
        edgecolor=_COLOURS["reference"],
        linewidth=1.2,
        linestyle=(0, (3, 2)),
    )
    _bar_value(axes, place + 0.2, mean.group.mean, tables.share(mean.group.mean), "muted")
    if mean.mean is None:
        return
    partial = not mean.complete
    axes.bar(
        place - 0.2,
        mean.mean - chance,
        0.34,
        bottom=chance,
        facecolor=colour,
        edgecolor=colour,
        alpha=0.3 if partial else 0.85,
        linewidth=1.2,
    )
    if mean.interval is not None:
        _whisker(axes, place - 0.2, mean.interval, vertical=True)
    cells = [findings.every.cells[name] for name in mean.group.runs if name in findings.every.cells]
    dots = [cell.mean for cell in cells if cell.mean is not None]
    shifts = place - 0.3 + 0.03 * (np.arange(len(dots)) % 2)
    axes.scatter(
        shifts,
        dots,
        s=16,
        color=_COLOURS["surface"],
        edgecolor=_COLOURS["ink"],
        linewidth=0.9,
        zorder=4,
    )
    top = max([mean.mean, *dots, mean.interval.high if mean.interval else 0])
    _bar_value(axes, place - 0.2, top, tables.share(mean.mean), "ink")


def _bar_value(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        color=_COLOURS[colour],
        fontweight="bold" if colour == "ink" else "normal",
    )


def _bar_label(mean: GroupMean) -> str:
    languages = {1: "one language", 2: "two languages", 3: "three languages"}
    text = f"{mean.group.label}\n{languages[mean.group.languages]}"
    if mean.finished < len(mean.group.runs):
        return f"{text}\n{mean.finished} of {len(mean.group.runs)} mixtures"
    return text if mean.complete else f"{text}\nsome seeds missing"


def _legend_4_1(axes: Axes) -> None:
    handles = [
        mpl.patches.Patch(facecolor=_COLOURS["reference"], label="these runs, mean"),
        mpl.patches.Patch(
            facecolor="none",
            edgecolor=_COLOURS["reference"],
            linestyle=(0, (3, 2)),
            label="the thesis",
        ),
        mpl.lines.Line2D([], [], color=_COLOURS["ink"], linewidth=1.4, label="95% interval"),
        mpl.lines.Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markersize=4,
            markerfacecolor=_COLOURS["surface"],
            markeredgecolor=_COLOURS["ink"],
            label="one mixture",
        ),
    ]
    axes.figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False)


def _whisker(axes: Axes, place: float, interval, vertical: bool, colour: str = "ink") -> None:
    low, high = interval
    middle = (low + high) / 2
    error = {"yerr" if vertical else "xerr": [[middle - low], [high - middle]]}
    x, y = (place, middle) if vertical else (middle, place)
    axes.errorbar(x, y, **error, color=_COLOURS[colour], elinewidth=1.4, capsize=3, fmt="none")


def _short_share(value: float, _=None) -> str:
    text = f"{value:.2f}"
    return text[1:] if text.startswith("0") else text


def table_panels(findings: Findings) -> Figure | None:
    """One panel for each table: every mixture's mean and interval, and the thesis's number."""
    columns = (("4.1", "4.2", "4.3"), ("5.1", "E2D1F3", "J1"), ("5.2",))
    known = {table.key: table for table in thesis.TABLES}
    if sum(name in findings.every.cells for name in thesis.ACCURACY) < 2:
        return None
    figure = Figure(figsize=(11.5, 6.2), layout="constrained")
    parts = figure.subfigures(1, 3, wspace=0.02)
    limits = _panel_limits(findings)
    for part, keys in zip(parts, columns, strict=True):
        part.set_facecolor("none")
        rows = [sum(len(group.runs) for group in known[key].groups) + 0.9 for key in keys]
        panels = np.atleast_1d(part.subplots(len(keys), 1, height_ratios=rows))
        for axes, key in zip(panels, keys, strict=True):
            _panel(axes, known[key], findings)
            axes.set_xlim(*limits)
            axes.tick_params(axis="x", labelbottom=axes is panels[-1])
        panels[-1].set_xlabel("accuracy on Japanese")
    _panel_legend(figure)
    return figure


def _panel_limits(findings: Findings) -> tuple[float, float]:
    values = list(thesis.ACCURACY.values())
    for cell in findings.every.cells.values():
        values += list(cell.accuracies) + list(cell.interval or ())
    return min(values) - 0.01, max(values) + 0.01


def _panel(axes: Axes, table: thesis.Table, findings: Findings) -> None:
    names = []
    for group in table.groups:
        colour = _GROUP_COLOUR[group.languages]
        for name in group.runs:
            _panel_row(axes, len(names), name, findings.every.cells.get(name), colour)
            names.append(name.removesuffix(thesis.AFTER_J1))
        mean = findings.every.groups[group.key]
        if mean.mean is not None and len(group.runs) > 1:
            axes.plot(
                [mean.mean] * 2,
                [len(names) - len(group.runs) - 0.4, len(names) - 0.6],
                color=_COLOURS[colour],
                linewidth=1.2,
                linestyle="-" if mean.complete else (0, (2, 2)),
                alpha=0.55,
                zorder=1,
            )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_title(_PANEL_TITLES[table.key])
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(_short_share)


def _panel_row(axes: Axes, place: int, name: str, cell: Cell | None, colour: str) -> None:
    axes.plot(
        thesis.ACCURACY[name],
        place,
        marker="D",
        markersize=5,
        markerfacecolor="none",
        markeredgecolor=_COLOURS["reference"],
        zorder=3,
    )
    if cell is None or cell.mean is None:
        return
    if cell.interval is not None:
        _whisker(axes, place, cell.interval, vertical=False, colour=colour)
    axes.plot(
        cell.mean,
        place,
        marker="o",
        markersize=6,
        markerfacecolor=_COLOURS[colour] if cell.complete else _COLOURS["surface"],
        markeredgecolor=_COLOURS[colour],
        zorder=4,
    )


def _panel_legend(figure: Figure) -> None:
    def mark(label: str, **style) -> mpl.lines.Line2D:
        return mpl.lines.Line2D([], [], linestyle="", markersize=6, label=label, **style)

    grey, surface = _COLOURS["muted"], _COLOURS["surface"]
    handles = [
        mark("mean over seeds, 95% interval", marker="o", color=grey),
        mark("some seeds missing", marker="o", markeredgecolor=grey, markerfacecolor=surface),
        mark(
            "the thesis", marker="D", markeredgecolor=_COLOURS["reference"], markerfacecolor="none"
        ),
        mpl.lines.Line2D([], [], color=grey, alpha=0.55, linewidth=1.2, label="mean of the group"),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False)


def learning_curves(findings: Findings) -> Figure | None:
    """Loss and accuracy by epoch: one column for each kind of run, one thin line for each run."""
    columns = _curve_columns(findings)
    rows = _curve_rows([run for _, _, runs in columns for run in runs])
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
        panels[row, 0].set_ylabel(f"{_SPLITS.get(split, split)}\n{metric}")
    for axes in panels[-1]:
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    return figure


def _curve_columns(findings: Findings) -> list[tuple[str, str, list[Run]]]:
    after = [name for group in thesis.AFTER_J1_GROUPS for name in group.runs]
    columns = [(g.label, _GROUP_COLOUR[g.languages], g.runs) for g in thesis.ZERO_SHOT_GROUPS]
    columns.append(("single groups", "other", thesis.SINGLE_GROUPS.runs))
    columns.append(("J1 stage", "reference", (*after, "J1")))
    rest = tuple(
        name for name in findings.sweep.names() if name == "E2D1F3" or name not in thesis.ACCURACY
    )
    columns.append(("E2D1F3" if rest == ("E2D1F3",) else "other runs", "ink", rest))
    found = []
    for title, colour, names in columns:
        runs = [run for run in findings.sweep.runs if run.name in names and run.curve]
        if runs:
            found.append((title, colour, runs))
    return found


def _curve_rows(runs: Sequence[Run]) -> list[tuple[str, str]]:
    wanted = [("train", "loss"), ("validation", "loss"), ("validation", "accuracy")]
    wanted.append((thesis.TARGET_LANGUAGE, "accuracy"))
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
            color=_COLOURS[colour],
            linewidth=0.9,
            alpha=0.55,
            marker="." if lone else None,
        )
        if (split, metric) == ("validation", "loss") and not lone and len(values):
            best = int(np.nanargmin(values)) if not np.isnan(values).all() else 0
            axes.plot(epochs[best], values[best], marker="o", markersize=3, color=_COLOURS["ink"])
    axes.grid()
    if metric == "accuracy":
        axes.yaxis.set_major_formatter(_short_share)


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
