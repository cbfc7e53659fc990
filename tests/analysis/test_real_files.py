"""The readers and the whole report on what `sweep` and `eval` wrote, not on made-up files."""

import json

import pytest

from xlt_flax.analysis import read_runs, results, summary, tables
from xlt_flax.analysis.figures import learning_curves
from xlt_flax.analysis.written import write
from xlt_flax.studies import known


@pytest.fixture(scope="module")
def sweep(real_sweep):
    return read_runs.read_results(real_sweep)


@pytest.fixture(scope="module")
def found(sweep):
    return known.find(sweep)


def table_of(found, key):
    (table,) = [table for table in tables.all_tables(found) if table.key == key]
    return table


def test_every_run_is_read_with_its_draw(sweep):
    labels = [(run.label, run.status, run.draw, run.seed) for run in sweep.runs]
    assert labels == [
        ("E1D1F1-seed50", results.FINISHED, 50, 50),
        ("E1D1F1-draw51-seed50", results.FINISHED, 51, 50),
        ("E1D1F1+J1-seed50", results.FINISHED, 50, 50),
        ("E1D1F1+J1-draw51-seed50", results.FINISHED, 51, 50),
    ]
    assert sweep.names() == ["E1D1F1", "E1D1F1+J1"]  # draws share a cell, as seeds do
    assert all(run.record.versions["jax"] and run.record.day for run in sweep.runs)


def test_what_was_trained_on_is_counted_and_marked(sweep, found, real_sweep):
    german = sweep.of("E1D1F1")[0].evaluations["de"]
    audit = json.loads((real_sweep / "E1D1F1-seed50/audit.json").read_text())
    drawn = {name for part in audit["groups"]["D1"].values() for name in part["ids"]}
    assert german.seen >= len(drawn & set(german.ids)) > 0
    unseen = [right for right, name in zip(german.correct, german.ids, strict=True)
              if name not in drawn]  # fmt: skip
    assert german.accuracy_unseen == pytest.approx(sum(unseen) / len(unseen), abs=0.05)
    table = table_of(found, "languages")
    assert table.columns[1] == "de (majority class .5000)"
    assert table.rows[0].cells[1].endswith("†")
    wanted = f"† E1D1F1, de: {german.seen} of 120 judged documents were trained or validated on; "
    assert any(note.startswith(wanted + "without them .") for note in table.notes)


def test_the_audit_looks_at_the_source_stage_too(sweep):
    for run in sweep.of("E1D1F1+J1"):
        assert run.audit.whole_chain
        assert run.audit.within_test is not None
        assert run.target.seen == len(run.audit.test_ids & set(run.target.ids))


def test_the_dot_of_a_learning_curve_is_dones_best(sweep, real_sweep):
    for run in sweep.runs:
        best = json.loads((real_sweep / run.label / "DONE").read_text())["best"]
        assert learning_curves.chosen(run) == (best["epoch"], best["loss"])


def test_overlap_stands_beside_the_accuracies(found, real_sweep):
    table = table_of(found, "4.3")
    row = dict(zip(table.columns, table.rows[0].cells, strict=True))
    audits = [
        json.loads((real_sweep / f"E1D1F1-{run}/audit.json").read_text())["duplicates"]
        for run in ("seed50", "draw51-seed50")
    ]
    repeated = sorted({str(audit["within_train"]) for audit in audits}, key=int)
    validation = sorted({str(audit["train_validation"]["documents"]) for audit in audits}, key=int)
    assert row["Repeats"] == "–".join(repeated)
    assert row["Val. in train"] == "–".join(validation)
    assert row["Seeds"] == "2, 2 draws"
    assert any(note == "E1D1F1: over 2 draws of documents: 50, 51" for note in table.notes)


def test_the_page_says_how_the_runs_were_made(found):
    said = dict(summary.setting(found))
    assert said["groups of"] == "15 + 11"
    assert said["learning rate"] == "0.001, constant"
    assert said["max length"] == "32"
    assert said["draws"] == "50, 51"
    assert said["majority class"] == ".5000"
    assert "jax " in said["versions"]
    assert said["device"].endswith(" × cpu")
    assert said["date"].startswith("20")


def test_the_whole_report_of_it(found, tmp_path):
    write(found, tmp_path)
    assert "Zero-shot transfer to Japanese" in (tmp_path / "tables.md").read_text()
    written = json.loads((tmp_path / "results.json").read_text())
    assert written["languages"]["de"]["E1D1F1"]["seen"][0] > 0
    header, *rows = (tmp_path / "results.csv").read_text().splitlines()
    assert {"draw", "majority", "seen", "accuracy_unseen", "problems"} <= set(header.split(","))
    assert len(rows) == 5


def test_another_target_language_is_reported_in_full(train_sweep, tmp_path):
    folder = train_sweep(tmp_path / "fr", ("E1", "D1"), fields={"data.target_language": "fr"})
    sweep = read_runs.read_results(folder)
    found = known.find(sweep)
    assert summary.state(found).text.startswith("All 2 runs are finished.")
    assert summary.title(found) == "Zero-shot transfer to French"
    table = table_of(found, "other")
    assert table.title == "Accuracy on French"
    assert [row.cells[0] for row in table.rows] == ["E1", "D1"]
    assert not {"4.1", "5.1"} & {table.key for table in tables.all_tables(found)}
    assert "the target language is fr, not ja" in found.study.departures(found)
    write(found, tmp_path / "report")
    for name in ("tables.md", "index.html", "learning_curves.svg"):
        assert "Japanese" not in (tmp_path / "report" / name).read_text().split("How these runs")[0]
    rows = (tmp_path / "report/results.csv").read_text().splitlines()[1:]
    assert [",fr," in row for row in rows] == [True, True]
