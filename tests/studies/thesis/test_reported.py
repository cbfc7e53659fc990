from pathlib import Path

import numpy as np
import pytest

from xlt_flax.studies.thesis import reported


def test_there_are_35_runs_and_each_stands_in_one_table():
    names = [name for group in reported.GROUPS for name in group.runs]
    assert len(names) == len(set(names)) == len(reported.ACCURACY) == 35
    assert set(names) == set(reported.ACCURACY)
    assert {table.key for table in reported.TABLES} == set(reported.TABLE_OF.values())


@pytest.mark.parametrize("group", [g for g in reported.GROUPS if g.mean], ids=lambda g: g.key)
def test_a_mean_row_is_the_mean_of_its_cells(group):
    cells = [reported.ACCURACY[name] for name in group.runs]
    assert group.mean == pytest.approx(sum(cells) / len(cells), abs=5.1e-5)


def test_every_accuracy_is_a_whole_number_of_2000_documents():
    for accuracy in reported.ACCURACY.values():
        right = accuracy * reported.TEST_DOCUMENTS
        assert right == pytest.approx(round(right), abs=1e-6)


def test_what_configs_say_of_its_spread_is_so():
    """Standard deviation of single groups within a language, pooled over the languages."""
    by_language = np.array([[reported.ACCURACY[f"{letter}{i}"] for i in "123"] for letter in "EDF"])
    spread = 100 * np.sqrt(by_language.var(axis=1, ddof=1).mean())
    configs = Path(__file__).parents[3] / "configs"
    for name in ("mix_111.py", "thesis.py"):
        text = " ".join((configs / name).read_text().split())
        assert f"spread by {spread:.1f} points (standard deviation)" in text
