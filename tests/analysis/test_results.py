import json
import shutil

import made_up_sweep
import numpy as np
import pytest

from xlt_flax.analysis import read_runs, results
from xlt_flax.errors import UserError
from xlt_flax.studies.known import study_of

FEW = {"E1D1F1": 0.8, "E1E2E3": 0.7, "E1D1F1+J1": 0.85, "J1": 0.9}


@pytest.fixture
def sweep(tmp_path):
    return made_up_sweep.write_sweep(tmp_path / "sweep", (50, 51), 40, FEW, overlap=3)


def test_a_finished_sweep(sweep):
    read = read_runs.read_results(sweep)
    assert read.planned
    assert read.names() == list(FEW)
    assert {run.status for run in read.runs} == {results.FINISHED}
    run = read.of("E1D1F1+J1")[0]
    assert (run.mixture, run.source, run.table, run.seed) == ("J1", "E1D1F1", "5.2", 50)
    assert run.target.documents == 40
    assert run.target.correct.mean() == 0.85
    assert run.audit.test_ids == {f"ja/music/test/{number}" for number in range(3)}
    assert run.curve[0].epoch == 1


def test_what_is_not_finished_is_marked_and_not_read_as_a_result(sweep):
    (sweep / "E1D1F1-seed50" / "DONE").unlink()
    (sweep / "E1E2E3-seed50" / "eval" / "ja.json").unlink()
    shutil.rmtree(sweep / "J1-seed51")
    status = {run.label: run.status for run in read_runs.read_results(sweep).runs}
    assert status["E1D1F1-seed50"] == results.UNFINISHED
    assert status["E1E2E3-seed50"] == results.NOT_EVALUATED
    assert status["J1-seed51"] == results.NOT_STARTED
    assert status["J1-seed50"] == results.FINISHED
    assert read_runs.read_results(sweep).of("E1D1F1")[0].target is None


def test_seeds_of_an_earlier_sweep_are_kept(sweep):
    made_up_sweep.write_plan(sweep, [52], FEW)
    assert [run.seed for run in read_runs.read_results(sweep).of("J1")] == [50, 51, 52]


def test_a_folder_of_runs_without_a_plan_and_one_run(sweep):
    (sweep / "sweep.json").unlink()
    read = read_runs.read_results(sweep)
    assert not read.planned
    assert sorted(read.names()) == sorted(FEW)
    run = read.of("E1D1F1+J1")[0]
    assert run.table == results.OTHER  # it takes a study to know better
    assert study_of(read).table_of(run) == "5.2"
    alone = read_runs.read_results(sweep / "E1D1F1+J1-seed51")
    assert [run.label for run in alone.runs] == ["E1D1F1+J1-seed51"]


def test_a_line_cut_off_by_a_kill_is_left_out_of_an_unfinished_run_only(sweep):
    curve = sweep / "E1D1F1-seed50" / "metrics.jsonl"
    with open(curve, "a") as file:
        file.write('{"step": 37')
    with pytest.raises(UserError, match=r"metrics\.jsonl:31: not JSON"):
        read_runs.read_results(sweep)
    (sweep / "E1D1F1-seed50" / "DONE").unlink()
    assert len(read_runs.read_results(sweep).of("E1D1F1")[0].curve) == 30


def test_a_test_set_that_training_evaluated_is_its_languages_curve(sweep):
    """As what eval --watch writes is."""
    curve = sweep / "E1D1F1-seed50" / "metrics.jsonl"
    line = {"step": 375, "epoch": 1, "split": "test_ja", "loss": 0.5, "accuracy": 0.75}
    with open(curve, "a") as file:
        file.write(json.dumps(line) + "\n")
    point = read_runs.read_results(sweep).of("E1D1F1")[0].curve[-1]
    assert point == results.Point(375, 1, "ja", 0.5, 0.75)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("sweep.json", "{", "sweep.json:1: not JSON"),
        ("sweep.json", "{}", "sweep.json: wants lists"),
        ("J1-seed50/config.json", "[1]", "config.json: wants a JSON object"),
        ("J1-seed50/audit.json", "\x00", "audit.json:1: not JSON"),
        ("J1-seed50/eval/ja.json", "{}", "ja.json: has no accuracy"),
        ("J1-seed50/eval/ja.json", '{"accuracy": "high"}', "'high', not a number"),
        ("J1-seed50/eval/ja.json", '{"accuracy": 0.3}', "predictions file has 0.9000"),
        ("J1-seed50/eval/ja.predictions.jsonl", '{"id": "a"}\n', "jsonl:1: wants id, label"),
        ("J1-seed50/eval/ja.predictions.jsonl", "\n\nno\n", "jsonl:3: not JSON"),
        ("J1-seed50/metrics.jsonl", '{"step": "x", "epoch": 1}\n', "'x', not a number"),
    ],
)
def test_a_broken_file_is_named_in_one_line(sweep, file, content, said):
    (sweep / file).write_text(content)
    with pytest.raises(UserError) as error:
        read_runs.read_results(sweep)
    assert said in str(error.value)
    assert file.rpartition("/")[2] in str(error.value)
    assert "\n" not in str(error.value)


def test_bytes_that_are_no_text(sweep):
    (sweep / "J1-seed50" / "eval" / "ja.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"ja\.json: cannot be read"):
        read_runs.read_results(sweep)


def test_a_document_judged_twice_is_refused(sweep):
    path = sweep / "J1-seed50" / "eval" / "ja.predictions.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[0]]))
    with pytest.raises(UserError, match=r":41: ja/music/test/0 a second time"):
        read_runs.read_results(sweep)


def test_missing_keys_leave_their_cells_out(sweep):
    folder = sweep / "J1-seed50"
    (folder / "audit.json").write_text("{}")
    (folder / "config.json").unlink()
    (folder / "metrics.jsonl").unlink()
    (folder / "eval" / "ja.predictions.jsonl").unlink()
    (folder / "eval" / "ja.json").write_text(json.dumps({"accuracy": 0.75}))
    run = read_runs.read_results(sweep).of("J1")[0]
    assert run.status == results.FINISHED
    assert run.target.accuracy == 0.75
    assert not run.target.ids
    assert run.audit.train is None
    assert run.curve == ()


def test_a_watched_evaluation_takes_its_epochs_from_the_metrics(sweep):
    line = {"step": 750, "split": "ja", "loss": 0.5, "accuracy": 0.6}
    made_up_sweep.write_lines(sweep / "J1-seed50" / "eval" / "ja.curve.jsonl", [line])
    assert read_runs.read_results(sweep).of("J1")[0].curve[-1] == results.Point(
        750, 2, "ja", 0.5, 0.6
    )


def test_another_checkpoint_than_the_best_is_said(sweep):
    path = sweep / "J1-seed50" / "eval" / "ja.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "checkpoint": "latest"}))
    assert read_runs.read_results(sweep).of("J1")[0].target.note == "evaluated at checkpoint latest"


def test_nothing_to_report(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        read_runs.read_results(tmp_path / "none")
    with pytest.raises(UserError, match="no run in it"):
        read_runs.read_results(tmp_path)


def test_predictions_are_compared_with_labels(tmp_path):
    right = np.array([True, False, True, True])
    made_up_sweep.write_run(tmp_path / "E1-seed7", "E1", 7, right, np.random.default_rng(0))
    run = read_runs.read_results(tmp_path / "E1-seed7").runs[0]
    np.testing.assert_array_equal(run.target.correct, right)
