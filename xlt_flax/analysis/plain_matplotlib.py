"""matplotlib as it comes, whatever the user's MPLBACKEND and matplotlibrc say.

All figures import it from here. MPLBACKEND names what shows figures in windows and notebooks; where
it names something that is not installed (a notebook's, inherited by a terminal), matplotlib cannot
even be imported. These figures are written to files, and need none.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

_user_backend = os.environ.pop("MPLBACKEND", None)  # read at import, once
try:
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
finally:
    if _user_backend is not None:
        os.environ["MPLBACKEND"] = _user_backend  # for whoever imported us

__all__ = ["Axes", "Figure", "FigureCanvasAgg", "FigureCanvasSVG", "cycler", "mpl", "style"]


def style(values: Mapping[Any, Any]) -> AbstractContextManager[None]:
    """A context of matplotlib's own defaults with these rcParams, and nothing of the user's."""
    defaults = {key: v for key, v in mpl.rcParamsDefault.items() if not key.startswith("backend")}
    return mpl.rc_context({**defaults, **values})
