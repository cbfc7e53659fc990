"""All of the thesis's tables as one figure: every mixture's mean, interval and published number."""

from xlt_flax.analysis.cells import Cell
from xlt_flax.analysis.drawing import COLOURS, GROUP_COLOUR, short_share, whisker
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import possible
from xlt_flax.analysis.groups import Group
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.measured import interval_label
from xlt_flax.analysis.plain_matplotlib import Axes, Figure, mpl
from xlt_flax.studies.thesis import reported
from xlt_flax.studies.thesis.tables import published

ORDER = 5
SECTION = published.SECTION
CAPTION = (
    "Every mixture's mean over seeds with its 95% interval, one panel for each table, and the "
    "thesis's number."
)

_PANEL_TITLES = {
    "4.1": "4.1 · 3:0, one language",
    "4.2": "4.2 · 2:1, two languages",
    "4.3": "4.3 · 1:1:1, three languages",
    "5.1": "5.1 · single groups",
    "E2D1F3": "the best three single groups",
    "5.2": "5.2 · after fine-tuning on J1",
    "J1": "J1 alone",
}


def draw(findings: Findings) -> Figure | None:
    """One panel for each table: every mixture's mean and interval, and the thesis's number."""
    columns = (("4.1", "4.2", "4.3"), ("5.1", "E2D1F3", "J1"), ("5.2",))
    known = {table.key: table for table in reported.TABLES}
    if sum(cell.reported is not None for cell in findings.every.cells.values()) < 2:
        return None
    figure = Figure(figsize=(11.5, 6.2), layout="constrained")
    parts = figure.subfigures(1, 3, wspace=0.02, squeeze=False)[0]
    limits = _panel_limits(findings)
    for part, keys in zip(parts, columns, strict=True):
        part.set_facecolor("none")
        rows = [sum(len(group.runs) for group in known[key].groups) + 0.9 for key in keys]
        panels = part.subplots(len(keys), 1, height_ratios=rows, squeeze=False)[:, 0]
        for axes, key in zip(panels, keys, strict=True):
            _panel(axes, known[key], findings)
            axes.set_xlim(*limits)
            axes.tick_params(axis="x", labelbottom=axes is panels[-1])
        panels[-1].set_xlabel(f"accuracy on {language_name(findings.results.target_language)}")
    bases = (cell.basis for cell in findings.every.cells.values())
    _panel_legend(figure, interval_label(bases))
    return figure


def _panel_limits(findings: Findings) -> tuple[float, float]:
    values = list(reported.ACCURACY.values())
    for cell in findings.every.cells.values():
        values += list(cell.accuracies) + list(possible(cell.interval) if cell.interval else ())
    return min(values) - 0.01, max(values) + 0.01


def _panel(axes: Axes, table: reported.Table, findings: Findings) -> None:
    names: list[str] = []
    for group in table.groups:
        colour = GROUP_COLOUR[group.languages]
        for name in group.runs:
            _panel_row(axes, len(names), name, findings.every.cells.get(name), colour)
            names.append(name.removesuffix(reported.AFTER_J1))
        _panel_mean(axes, len(names), group, findings)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_title(_PANEL_TITLES[table.key])
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(short_share)


def _panel_mean(axes: Axes, end: int, group: Group, findings: Findings) -> None:
    """A line through the rows of a group, the last of them before `end`."""
    mean = findings.every.groups[group.key]
    if mean.mean is None or len(group.runs) == 1:
        return
    axes.plot(
        [mean.mean] * 2,
        [end - len(group.runs) - 0.4, end - 0.6],
        color=COLOURS[GROUP_COLOUR[group.languages]],
        linewidth=1.2,
        linestyle="-" if mean.complete else (0, (2, 2)),
        alpha=0.55,
        zorder=1,
    )


def _panel_row(axes: Axes, place: int, name: str, cell: Cell | None, colour: str) -> None:
    axes.plot(
        reported.ACCURACY[name],
        place,
        marker="D",
        markersize=7.5,  # seen around a dot of the same accuracy
        markerfacecolor="none",
        markeredgecolor=COLOURS["reference"],
        zorder=3,
    )
    if cell is None or cell.mean is None:
        return
    if cell.interval is not None:
        whisker(axes, place, cell.interval, vertical=False, colour=colour)
    axes.plot(
        cell.mean,
        place,
        marker="o",
        markersize=6,
        markerfacecolor=COLOURS[colour] if cell.complete else COLOURS["surface"],
        markeredgecolor=COLOURS[colour],
        zorder=4,
    )


def _panel_legend(figure: Figure, interval: str) -> None:
    grey, surface, thesis = COLOURS["muted"], COLOURS["surface"], COLOURS["reference"]
    handles = [
        _mark(f"mean over seeds, {interval}", "o", edge=grey, face=grey),
        _mark("some seeds missing", "o", edge=grey, face=surface),
        _mark("the thesis", "D", edge=thesis, face="none"),
        mpl.lines.Line2D([], [], color=grey, alpha=0.55, linewidth=1.2, label="mean of the group"),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False)


def _mark(label: str, shape: str, edge: str, face: str) -> mpl.lines.Line2D:
    return mpl.lines.Line2D(
        [],
        [],
        linestyle="",
        marker=shape,
        markersize=6,
        markeredgecolor=edge,
        markerfacecolor=face,
        label=label,
    )
