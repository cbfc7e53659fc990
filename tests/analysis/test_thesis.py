import pytest

from xlt_flax.analysis import thesis


def test_there_are_35_runs_and_each_stands_in_one_table():
    names = [name for group in thesis.GROUPS for name in group.runs]
    assert len(names) == len(set(names)) == len(thesis.ACCURACY) == 35
    assert set(names) == set(thesis.ACCURACY)
    assert {table.key for table in thesis.TABLES} == set(thesis.TABLE_OF.values())


@pytest.mark.parametrize("group", [g for g in thesis.GROUPS if g.mean], ids=lambda g: g.key)
def test_a_mean_row_is_the_mean_of_its_cells(group):
    cells = [thesis.ACCURACY[name] for name in group.runs]
    assert group.mean == pytest.approx(sum(cells) / len(cells), abs=5.1e-5)


def test_every_accuracy_is_a_whole_number_of_2000_documents():
    for accuracy in thesis.ACCURACY.values():
        right = accuracy * thesis.TEST_DOCUMENTS
        assert right == pytest.approx(round(right), abs=1e-6)
