"""A broken model is never a data point in silence: failed, not-a-number and one-class runs."""

import json
import math

import made_up_sweep
import numpy as np
import pytest

from xlt_flax.analysis import page, read_runs, records, results, summary, tables
from xlt_flax.analysis.written import as_markdown
from xlt_flax.studies import known

RIGHT = np.arange(40) < 30
FEW = {"E1D1F1": 0.8, "E1E2E3": 0.7}


@pytest.fixture
def sweep(tmp_path):
    return made_up_sweep.write_sweep(tmp_path / "sweep", (50, 51), 40, FEW)


def find(folder):
    return known.find(read_runs.read_results(folder))


def change_eval(run, predictions=None, **values):
    path = run / "eval" / "ja.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    if predictions is not None:
        path = run / "eval" / "ja.predictions.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line, prediction in zip(lines, predictions, strict=True):
            line["prediction"] = prediction
        made_up_sweep.write_lines(path, lines)


def is_told(folder, label, said):
    """The page's box, tables.md, results.csv, results.json and the cell all name it."""
    found = find(folder)
    shown = tables.placed_tables(found)
    text = as_markdown(found, tables.all_tables(found))
    html = page.render(found, shown, [])
    assert f"{label}: " in text
    assert said in text
    assert said in html
    assert html.index(said) < html.index("</header>")
    row = next(r for r in records.results_csv(found).splitlines() if said in r)
    assert label.split("-")[0] in row
    written = records.results_json(found)
    assert said in str({**written["unfinished"], **written["problems"]}[label])
    (cell,) = [c for c in found.every.cells.values() if any(said in note for note in c.notes)]
    return found, cell


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the loss is not a number\nmore\n", "the loss is not a number"),
        ("Traceback (most recent call last):\n  File x\nValueError: bad\n", "ValueError: bad"),
        ("", "no reason was written"),
    ],
)
def test_a_failed_run_is_failed_and_says_why(sweep, text, said):
    run = sweep / "E1D1F1-seed51"
    (run / "DONE").unlink()
    (run / "failure.txt").write_text(text)
    found, cell = is_told(sweep, "E1D1F1-seed51", said)
    assert "3 of 4 runs are finished; 1 failed." in summary.state(found).text
    assert cell.seeds == (50,)
    assert not cell.complete


def test_a_run_that_failed_before_it_wrote_anything_else_is_failed_too(sweep):
    made_up_sweep.write_plan(sweep, [52], FEW)
    run = sweep / "E1D1F1-seed52"
    run.mkdir()
    (run / "failure.txt").write_text("out of memory")
    found, _ = is_told(sweep, "E1D1F1-seed52", "out of memory")
    statuses = {run.label: run.status for run in found.results.runs}
    assert statuses["E1D1F1-seed52"] == results.FAILED
    assert statuses["E1E2E3-seed52"] == results.NOT_STARTED


def test_a_document_without_a_prediction_is_wrong_and_its_run_no_data_point(sweep):
    run = sweep / "E1D1F1-seed51"
    change_eval(run, [None] * 40, accuracy=0.0, loss=None)
    found, cell = is_told(sweep, "E1D1F1-seed51", "output for 40 documents is not a number")
    assert cell.seeds == (50,)
    assert "1 broken" in summary.state(found).text
    assert not found.results.of("E1D1F1")[1].evaluations["ja"].correct.any()


@pytest.mark.parametrize(
    "where", ["loss of an older eval", "validation loss that chose", "one document alone"]
)
def test_what_is_no_number_anywhere_breaks_a_run(sweep, where):
    run = sweep / "E1D1F1-seed51"
    if where == "loss of an older eval":  # which took a NaN for the first class
        change_eval(run, [0] * 40, accuracy=0.5, loss=math.nan)
    elif where == "one document alone":
        lines = (run / "eval" / "ja.predictions.jsonl").read_text().splitlines()
        rest = [json.loads(line) for line in lines[1:]]
        right = sum(line["prediction"] == line["label"] for line in rest)
        change_eval(run, [None, *(line["prediction"] for line in rest)], accuracy=right / 40)
    else:
        (run / "DONE").write_text(json.dumps({"step": 9, "best": {"loss": math.nan, "epoch": 1}}))
    found, cell = is_told(sweep, "E1D1F1-seed51", "not a number")
    assert cell.seeds == (50,)
    assert found.results.of("E1D1F1")[1].status == results.BROKEN


@pytest.mark.parametrize("problems", [None, ["all 40 documents were given one class, negative"]])
def test_a_model_of_one_class_is_a_data_point_that_is_named(sweep, problems):
    run = sweep / "E1D1F1-seed51"
    more = {} if problems is None else {"problems": problems}
    change_eval(run, [0] * 40, accuracy=0.5, **more)
    said = "one class, negative" if problems else "all predictions are of one class"
    found, cell = is_told(sweep, "E1D1F1-seed51", said)
    assert cell.seeds == (50, 51)
    assert "1 finished run" in summary.state(found).text


def test_every_accuracy_stands_beside_the_majority_class(sweep):
    change_eval(sweep / "E1D1F1-seed50", majority=0.625)
    found = find(sweep)
    assert found.every.cells["E1D1F1"].majority == 0.625
    assert found.every.cells["E1E2E3"].majority == 0.5
    shown = [table for table in tables.all_tables(found) if "Accuracy" in table.columns]
    assert shown
    for table in shown:
        told = "Majority class" in table.columns or any("Majority" in n for n in table.notes)
        assert told, table.title
    assert dict(summary.setting(found))["majority class"] == ".5000–.6250"


def test_an_accuracy_on_what_was_trained_on_is_marked_on_the_target_too(sweep):
    change_eval(sweep / "E1D1F1-seed50", seen=10, accuracy_unseen=0.7)
    found = find(sweep)
    (table,) = [table for table in tables.all_tables(found) if table.key == "4.3"]
    assert table.rows[0].cells[1].endswith("†")
    assert (
        "E1D1F1: † 10 of 40 judged documents were trained or validated on; without them .7000"
        in table.notes
    )
    assert ",0.5,10,0.7," in records.results_csv(found).splitlines()[1]  # majority, seen, unseen


def test_all_of_it_trained_on_leaves_no_number(sweep):
    for seed in (50, 51):
        change_eval(sweep / f"E1D1F1-seed{seed}", seen=40, accuracy_unseen=None)
    assert any("no other document is left" in n for n in find(sweep).every.cells["E1D1F1"].notes)


def test_an_older_eval_of_a_source_language_is_marked_as_unknown(sweep):
    made_up_sweep.write_evaluation(sweep / "E1D1F1-seed50", "en", RIGHT)
    (table,) = [table for table in tables.all_tables(find(sweep)) if table.key == "languages"]
    assert table.rows[0].cells[1] == ".7500‡"
    assert any("was not recorded" in note for note in table.notes)
