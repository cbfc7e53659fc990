"""The command lines as users start them: whole runs, kills, devices, hosts and mistakes.

All runs are of configs/demo.py, made smaller. The undisturbed run is what others are compared with.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import forks
import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from forks import Forked
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from xlt_flax.training.checkpoints import Checkpoints

ROOT = Path(__file__).parent.parent
EPOCHS, STEPS_PER_EPOCH = 3, 6
SMALL = (
    "--config.data.train_per_group=15",  # 45 documents: the last batch of an epoch holds 5
    "--config.data.validation_per_group=11",
    "--config.data.max_length=32",
    f"--config.train.epochs={EPOCHS}",
    "--config.eval.batch_size=16",
)


def command(module, *arguments):
    return [sys.executable, "-m", f"xlt_flax.{module}", *map(str, arguments)]


def training(workdir, data_dir, *arguments, config="configs/demo.py"):
    return command(
        "main",
        f"--config={config}",
        f"--workdir={workdir}",
        f"--config.data.data_dir={data_dir}",
        *SMALL,
        *arguments,
    )


def run(arguments, expect=0, **environment):
    """Runs to the end; returns the finished process."""
    finished = forks.run(arguments, cwd=ROOT, env=os.environ | environment)
    assert finished.returncode == expect, finished.stderr
    return finished


def run_with_its_imports(arguments, **environment):
    """As `run`, in a process that nothing was prepared for: what users start."""
    finished = subprocess.run(
        arguments, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    return finished


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def final_state(workdir):
    """All that the last checkpoint holds, as arrays."""
    step = Checkpoints(workdir / "checkpoints").steps()[-1]
    names = ("params", "optimizer", "vocabulary")
    with ocp.CheckpointManager(workdir / "checkpoints", item_names=names) as manager:
        items = {name: ocp.args.StandardRestore() for name in names}
        return step, dict(manager.restore(step, args=ocp.args.Composite(**items)))


@pytest.fixture(scope="module")
def temporary_folder(tmp_path_factory):
    """Of the undisturbed run and its evaluation alone."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, sample_data_dir, temporary_folder):
    workdir = tmp_path_factory.mktemp("undisturbed") / "run"
    run_with_its_imports(training(workdir, sample_data_dir), TMPDIR=str(temporary_folder))
    return workdir


def test_a_run_leaves_what_the_contract_says(undisturbed):
    names = {entry.name for entry in undisturbed.iterdir() if not entry.name.startswith(".")}
    events = {name for name in names if name.startswith("events.out.tfevents.")}
    assert len(events) == 1
    assert names - events == {
        *("config.json", "checkpoints", "base", "metrics.jsonl", "audit.json", "DONE")
    }
    records = read_lines(undisturbed / "metrics.jsonl")
    train = [r["step"] for r in records if r["split"] == "train"]
    assert train == list(range(1, EPOCHS * STEPS_PER_EPOCH + 1))
    validations = [(r["step"], r["epoch"]) for r in records if r["split"] == "validation"]
    assert validations == [(STEPS_PER_EPOCH * e, e) for e in range(1, EPOCHS + 1)]
    best = min((r for r in records if r["split"] == "validation"), key=lambda r: r["loss"])
    checkpoints = {int(entry.name) for entry in (undisturbed / "checkpoints").iterdir()}
    assert checkpoints == {best["step"], EPOCHS * STEPS_PER_EPOCH}
    config = json.loads((undisturbed / "config.json").read_text())
    assert config["config"]["mixture"] == "E1D1F1"
    assert {"xlt_flax", "jax", "transformers"} <= config["versions"].keys()
    audit = json.loads((undisturbed / "audit.json").read_text())
    assert [len(audit["groups"][g]["train"]["ids"]) for g in ("E1", "D1", "F1")] == [15, 15, 15]
    assert audit["splits"]["test"]["labels"] == {"negative": 60, "positive": 60}


def judging(workdir):
    return command("eval", f"--workdir={workdir}", "--language=ja", "--language=de,ja")


@pytest.fixture(scope="module")
def judged(undisturbed, temporary_folder):
    """What eval says of the undisturbed run."""
    return run_with_its_imports(judging(undisturbed), TMPDIR=str(temporary_folder)).stdout


def test_eval_judges_every_document_once(undisturbed, judged):
    assert "ja" in judged
    for language in ("ja", "de"):
        result = json.loads((undisturbed / f"eval/{language}.json").read_text())
        lines = read_lines(undisturbed / f"eval/{language}.predictions.jsonl")
        assert [r["id"] for r in lines] == [f"{language}/music/test/{n}" for n in range(1, 121)]
        right = np.mean([line["label"] == line["prediction"] for line in lines])
        assert result["accuracy"] == pytest.approx(right)
        assert np.sum(result["confusion"]) == result["n"] == 120
        assert {"loss", "macro_f1", "checkpoint_step", "checkpoint", "seconds"} <= result.keys()
    validations = [r for r in read_lines(undisturbed / "metrics.jsonl") if r["split"] != "train"]
    best = min(validations, key=lambda r: r["loss"])["step"]
    assert result["checkpoint_step"] == best


def test_nothing_is_left_in_the_temporary_folder(judged, temporary_folder):
    assert list(temporary_folder.iterdir()) == []


def test_the_tests_own_temporary_folder_goes_with_the_rest_of_theirs(tmp_path_factory):
    assert Path(tempfile.gettempdir()).is_relative_to(tmp_path_factory.getbasetemp())
    told = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    assert run_with_its_imports(told).stdout.strip() == tempfile.gettempdir()


def eval_files(workdir):
    files = {path.name: path.read_bytes() for path in (workdir / "eval").glob("??.*")}
    results = {name: json.loads(data) for name, data in files.items() if name.endswith(".json")}
    return files | {name: result | {"seconds": None} for name, result in results.items()}


@pytest.mark.slow
def test_a_killed_eval_leaves_whole_files_and_goes_on_to_the_same(undisturbed, judged, tmp_path):
    """Killed between the first language's predictions and its scores, or shortly after."""
    expected = {n: v for n, v in eval_files(undisturbed).items() if not n.endswith("curve.jsonl")}
    workdir = tmp_path / "run"
    shutil.copytree(undisturbed, workdir, ignore=shutil.ignore_patterns("eval"))
    killed = Forked(judging(workdir), stdout=subprocess.DEVNULL, cwd=ROOT)
    while killed.poll() is None and not (workdir / "eval/ja.predictions.jsonl").exists():
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    found = eval_files(workdir)
    assert found.items() <= expected.items()
    run(judging(workdir))
    assert eval_files(workdir) == expected


def test_watch_draws_a_curve_and_ends(undisturbed):
    run(command("eval", f"--workdir={undisturbed}", "--watch"))
    curve = read_lines(undisturbed / "eval/ja.curve.jsonl")
    kept = Checkpoints(undisturbed / "checkpoints").steps()
    assert [line["step"] for line in curve] == kept
    assert in_tensorboard(undisturbed / "eval", "ja/accuracy") == kept


def test_done_runs_are_not_run_again(undisturbed, sample_data_dir):
    before = (undisturbed / "metrics.jsonl").read_bytes()
    assert "done already" in run(training(undisturbed, sample_data_dir)).stderr
    assert (undisturbed / "metrics.jsonl").read_bytes() == before


def test_a_run_that_is_killed_again_and_again_goes_on_bit_for_bit(
    undisturbed, sample_data_dir, tmp_path
):
    """Before there is a checkpoint, while the first is being saved, and in a later save."""
    workdir = tmp_path / "run"
    for moment in (" the step for ", "epoch 1, step", "epoch 3, step"):
        killed = Forked(
            training(workdir, sample_data_dir), cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        for line in killed.stderr:
            if moment in line:
                killed.send_signal(signal.SIGKILL)
                break
        killed.communicate()
        assert killed.returncode == -signal.SIGKILL, moment
        assert not (workdir / "DONE").exists()
    resumed = run(training(workdir, sample_data_dir))
    # Orbax writes the second checkpoint after the first is whole
    assert "going on from checkpoint" in resumed.stderr
    assert (workdir / "metrics.jsonl").read_bytes() == (undisturbed / "metrics.jsonl").read_bytes()
    assert_same_state(final_state(workdir), final_state(undisturbed))
    assert in_tensorboard(workdir, "train/loss") == list(range(1, EPOCHS * STEPS_PER_EPOCH + 1))


def in_tensorboard(folder, tag):
    """The steps that TensorBoard shows of a curve."""
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return [event.step for event in found.Scalars(tag)]


def assert_same_state(found, expected):
    assert found[0] == expected[0]
    found, expected = jax.tree.leaves(found[1]), jax.tree.leaves(expected[1])
    assert len(found) == len(expected) > 0
    for a, b in zip(found, expected, strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def assert_same_course(workdir, other):
    """The same batches, and the same units dropped, so the same losses but for rounding."""
    records, expected = (read_lines(path / "metrics.jsonl") for path in (workdir, other))
    assert [(r["step"], r["split"]) for r in records] == [(r["step"], r["split"]) for r in expected]
    losses, wanted = ([r["loss"] for r in rs] for rs in (records, expected))
    np.testing.assert_allclose(losses, wanted, atol=2e-4)


def test_three_devices_see_the_batches_of_one(undisturbed, sample_data_dir, tmp_path):
    """8 documents on 3 devices: the global batch is padded and masked."""
    flags = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=3"
    arguments = training(tmp_path / "run", sample_data_dir)
    assert "on 3 of 3 cpu devices, 1 host" in run(arguments, XLA_FLAGS=flags).stderr
    assert_same_course(tmp_path / "run", undisturbed)


@pytest.mark.slow
def test_two_hosts_see_the_batches_of_one(undisturbed, sample_data_dir, tmp_path):
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        address = f"localhost:{probe.getsockname()[1]}"
    arguments = training(tmp_path / "run", sample_data_dir)
    hosts = []
    for host in range(2):
        environment = {
            "JAX_COORDINATOR_ADDRESS": address,
            "JAX_NUM_PROCESSES": "2",
            "JAX_PROCESS_ID": str(host),
        }
        hosts.append(
            Forked(
                arguments, cwd=ROOT, env=os.environ | environment, stderr=subprocess.PIPE, text=True
            )
        )
    errors = [host.communicate()[1] for host in hosts]
    assert [host.returncode for host in hosts] == [0, 0], errors
    assert_same_course(tmp_path / "run", undisturbed)
    assert (tmp_path / "run/DONE").exists()


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_the_run(sample_data_dir, tmp_path):
    finished = run(
        training(tmp_path / "run", sample_data_dir, "--config.train.learning_rate=1e30"), expect=1
    )
    last = finished.stderr.strip().splitlines()[-1]
    assert last.startswith("xlt_flax: step ")
    assert "/music/" in last  # the batch's documents
    assert not (tmp_path / "run/DONE").exists()


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        ("main", [], "--config"),
        ("main", ["--config=configs/none.py"], "there is no file configs/none.py"),
        ("main", ["--config=configs/demo.py", "--config.nothing=1"], "no field nothing"),
        ("main", ["--config=configs/demo.py", "--config.seed=abc"], "--config.seed=abc"),
        ("main", ["--config=configs/demo.py", "--config.train.epochs=0"], "config.train.epochs"),
        ("main", ["--config=configs/mix_111.py:E1E2D1"], "not 1:1:1"),
        ("main", ["--config=configs/demo.py", "--nothing"], "nothing"),
        ("eval", ["--workdir=no/such/folder"], "not a workdir"),
    ],
)
def test_a_users_mistake_gets_one_line(module, arguments, message):
    finished = run(command(module, *arguments), expect=2)
    assert len(finished.stderr.strip().splitlines()) == 1
    assert message in finished.stderr


def test_another_config_in_the_same_workdir_is_refused(undisturbed, sample_data_dir):
    finished = run(training(undisturbed, sample_data_dir, "--config.seed=51"), expect=2)
    assert "seed: 50 -> 51" in finished.stderr


def test_a_mixture_that_cannot_be_drawn_leaves_nothing_behind(sample_data_dir, tmp_path):
    workdir = tmp_path / "run"
    finished = run(training(workdir, sample_data_dir, "--config.mixture=J9"), expect=2)
    assert "J9" in finished.stderr
    assert not workdir.exists()


# tests/test_sweep.py, tests/test_draws.py and tests/studies/shinra read those
SWEEPS = {
    "thesis.py",
    "thesis_demo.py",
    "thesis_listing.py",
    "diversity.py",
    "diversity_demo.py",
    "shinra_demo.py",
}


OF_OWN_TEXT = {"files.py"}  # tests/test_own_text.py starts it: it takes its data's place
RUNS = sorted({path.name for path in (ROOT / "configs").glob("*.py")} - SWEEPS - OF_OWN_TEXT)
OF_ARTICLES = ["--config.data.dataset=shinra_sample", "--config.data.sample=0"]
SAMPLE_OF = {"shinra.py": OF_ARTICLES, "shinra_baseline.py": OF_ARTICLES}


@pytest.mark.slow
@pytest.mark.parametrize("config", RUNS)
def test_every_config_starts(config, sample_data_dir, tmp_path):
    """Each with its own mixture, for two steps of the tiny model on the shipped sample."""
    tiny_bert = ROOT / "xlt_flax/data/sample/tiny-bert"
    workdir = tmp_path / "run"
    arguments = training(
        workdir,
        sample_data_dir,
        f"--config.model.name={tiny_bert}",
        "--config.model.init=random",
        *SAMPLE_OF.get(config, ["--config.data.dataset=webis_cls10_sample"]),
        "--config.train.max_steps=2",
        "--config.model.forward=padded",  # compiles faster, and the same shape for all
        config=f"configs/{config}",
    )
    run(arguments)
    assert json.loads((workdir / "DONE").read_text())["step"] == 2
