"""What the figures draw, read off themselves, and that nothing of the user's has a part in it."""

import json
import os
import subprocess
import sys

import made_up_sweep
import matplotlib as mpl
import numpy as np
import pytest

from xlt_flax.analysis import drawing, formats, read_runs
from xlt_flax.analysis.figures import learning_curves
from xlt_flax.analysis.statistics import Interval
from xlt_flax.studies import known
from xlt_flax.studies.thesis import reported
from xlt_flax.studies.thesis.figures import figure_4_1

NAMES = [name for group in reported.ZERO_SHOT_GROUPS for name in group.runs]
THESIS = {name: reported.ACCURACY[name] for name in NAMES}
LOW = {name: accuracy - 0.25 for name, accuracy in THESIS.items()}
WIDE = {name: 0.5 + 0.4 * (i % 3) / 2 for i, name in enumerate(NAMES)}
ALIKE = dict.fromkeys(NAMES, 0.7)


def find(folder, accuracies, documents=100):
    made_up_sweep.write_sweep(folder, (50,), documents, accuracies)
    return known.find(read_runs.read_results(folder))


def axes_of(found):
    with drawing.style():
        return figure_4_1.draw(found).axes[0]


@pytest.mark.parametrize(
    ("interval", "ends", "text"),
    [
        (Interval(-0.08, 1.08), (0.0, 1.0), ".0000 – 1.0000"),
        (Interval(0.25, 1.2), (0.25, 1.0), ".2500 – 1.0000"),
        (Interval(0.25, 0.75), (0.25, 0.75), ".2500 – .7500"),
    ],
)
def test_an_accuracys_interval_is_of_what_can_be(interval, ends, text):
    """In tables, and where it is drawn."""
    assert formats.share_interval(interval) == text
    axes = drawing.plain_matplotlib.Figure().add_subplot()
    drawing.whisker(axes, 3, interval, vertical=True)
    (bar,) = axes.collections
    assert [tuple(end) for end in bar.get_segments()[0]] == [(3, ends[0]), (3, ends[1])]


@pytest.mark.parametrize("accuracies", [THESIS, LOW, WIDE], ids=["thesis", "low", "wide"])
def test_the_axis_of_figure_4_1_cuts_nothing(tmp_path, accuracies):
    found = find(tmp_path / "s", accuracies)
    low, high = axes_of(found).get_ylim()
    for group in reported.ZERO_SHOT_GROUPS:
        interval = found.every.groups[group.key].interval
        assert low < interval.low < interval.high < high or low == 0.5 <= interval.low
        assert interval.high < high
        assert all(low <= found.every.cells[name].mean < high for name in group.runs)


def test_mixtures_of_one_accuracy_do_not_hide_each_other(tmp_path):
    found = find(tmp_path / "s", ALIKE)
    dots = [c for c in axes_of(found).collections if isinstance(c, mpl.collections.PathCollection)]
    for group, collection in zip(reported.ZERO_SHOT_GROUPS, dots, strict=True):
        places = np.sort(collection.get_offsets()[:, 0])
        assert len(places) == len(group.runs)
        figure = collection.axes.figure
        width = figure.get_figwidth() * 72 / 3.1  # points of a group, about
        diameter = np.sqrt(collection.get_sizes()[0])
        assert (np.diff(places) * width > diameter * 0.8).all()


def test_figure_4_1_can_be_read_at_400_pixels(tmp_path):
    """Letters are at least 9 pixels high there: a point is 400 / width / 72 of them."""
    found = find(tmp_path / "s", THESIS)
    with drawing.style():
        figure = figure_4_1.draw(found)
        figure.draw_without_rendering()
        sizes = [text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()]
    assert min(sizes) * 400 / figure.get_figwidth() / 72 >= 9


def test_the_dot_is_the_checkpoint_that_was_chosen_not_the_lowest_loss(tmp_path):
    folder = made_up_sweep.write_sweep(tmp_path / "s", (50,), 40, {"E1D1F1": 0.8})
    best = {"step": 0, "epoch": 7, "split": "source", "loss": 0.61}  # stage one's: by its score
    (folder / "E1D1F1-seed50" / "DONE").write_text(json.dumps({"step": 3750, "best": best}))
    (run,) = read_runs.read_results(folder).runs
    assert learning_curves.chosen(run) == (7, 0.61)
    (folder / "E1D1F1-seed50" / "DONE").unlink()
    (run,) = read_runs.read_results(folder).runs
    assert learning_curves.chosen(run) is None  # no model yet


@pytest.mark.parametrize("what", ["MPLBACKEND", "MATPLOTLIBRC"])
def test_the_users_matplotlib_has_no_part_in_it(tmp_path, what):
    """A notebook's backend, inherited, cannot be imported; LaTeX may not be installed."""
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: 30\n")
    value = {"MPLBACKEND": "module://nowhere.to_be_found", "MATPLOTLIBRC": str(tmp_path)}[what]
    code = (
        "import os, sys; from xlt_flax.analysis import drawing\n"
        "from xlt_flax.analysis.plain_matplotlib import Figure\n"
        "with drawing.style():\n"
        "    figure = Figure(figsize=(1, 1)); figure.text(0, 0.5, 'text')\n"
        "sys.stdout.write(drawing.svg(figure)); assert os.environ.get(sys.argv[1]) == sys.argv[2]"
    )
    command = [sys.executable, "-c", code, what, value]
    result = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, what: value}, check=False
    )
    assert result.returncode == 0, result.stderr
    with drawing.style():
        figure = mpl.figure.Figure(figsize=(1, 1))
        figure.text(0, 0.5, "text")
    assert result.stdout == drawing.svg(figure)
