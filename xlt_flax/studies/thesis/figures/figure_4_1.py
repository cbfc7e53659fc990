"""Figure 4.1: the means of tables 4.1 to 4.3 as bars, beside the thesis's."""

import numpy as np

from xlt_flax.analysis import formats
from xlt_flax.analysis.cells import GroupMean
from xlt_flax.analysis.drawing import COLOURS, GROUP_COLOUR, short_share, whisker
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.measured import interval_label
from xlt_flax.analysis.plain_matplotlib import Axes, Figure, mpl
from xlt_flax.studies.thesis import reported

ORDER = 0
SECTION = None  # beside the answers
CAPTION = (
    "Figure 4.1. Mean accuracy on {target} by number of source languages. Bars start at "
    "chance (.5); 95% intervals are over blocks and documents. Pale bars are unfinished."
)

_LANGUAGES = ("", "one language", "two languages", "three languages")
_CHANCE = 0.5  # bars start here
_SIZE = (4.8, 4.4)  # inches; letters of 10 points stay legible where it is 400 pixels wide
_WIDTH, _ASIDE = 0.36, 0.2  # of a bar, and its distance from the middle of a group


def draw(findings: Findings) -> Figure | None:
    """The means of tables 4.1 to 4.3 as bars from chance, beside the thesis's."""
    means = [findings.every.groups[group.key] for group in reported.ZERO_SHOT_GROUPS]
    if all(mean.mean is None for mean in means) or len(findings.every.cells) < 2:
        return None
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    for place, mean in enumerate(means):
        if mean.group.mean is not None:
            _thesis_bar(axes, place + _ASIDE, mean.group.mean)
        if mean.mean is not None:
            _bar(axes, place - _ASIDE, mean, mean.mean)
            _dots_on(axes, place - _ASIDE, _dots(mean, findings))
            _bar_value(axes, place - _ASIDE, _top(mean, findings), formats.share(mean.mean), "ink")
    axes.set_xticks(range(len(means)), [_bar_label(mean) for mean in means])
    axes.set_ylabel(f"accuracy on {language_name(findings.results.target_language)}")
    axes.axhline(_CHANCE, color=COLOURS["muted"], linewidth=1)
    axes.set_ylim(*_limits(means, findings))
    axes.spines["bottom"].set_visible(False)
    axes.yaxis.set_major_formatter(short_share)
    axes.grid(axis="y")
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.55, len(means) - 0.45)
    _legend(axes, interval_label(mean.basis for mean in means))
    return figure


def _limits(means: list[GroupMean], findings: Findings) -> tuple[float, float]:
    """Of the axis: all that is drawn lies within, with room for the numbers above the bars."""
    drawn = [_CHANCE, *(mean.group.mean for mean in means if mean.group.mean is not None)]
    for mean in means:
        drawn += [*_dots(mean, findings), *_ends(mean)]
    low, high = min(drawn), max(drawn)
    room = 0.09 * (high - low)
    return (low if low == _CHANCE else low - room / 2), high + room


def _ends(mean: GroupMean) -> tuple[float, ...]:
    """Of its whisker; none without one."""
    return tuple(formats.possible(mean.interval)) if mean.interval else ()


def _dots(mean: GroupMean, findings: Findings) -> list[float]:
    cells = [findings.every.cells[name] for name in mean.group.runs if name in findings.every.cells]
    return [cell.mean for cell in cells if cell.mean is not None]


def _top(mean: GroupMean, findings: Findings) -> float:
    """The highest that is drawn of a mean: its number stands above it."""
    drawn = [*_dots(mean, findings), *_ends(mean), mean.mean or _CHANCE]
    return max(drawn)


def _thesis_bar(axes: Axes, place: float, value: float) -> None:
    axes.bar(
        place,
        value - _CHANCE,
        _WIDTH,
        bottom=_CHANCE,
        facecolor="none",
        edgecolor=COLOURS["reference"],
        linewidth=1.2,
        linestyle=(0, (3, 2)),
    )
    _bar_value(axes, place, value, formats.share(value), "muted")


def _bar(axes: Axes, place: float, mean: GroupMean, value: float) -> None:
    colour = COLOURS[GROUP_COLOUR[mean.group.languages]]
    axes.bar(
        place,
        value - _CHANCE,
        _WIDTH,
        bottom=_CHANCE,
        facecolor=colour,
        edgecolor=colour,
        alpha=0.85 if mean.complete else 0.3,
        linewidth=1.2,
    )
    if mean.interval is not None:
        whisker(axes, place, mean.interval, vertical=True)


def _dots_on(axes: Axes, place: float, dots: list[float]) -> None:
    """Side by side, in the table's order: mixtures of one accuracy do not hide each other."""
    shifts = (np.arange(len(dots)) - (len(dots) - 1) / 2) * _WIDTH / max(len(dots), 4)
    axes.scatter(
        place + shifts,
        dots,
        s=17,
        color=COLOURS["surface"],
        edgecolor=COLOURS["ink"],
        linewidth=0.9,
        zorder=4,
    )


def _bar_value(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        color=COLOURS[colour],
        fontweight="bold" if colour == "ink" else "normal",
    )


def _bar_label(mean: GroupMean) -> str:
    text = f"{mean.group.label}\n{_LANGUAGES[mean.group.languages or 0]}"
    if mean.finished < len(mean.group.runs):
        return f"{text}\n{mean.finished} of {len(mean.group.runs)} mixtures"
    return text if mean.complete else f"{text}\nsome seeds missing"


def _legend(axes: Axes, interval: str) -> None:
    handles = [
        mpl.patches.Patch(facecolor=COLOURS["reference"], label="these runs, mean"),
        mpl.patches.Patch(
            facecolor="none",
            edgecolor=COLOURS["reference"],
            linestyle=(0, (3, 2)),
            label="the thesis",
        ),
        mpl.lines.Line2D([], [], color=COLOURS["ink"], linewidth=1.4, label=interval),
        mpl.lines.Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markersize=4,
            markerfacecolor=COLOURS["surface"],
            markeredgecolor=COLOURS["ink"],
            label="one mixture",
        ),
    ]
    axes.figure.legend(handles=handles, loc="outside upper left", ncols=2, frameon=False)
