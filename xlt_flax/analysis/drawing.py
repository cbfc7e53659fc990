"""What the figures have in common: colours, style, and how they are written as PNG and SVG.

Every colour is a name in `PALETTE` with a hex value of its own, so that the page can replace the
value in the SVG by a CSS variable of that name.
"""

import io
import re
from contextlib import AbstractContextManager

from xlt_flax.analysis import plain_matplotlib
from xlt_flax.analysis.formats import possible
from xlt_flax.analysis.plain_matplotlib import (
    Axes,
    Figure,
    FigureCanvasAgg,
    FigureCanvasSVG,
    cycler,
)
from xlt_flax.analysis.statistics import Interval

# name: (light, dark). One, two and three (languages) differ in lightness too, for colour-blind
# readers.
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
COLOURS = {name: light for name, (light, _) in PALETTE.items()}
GROUP_COLOUR = {1: "one", 2: "two", 3: "three", None: "other"}

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": COLOURS["ink"],
    "axes.labelcolor": COLOURS["ink"],
    "axes.edgecolor": COLOURS["muted"],
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=[COLOURS["ink"]]),  # no colour but the palette's
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "xtick.labelcolor": COLOURS["ink"],
    "ytick.labelcolor": COLOURS["ink"],
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.8,
    "figure.facecolor": COLOURS["surface"],
    "svg.hashsalt": "xlt_flax",  # the same ids, hence the same file, every time
}


def style(**more: object) -> AbstractContextManager[None]:
    """A context in which figures have the report's style."""
    return plain_matplotlib.style({**_STYLE, **more})


def png(figure: Figure) -> bytes:
    """Light colours, white ground, 200 dots per inch."""
    data = io.BytesIO()
    with style():
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
    for name, colour in COLOURS.items():
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
    with style(**{"svg.fonttype": fonttype}):
        FigureCanvasSVG(figure)
        figure.savefig(text, format="svg", transparent=transparent, metadata={"Date": None})
    return text.getvalue()


def whisker(
    axes: Axes, place: float, interval: Interval, vertical: bool, colour: str = "ink"
) -> None:
    """An accuracy's interval."""
    interval = possible(interval)
    middle = (interval.low + interval.high) / 2
    half = [[middle - interval.low], [interval.high - middle]]
    x, y = (place, middle) if vertical else (middle, place)
    axes.errorbar(
        x,
        y,
        yerr=half if vertical else None,
        xerr=None if vertical else half,
        color=COLOURS[colour],
        elinewidth=1.4,
        capsize=3,
        fmt="none",
    )


def short_share(value: float, _: object = None) -> str:
    text = f"{value:.2f}"
    return text[1:] if text.startswith("0") else text
