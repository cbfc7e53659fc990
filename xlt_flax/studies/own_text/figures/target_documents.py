"""The curve: accuracy by documents of the target, one line a mixture, one panel a target."""

from xlt_flax.analysis.cells import Cell
from xlt_flax.analysis.drawing import COLOURS, short_share, whisker
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.plain_matplotlib import Axes, Figure
from xlt_flax.studies.own_text.roles import Roles, roles_of

ORDER = 16
SECTION = None  # beside the answers
CAPTION = (
    "Accuracy on {target} by labelled documents of the target that are trained on after each "
    "mixture; 0 is zero-shot transfer. 95% intervals are over blocks and test documents; the "
    "dashed line is the model trained on the target's own documents."
)

_LINES = ("one", "two", "three", "other", "ink", "reference")
_APART = 0.09  # of places on the axis, between the mixtures' points


def draw(findings: Findings) -> Figure | None:
    """None without stages."""
    shown = {t: found for t, found in findings.targets.items() if roles_of(found.results).stages}
    if not shown:
        return None
    figure = Figure(figsize=(3.6 * len(shown) + 1.2, 3.8), layout="constrained")
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, (target, found) in zip(panels, shown.items(), strict=True):
        _panel(axes, found, roles_of(found.results))
        axes.set_title(language_name(target))
        axes.set_xlabel("documents of the target")
        axes.yaxis.set_major_formatter(short_share)
        axes.grid(axis="y")
    panels[0].set_ylabel("accuracy")
    handles = dict(zip(*panels[0].get_legend_handles_labels()[::-1], strict=True))
    figure.legend(
        handles.values(), handles.keys(), loc="outside upper left", ncols=3, frameon=False
    )
    return figure


def _panel(axes: Axes, findings: Findings, roles: Roles) -> None:
    words = {stage.word: stage.documents for stage in roles.stages}
    labels = ["0", *(word if n is None else f"{n:,}" for word, n in words.items())]
    axes.set_xticks(range(len(labels)), labels)
    sources = list(dict.fromkeys(stage.source for stage in roles.stages))
    for number, source in enumerate(sources):
        own = {stage.word: stage.name for stage in roles.stages if stage.source == source}
        names = [source, *(own.get(word, "") for word in words)]
        shift = _APART * (number - (len(sources) - 1) / 2)
        _line(axes, [findings.every.cells.get(name) for name in names], shift, number, source)
    ceiling = findings.every.cells.get(roles.ceiling or "")
    if ceiling and ceiling.mean is not None:
        axes.axhline(ceiling.mean, color=COLOURS["muted"], linewidth=1, linestyle=(0, (4, 3)))


def _line(axes: Axes, cells: list[Cell | None], shift: float, number: int, label: str) -> None:
    known = [
        (at + shift, cell.mean, cell.interval)
        for at, cell in enumerate(cells)
        if cell and cell.mean is not None
    ]
    colour = _LINES[number % len(_LINES)]
    axes.plot(
        [at for at, _, _ in known],
        [mean for _, mean, _ in known],
        color=COLOURS[colour],
        marker="o",
        markersize=4,
        linewidth=1.4,
        label=label,
    )
    for at, _, interval in known:
        if interval is not None:
            whisker(axes, at, interval, vertical=True, colour=colour)
