"""From files to findings: the thesis's tables, half-finished sweeps, overlaps, comparisons."""

import shutil

import made_up_sweep
import numpy as np
import pytest

from xlt_flax.analysis import formats, read_runs, records, summary, tables
from xlt_flax.studies import known
from xlt_flax.studies.thesis import reported


def find(folder, asked=()):
    return known.find(read_runs.read_results(folder), asked)


@pytest.fixture(scope="module")
def thesis_sweep(tmp_path_factory):
    """One seed whose predictions have exactly the thesis's accuracies."""
    return made_up_sweep.write_sweep(tmp_path_factory.mktemp("thesis") / "sweep")


@pytest.fixture(scope="module")
def thesis_findings(thesis_sweep):
    return find(thesis_sweep)


@pytest.fixture
def small(tmp_path):
    """Three seeds, 100 documents, J1 overlapping five of them."""
    return made_up_sweep.write_sweep(tmp_path / "sweep", (50, 51, 52), 100, seed_sd=0.02, overlap=5)


def rows_of(found, key):
    (table,) = [table for table in tables.all_tables(found) if table.key == key]
    return {row.cells[0]: dict(zip(table.columns, row.cells, strict=False)) for row in table.rows}


@pytest.mark.parametrize("name", reported.ACCURACY)
def test_every_cell_equals_the_thesiss(thesis_findings, name):
    row = rows_of(thesis_findings, reported.TABLE_OF[name])[name.removesuffix("+J1")]
    assert row["Accuracy"] == row["Thesis"] == f"{reported.ACCURACY[name]:.4f}"[1:]
    assert row["Difference"] == "0.00"


@pytest.mark.parametrize("group", [g for g in reported.GROUPS if g.mean], ids=lambda g: g.key)
def test_every_mean_row_equals_the_thesiss(thesis_findings, group):
    label = f"mean {group.label}" if group.table == "5.2" else "mean"
    row = rows_of(thesis_findings, group.table)[label]
    assert row["Accuracy"] == row["Thesis"] == f"{group.mean:.4f}"[1:]
    assert row["Difference"] == "0.00"


def test_the_thesiss_sweep_is_complete_and_its_effects_are_the_thesiss(thesis_findings):
    assert summary.state(thesis_findings).text == "All 35 runs are finished."
    assert not thesis_findings.study.departures(thesis_findings)
    for effect in thesis_findings.every.effects:
        assert effect.difference == pytest.approx(effect.reported)
        low, high = effect.measured.interval
        assert low <= effect.difference <= high
    assert thesis_findings.agreement.rank_correlation == pytest.approx(1)
    assert len(thesis_findings.compared["pairs"]) == 66


def test_a_cell_is_the_mean_and_standard_deviation_over_seeds(small):
    found = find(small)
    cell = found.every.cells["E1D1F1"]
    accuracies = [run.target.accuracy for run in found.results.of("E1D1F1")]
    assert cell.mean == pytest.approx(np.mean(accuracies))
    assert cell.sd == pytest.approx(np.std(accuracies, ddof=1))
    assert cell.interval.low < cell.mean < cell.interval.high
    assert found.study.departures(found) == ["the test set has 100 documents, not 2,000"]


def test_half_finished_is_marked_and_never_averaged_silently(small):
    for seed in (50, 51, 52):
        shutil.rmtree(small / f"F1F2E1-seed{seed}")
    (small / "E3D3F3-seed52" / "DONE").unlink()
    found = find(small)
    assert "Half-finished: 101 of 105 runs are finished; 1 unfinished, 3 not started." in (
        summary.state(found).text
    )
    table = rows_of(found, "4.2")
    assert table["F1F2E1"]["Accuracy"] == formats.NOTHING
    assert table["mean of 5 of 6"]["Difference"] == formats.NOTHING
    assert rows_of(found, "4.3")["E3D3F3"]["Seeds"] == "2 of 3"
    assert "mean (seeds missing)" in rows_of(found, "4.3")
    effects = {effect.key: effect for effect in found.every.effects}
    assert effects["2:1 - 3:0"].difference is None
    assert effects["2:1 - 3:0"].measured.waiting == ("F1F2E1",)
    assert effects["1:1:1 - 3:0"].measured.blocks.lacking == ((50, 52),)
    assert effects["1:1:1 - 3:0"].measured.estimate.blocks == 2
    written = records.results_json(found)
    assert not written["complete"]
    assert written["unfinished"]["E3D3F3-seed52"] == "unfinished"


def test_overlapping_documents_are_left_out_of_every_cell(small):
    found = find(small)
    assert found.affected == {f"ja/music/test/{number}" for number in range(5)}
    for name, cell in found.without_overlap.cells.items():
        expected = [run.target.correct[5:].mean() for run in found.results.of(name)]
        assert cell.documents == 95
        assert cell.mean == pytest.approx(np.mean(expected))
    assert rows_of(found, "audit")["J1"]["Test documents seen"] == "5"
    assert rows_of(found, "audit")["E1"]["Test documents seen"] == "0"


def test_a_note_is_shown_and_so_is_a_stage_that_changed_nothing(tmp_path):
    text = "stage two never beat stage one: this is stage one's model"
    sweep = made_up_sweep.write_sweep(tmp_path / "s", documents=50, notes={"D1D2D3+J1": text})
    shutil.copytree(sweep / "D1D2D3-seed50/eval", sweep / "D1D2D3+J1-seed50/eval2")
    for name in ("ja.json", "ja.predictions.jsonl"):
        (sweep / f"D1D2D3+J1-seed50/eval2/{name}").replace(sweep / f"D1D2D3+J1-seed50/eval/{name}")
    found = find(sweep)
    (table,) = [t for t in tables.all_tables(found) if t.key == "5.2"]
    assert any("D1D2D3+J1: its J1 stage changed no prediction" in note for note in table.notes)
    noted = made_up_sweep.write_sweep(tmp_path / "n", documents=50, notes={"D1D2D3+J1": text})
    (table,) = [t for t in tables.all_tables(find(noted)) if t.key == "5.2"]
    assert f"D1D2D3+J1: {text} (seed 50)" in table.notes


def test_other_languages_are_shown_where_evaluated(small):
    right = np.arange(40) < 30
    made_up_sweep.write_evaluation(small / "E1D1F1-seed50", "en", right)
    rows = rows_of(find(small), "languages")
    assert rows["E1D1F1"]["en (majority class .5000)"] == ".7500‡"
    assert rows["E1E2E3"]["en (majority class .5000)"] == formats.NOTHING


def test_without_predictions_there_is_a_number_and_no_interval(small):
    for path in small.glob("*/eval/ja.predictions.jsonl"):
        path.unlink()
    found = find(small)
    assert found.every.cells["E1"].mean is not None
    assert found.every.cells["E1"].interval is None
    assert found.every.groups["3:0"].interval is None
    assert found.without_overlap is None
    assert tables.all_tables(found)


def test_one_run_alone(small):
    found = find(small / "E1D1F1-seed50")
    assert summary.state(found).text == "The run is finished."
    keys = {table.key for table in tables.all_tables(found)}
    assert "4.3" in keys
    assert not keys & {"pairs", "effects"}


def test_formats():
    assert formats.share(0.731) == ".7310"
    assert formats.share(1.0) == "1.0000"
    assert formats.points(-0.0123) == "−1.23"
    assert formats.points(-0.00001) == "0.00"
    assert formats.p_value(0.0004) == "< .001"
    assert formats.p_value(0.1) == ".100"
    assert formats.p_value(1.0) == "1"
