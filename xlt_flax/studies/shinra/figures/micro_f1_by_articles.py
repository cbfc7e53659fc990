"""The curve: micro-F1 by the number of articles, under what others have reported."""

from xlt_flax.analysis.drawing import COLOURS, short_share, whisker
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.plain_matplotlib import Axes, Figure
from xlt_flax.studies.shinra.curve import curve_of
from xlt_flax.studies.shinra.reported import FIGURES, are_of_real_pages

ORDER = 6
SECTION = None  # beside the answers
CAPTION = (
    "Micro-F1 on pages of the development data by labelled articles that are trained on, those "
    "that validate among them. 95% intervals are over blocks of runs and pages; dashed lines, if "
    "the articles are real, are reported figures, on other pages."
)


_APART = 0.035  # of the axis, between names


def draw(findings: Findings) -> Figure | None:
    """None with fewer than two numbers of articles."""
    known = [
        (point.articles, point.cell.mean, point.cell.interval)
        for point in curve_of(findings)
        if point.articles and point.cell.mean is not None
    ]
    if len(known) < 2:
        return None
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("log")
    counts = [articles for articles, _, _ in known]
    axes.plot(counts, [mean for _, mean, _ in known], color=COLOURS["two"], marker="o",
              markersize=4, linewidth=1.4)  # fmt: skip
    for articles, _, interval in known:
        if interval is not None:
            whisker(axes, articles, interval, vertical=True, colour="two")
    axes.set_xticks(counts, [f"{each:,}" for each in counts], minor=False)
    axes.minorticks_off()
    axes.set_xlabel("articles")
    axes.set_ylabel("micro-F1")
    axes.yaxis.set_major_formatter(short_share)
    axes.grid(axis="y")
    if are_of_real_pages(findings.results):
        _reported(axes)
    return figure


def _reported(axes: Axes) -> None:
    """A line for each figure, with its name at the right; names that are near stand apart."""
    lowest = -1.0
    for whose, micro_f1 in sorted(FIGURES, key=lambda figure: figure.micro_f1):
        axes.axhline(micro_f1, color=COLOURS["muted"], linewidth=1, linestyle=(0, (4, 3)))
        lowest = max(micro_f1, lowest)
        axes.annotate(
            whose,
            (1, lowest),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            color=COLOURS["muted"],
            fontsize=8,
            verticalalignment="center",
            annotation_clip=False,
        )
        lowest += _APART
