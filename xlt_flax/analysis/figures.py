"""The report's figures, each drawn once, for PNG, SVG and the page."""

from xlt_flax.analysis import drawing
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.learning_curves import learning_curves
from xlt_flax.analysis.plain_matplotlib import Figure
from xlt_flax.analysis.table_panels import table_panels
from xlt_flax.studies.thesis.figure_4_1 import figure_4_1


def all_figures(findings: Findings) -> dict[str, Figure]:
    """File stem -> figure, of those that have something to show."""
    with drawing.style():
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
