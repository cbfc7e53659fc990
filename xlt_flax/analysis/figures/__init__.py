"""The report's figures. Each module here, and in a study's folder of figures, draws one.

A module has ORDER, a number that says where among the report's tables it stands; SECTION, the part
of the page it stands in, or None: beside the answers; CAPTION, in which {target} is the target
languages; and `draw(findings)`, which returns None where there is nothing to show. Its name is that
of the figure's files.
"""

from typing import NamedTuple

from xlt_flax.analysis import drawing
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import languages_listed
from xlt_flax.analysis.parts import find_parts
from xlt_flax.analysis.plain_matplotlib import Figure
from xlt_flax.analysis.table import Section


class Drawn(NamedTuple):
    """A figure, drawn once for PNG, SVG and the page."""

    name: str
    section: Section | None
    caption: str
    figure: Figure
    order: float


def all_figures(findings: Findings) -> list[Drawn]:
    """Those that have something to show, in the report's order."""
    target = languages_listed(list(findings.targets))
    found = []
    with drawing.style():
        for part in find_parts(findings.study.figures):
            figure = part.draw(findings)
            if figure is not None:
                name = part.__name__.rpartition(".")[2]
                caption = part.CAPTION.format(target=target)
                found.append(Drawn(name, part.SECTION, caption, figure, part.ORDER))
        for drawn in found:  # laid out once, not again for each format
            drawn.figure.draw_without_rendering()
            drawn.figure.set_layout_engine("none")
    return found
