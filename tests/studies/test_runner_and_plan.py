"""The sweep: its plan, and a small one that is killed, goes on, and goes on past a failed run."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import forks
import pytest
from forks import Forked
from ml_collections import ConfigDict
from shards import checked_shards

from xlt_flax.analysis.read_runs import read_results
from xlt_flax.analysis.results import FINISHED
from xlt_flax.config import resolve
from xlt_flax.errors import UserError
from xlt_flax.studies.plan import (
    PlannedRun,
    in_order,
    make_tasks,
    parse_seeds,
    pick,
    plan_runs,
    split_config,
)
from xlt_flax.studies.runner import Runner, steps_of_runs, task_config
from xlt_flax.studies.study_file import write_sweep_file
from xlt_flax.studies.thesis import reported
from xlt_flax.training.train import train
from xlt_flax.words import parse_shard
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parents[2]
SMALL = (
    "--config.data.train_per_group=15",
    "--config.data.validation_per_group=11",
    "--config.data.max_length=32",
    "--config.model.forward=padded",  # compiles faster
    "--config.train.epochs=2",
)


# ---- The plan -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def config():
    spec = importlib.util.spec_from_file_location("thesis_config", ROOT / "configs/thesis.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config()


def test_a_sweep_of_an_older_version_goes_on_wherever_its_model_lies(config, runs, tmp_path):
    common = split_config(config)[0]
    write_sweep_file(tmp_path, common, runs, [50], [50])
    file = tmp_path / "sweep.json"
    stored = json.loads(file.read_text())
    del (
        stored["versions"],
        stored["config"]["model"]["revision"],
        stored["config"]["init_checkpoint"],
    )
    file.write_text(json.dumps(stored))
    moved = ConfigDict(common.to_dict())
    moved.model.name = "/elsewhere"
    write_sweep_file(tmp_path, moved, runs, [50], [50])
    assert json.loads(file.read_text())["config"]["model"]["name"] == "/elsewhere"
    stored["config"]["data"]["shards"] = 3
    file.write_text(json.dumps(stored))
    with pytest.raises(UserError, match=rf"^{file}: .* does not know, data.shards"):
        write_sweep_file(tmp_path, moved, runs, [50], [50])


@pytest.fixture(scope="module")
def runs(config):
    return plan_runs(split_config(config)[1], reported.TABLE_OF)


def test_the_thesis_has_35_runs(runs):
    assert len(runs) == len({run.name for run in runs}) == 35
    assert {run.name for run in runs} == set(reported.ACCURACY)
    counts = Counter(run.table for run in runs)
    assert counts == {"4.1": 3, "4.2": 6, "4.3": 3, "5.1": 9, "E2D1F3": 1, "5.2": 12, "J1": 1}
    stages = [run for run in runs if run.source]
    assert all(run.name == f"{run.source}+J1" and run.mixture == "J1" for run in stages)
    names = [run.name for run in runs]
    assert all(names.index(run.source) < names.index(run.name) for run in stages)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 50])
def test_shards_cover_every_task_once_and_keep_stages_together(config, runs, count):
    steps = steps_of_runs(split_config(config)[0], runs)
    tasks = make_tasks(runs, [50, 51])
    shards = checked_shards(tasks, steps, count)
    loads = [sum(steps[task.run.name] for task in shard) for shard in shards]
    if count <= 8:
        assert max(loads) - min(loads) <= 3750 + 1250  # the longest chain


def test_steps_are_the_thesiss(config, runs):
    steps = steps_of_runs(split_config(config)[0], runs)
    assert (steps["E1D1F1"], steps["E1"], steps["J1"]) == (3750, 1250, 1250)
    assert sum(steps.values()) == 13 * 3750 + 22 * 1250


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (["4.1"], ["E1E2E3", "D1D2D3", "F1F2F3"]),
        (["E1D1F1"], ["E1D1F1"]),
        (["E1D1F1+J1"], ["E1D1F1", "E1D1F1+J1"]),
        (["J1", "E2D1F3"], ["E2D1F3", "J1"]),
    ],
)
def test_only_picks_tables_and_runs_with_their_sources(runs, only, names):
    assert [run.name for run in pick(runs, only)] == names


def test_only_5_2_brings_all_sources(runs):
    assert len(pick(runs, ["5.2"])) == 24
    assert len(pick(runs, [])) == 35


@pytest.mark.parametrize(
    "call",
    [
        lambda runs: pick(runs, ["4.4"]),
        lambda runs: parse_shard("4/4"),
        lambda runs: parse_shard("1"),
        lambda runs: parse_seeds(["50", "x"]),
        lambda runs: parse_seeds(["50", "50"]),
        lambda runs: plan_runs(["E1+J1"], {}),
        lambda runs: plan_runs(["E1", "E1"], {}),
        lambda runs: plan_runs(["x1"], {}),
        lambda runs: plan_runs(["E1", "E1+"], {}),
    ],
)
def test_a_wrong_plan_is_refused(runs, call):
    with pytest.raises(UserError):
        call(runs)


def graph(**sources):
    return [PlannedRun(name, "E1", source, "other") for name, source in sources.items()]


def test_a_chain_of_any_depth_is_in_order_and_stays_together():
    runs = in_order(graph(d="c", b="a", x=None, c="b", a=None))
    assert [run.name for run in runs] == ["x", "a", "b", "c", "d"]
    assert [run.name for run in pick(runs, ["c"])] == ["a", "b", "c"]
    tasks = make_tasks(runs, [50, 51])
    shards = checked_shards(tasks, dict.fromkeys("abcdx", 10), 4)
    assert sorted(map(len, shards)) == [1, 1, 4, 4]
    names = ["E1+J1+D1", "E1+J1", "E1"]
    assert [run.name for run in plan_runs(names, {})] == names[::-1]


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"a": "b", "b": "c", "c": "b"}, "in a circle, b -> c -> b: take one out"),
        ({"a": "a"}, "in a circle, a -> a"),
        ({"a": "z"}, "has a, but not z"),
    ],
)
def test_what_is_no_order_is_refused_in_one_line(sources, said):
    with pytest.raises(UserError, match=said) as refused:
        in_order(graph(**sources))
    assert "\n" not in str(refused.value)


def test_a_run_may_change_any_field_and_sweep_json_says_so(config, tmp_path):
    common = split_config(config)[0]
    runs = in_order(
        [
            PlannedRun("slow", "E1", None, "rates", {"train.learning_rate": 1e-6}),
            PlannedRun("short", "E1", "slow", "rates", {"train.epochs": 2}),
        ]
    )
    slow, short = (task_config(common, task, tmp_path) for task in make_tasks(runs, [50]))
    assert (slow.train.learning_rate, slow.train.epochs, slow.init_from) == (1e-6, 10, "")
    assert (short.train.learning_rate, short.train.epochs) == (2e-5, 2)
    assert short.init_from == str(tmp_path / "slow-seed50")
    assert steps_of_runs(common, runs) == {"slow": 1250, "short": 250}
    write_sweep_file(tmp_path, common, runs, [50], [50])
    write_sweep_file(tmp_path, common, runs, [51], [50])
    stored = json.loads((tmp_path / "sweep.json").read_text())["runs"]
    assert [entry["changes"] for entry in stored] == [dict(run.changes) for run in runs]


def test_the_protocol_is_for_stages_that_go_on_from_another(config, runs, tmp_path):
    common = ConfigDict(split_config(config)[0].to_dict())
    common.protocol = "thesis"
    configs = {
        task.run.name: task_config(resolve(common), task, tmp_path)
        for task in make_tasks(runs, [51])
    }
    assert configs["E1D1F1"].protocol == configs["J1"].protocol == "clean"
    stage = configs["E1D1F1+J1"]
    assert (stage.protocol, stage.mixture, stage.seed) == ("thesis", "J1", 51)
    assert stage.init_from == str(tmp_path / "E1D1F1-seed51")


def test_sweep_json_gathers_seeds_and_refuses_another_config(config, runs, tmp_path):
    common = split_config(config)[0]
    write_sweep_file(tmp_path, common, runs, [51], [50])
    write_sweep_file(tmp_path, common, runs, [50, 51], [50])
    stored = json.loads((tmp_path / "sweep.json").read_text())
    assert stored["seeds"] == [50, 51]
    assert len(stored["runs"]) == 35
    entry = {"name": "E1E2E3+J1", "mixture": "J1", "table": "5.2", "source": "E1E2E3"}
    assert entry in stored["runs"]
    other = ConfigDict(common.to_dict())
    other.train.epochs = 5
    with pytest.raises(UserError, match=r"train\.epochs: 10 -> 5"):
        write_sweep_file(tmp_path, resolve(other), runs, [50], [50])


@pytest.mark.slow
def test_a_run_that_changes_fields_has_the_bits_that_it_has_alone(small_config, tmp_path):
    """What runs share is of those that are alike: lengths, and the rows of the embedding."""
    small = {"data__train_per_group": 10, "data__validation_per_group": 9, "train__epochs": 1}
    common = small_config(**small)
    runs = in_order(
        [
            PlannedRun("short", "E1", None, "lengths", {"data.max_length": 16}),
            PlannedRun("long", "E1", None, "lengths"),
            PlannedRun("more", "E1", "short", "lengths", {"data.max_length": 16}),
        ]
    )
    write_sweep_file(tmp_path / "study", common, runs, [50], [50])
    Runner(tmp_path / "study", common, runs, make_tasks(runs, [50])).run()
    for run in runs:
        config = task_config(common, *make_tasks([run], [50]), tmp_path / "study")
        train(config, Workdir(tmp_path / run.name))
        metrics = [
            (folder / "metrics.jsonl").read_bytes()
            for folder in (tmp_path / "study" / f"{run.name}-seed50", tmp_path / run.name)
        ]
        assert metrics[0] == metrics[1], run.name
    results = read_results(tmp_path / "study")
    assert {run.name: run.status for run in results.runs} == dict.fromkeys(
        ("short", "long", "more"), FINISHED
    )


# ---- The command line -----------------------------------------------------------------------


def sweep(workdir, data_dir, *arguments):
    return [
        *(sys.executable, "-m", "xlt_flax.sweep", "--config=configs/thesis_demo.py"),
        f"--workdir={workdir}",
        f"--config.data.data_dir={data_dir}",
        *SMALL,
        *arguments,
    ]


def run(arguments, expect=0):
    finished = forks.run(arguments, cwd=ROOT)
    assert finished.returncode == expect, finished.stderr
    return finished


def statuses(folder):
    return {run.label: run.status for run in read_results(folder).runs if run.status == FINISHED}


def three_runs(workdir, data_dir, *arguments):
    return sweep(workdir, data_dir, "--only=E1,E1D1F1+J1", *arguments)


def test_a_sweep_is_killed_goes_on_and_goes_on_past_a_failure(sample_data_dir, tmp_path):
    folder = tmp_path / "sweep"
    plan = run(three_runs(folder, sample_data_dir, "--dry_run")).stdout.splitlines()
    assert [line.split()[1] for line in plan[:-1]] == [
        "E1D1F1-seed50",
        "E1-seed50",
        "E1D1F1+J1-seed50",
    ]
    assert "time unknown" in plan[-1]
    assert not folder.exists()

    killed = Forked(
        three_runs(folder, sample_data_dir),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    for line in killed.stdout:
        if line.startswith("[1/3] E1D1F1-seed50: ja accuracy"):
            killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    first = folder / "E1D1F1-seed50/eval/ja.json"
    written = first.stat().st_mtime_ns

    (folder / "E1D1F1-seed51").mkdir()
    (folder / "E1D1F1-seed51/notes.txt").write_text("somebody's")
    failed = run(three_runs(folder, sample_data_dir, "--seeds=50,51"), expect=1)
    assert failed.stdout.startswith("1 of 6 runs are done")
    assert first.stat().st_mtime_ns == written
    assert "[2/5] E1D1F1+J1-seed50: ja accuracy" in failed.stdout
    assert "E1D1F1-seed51: failed: " in failed.stdout
    assert "E1D1F1+J1-seed51: not run: E1D1F1-seed51 failed" in failed.stdout
    assert "[4/5] E1-seed51: ja accuracy" in failed.stdout
    assert "2 of 6 runs are missing" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "notes.txt" in (folder / "E1D1F1-seed51/failure.txt").read_text()
    plan = run(three_runs(folder, sample_data_dir, "--seeds=50,51", "--dry_run")).stdout
    assert "6 runs, 2 of them to do" in plan
    assert "s a step (median of 4 finished runs)" in plan

    (folder / "E1D1F1-seed51/notes.txt").unlink()
    run(three_runs(folder, sample_data_dir, "--seeds=50,51"))
    assert len(statuses(folder)) == 6
    assert not (folder / "E1D1F1-seed51/failure.txt").exists()


# ---- A run and its J1 stage, disturbed ----------------------------------------------------------

SOURCE, STAGE = "E1D1F1-seed50", "E1D1F1+J1-seed50"


def two_runs(workdir, data_dir):
    return sweep(workdir, data_dir, "--only=E1D1F1+J1")


def end_state(folder):
    """All that a sweep ends with but times: checkpoints tell the digests of their values."""
    state = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.name == "_CHECKPOINT_METADATA":
            state[name] = json.loads(path.read_text())["custom_metadata"]["sha256"]
        elif path.name == "ja.json":
            state[name] = json.loads(path.read_text()) | {"seconds": None}
        elif path.name in ("metrics.jsonl", "audit.json", "DONE", "ja.predictions.jsonl"):
            state[name] = path.read_bytes()
    return state


@pytest.fixture(scope="module")
def undisturbed(sample_data_dir, tmp_path_factory):
    """Made by a process of its own, from its imports on."""
    folder = tmp_path_factory.mktemp("undisturbed") / "sweep"
    subprocess.run(two_runs(folder, sample_data_dir), cwd=ROOT, check=True)
    state = end_state(folder)
    assert f"{SOURCE}/DONE" in state
    assert f"{STAGE}/eval/ja.json" in state
    return state


def told_to_stop(arguments, at, number):
    """What a sweep says that gets a signal when a line of its log holds `at`."""
    process = Forked(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if at in line:
            process.send_signal(number)
            break
    error = process.communicate()[1]
    assert process.returncode == 128 + number, error
    assert "Traceback" not in error
    assert error.splitlines()[-1] == f"xlt_flax: stopped by {number.name}"


@pytest.mark.slow
def test_a_sweep_that_is_told_to_stop_goes_on_to_the_same_end(
    undisturbed, sample_data_dir, tmp_path
):
    folder = tmp_path / "sweep"
    arguments = two_runs(folder, sample_data_dir)
    told_to_stop(arguments, "epoch 1, step", signal.SIGTERM)
    assert any(path.name.isdecimal() for path in (folder / SOURCE / "checkpoints").iterdir())
    assert not (folder / SOURCE / "failure.txt").exists()
    told_to_stop(arguments, f"---- {STAGE}", signal.SIGINT)
    run(arguments)
    assert end_state(folder) == undisturbed


@pytest.mark.slow
def test_a_full_disk_ends_a_sweep_which_goes_on_to_the_same_end(
    undisturbed, sample_data_dir, small_disk
):
    """Room for the first run, which has two checkpoints for a moment, but not for its stage."""
    disk = small_disk("6m")
    folder = disk.path / "sweep"
    full = run(two_runs(folder, sample_data_dir), expect=1)
    assert "Traceback" not in full.stderr
    assert full.stderr.splitlines()[-1].startswith("xlt_flax: No space left on device: ")
    assert f"---- {STAGE}" in full.stderr
    disk.remount("size=64m")
    run(two_runs(folder, sample_data_dir))
    assert end_state(folder) == undisturbed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config=configs/demo.py"], "config.sweep.runs"),
        (["--config=configs/thesis.py", "--config.sweep.walks=1"], "no field sweep.walks"),
        (["--config=configs/thesis.py", "--config.mixture=E1"], "pick runs with --only"),
        (["--config=configs/thesis.py", "--shard=4/4"], "--shard=4/4"),
    ],
)
def test_a_users_mistake_gets_one_line(arguments, message, tmp_path):
    command = [sys.executable, "-m", "xlt_flax.sweep", f"--workdir={tmp_path}", *arguments]
    finished = run(command, expect=2)
    assert len(finished.stderr.strip().splitlines()) == 1
    assert message in finished.stderr


def test_main_refuses_a_sweeps_config():
    command = [sys.executable, "-m", "xlt_flax.main", "--config=configs/thesis.py"]
    assert "python -m xlt_flax.sweep" in run(command, expect=2).stderr
