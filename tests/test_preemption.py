"""Signals, saves besides epochs', full disks: what a run does when the machine takes its time.

tests/kill_test.py does the same at random moments, and at length.
"""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import forks
import pytest
from forks import Forked
from ml_collections import ConfigDict

from xlt_flax import signals
from xlt_flax.config import resolve
from xlt_flax.data.examples import LabelSet
from xlt_flax.evaluation.predictions import predict
from xlt_flax.training import preemption
from xlt_flax.training import run as run_module
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.hooks import saves, validation
from xlt_flax.training.hooks.slow_steps import SlowSteps
from xlt_flax.training.metrics import best_validation, read_metrics
from xlt_flax.training.train import train
from xlt_flax.training.watch import StepWatch, check_validation_labels
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parents[1]


# ---- Signals, in processes of a few lines -----------------------------------------------------


def as_a_terminal_starts_it():
    """Whatever these tests were started under, such as nohup, which ignores SIGHUP."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)


def listener(body, before=as_a_terminal_starts_it):
    """A process that listens, says so, and then does `body`; `before` is called in it first."""
    lines = ["from xlt_flax import signals", "signals.listen()", "print('on', flush=True)", body]
    process = subprocess.Popen(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    )
    assert process.stdout.readline() == "on\n"
    return process


WAITS = "import threading; threading.Event().wait()"
SAVES = """
import sys, threading, time
with signals.deferred():
    print('working', flush=True)
    while not signals.requested():
        time.sleep(0.01)
    sys.stdout.write('saving\\n'); sys.stdout.flush()
    {saving}
    print('saved', flush=True)
    raise signals.stop()
"""


CODES = pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129), (signal.SIGUSR1, 138)],
)


@CODES
def test_the_first_signal_ends_a_process_with_nothing_to_save(number, code):
    process = listener(WAITS)
    process.send_signal(number)
    process.communicate()
    assert process.returncode == code


@CODES
def test_the_first_signal_waits_for_a_save(number, code):
    process = listener(SAVES.format(saving="pass"))
    assert process.stdout.readline() == "working\n"
    process.send_signal(number)
    assert process.communicate()[0] == "saving\nsaved\n"
    assert process.returncode == code


def test_the_second_signal_does_not_wait():
    """Also where the main thread is in a call that no Python handler interrupts."""
    process = listener(
        SAVES.format(saving="lock = threading.Lock(); lock.acquire(); lock.acquire()")
    )
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "saving\n"
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert "SIGTERM: ended at once" in error
    assert process.returncode == 143


@pytest.mark.parametrize(
    ("arrivals", "counts"),
    [
        ([(15, 0.0), (15, 0.01)], [1, 1]),
        ([(15, 100.0), (15, 101.9), (15, 102.1)], [1, 1, 2]),
        ([(15, 0.0), (2, 0.01)], [1, 2]),
        ([(2, 0.0), (2, 3.0), (2, 3.1)], [1, 2, 2]),
    ],
)
def test_the_same_signal_at_once_is_one_wish(arrivals, counts):
    wishes = signals._Wishes()
    assert [wishes.count(number, when) for number, when in arrivals] == counts


TOLD_OF_WISHES = """
import os
count = signals._Wishes.count
def tell(wishes, number, now):
    found = count(wishes, number, 1.0)  # all at the same time
    os.write(1, f'wishes {found}\\n'.encode())  # in one piece: the main thread prints as well
    return found
signals._Wishes.count = tell
"""


def test_timeout_that_signals_the_process_and_its_group_does_not_cost_the_save():
    process = listener(TOLD_OF_WISHES + SAVES.format(saving="sys.stdin.readline()"))
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGTERM)
    assert {process.stdout.readline() for _ in range(2)} == {"wishes 1\n", "saving\n"}
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "wishes 1\n"
    out, _ = process.communicate("go on\n")
    assert out == "saved\n"
    assert process.returncode == 143


def test_nohup_is_left_its_way():
    def ignore_hup():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    again = "signals.take_over()"  # as after JAX has joined others
    process = listener(f"{again}; input(); print('there', flush=True); {WAITS}", ignore_hup)
    process.send_signal(signal.SIGHUP)
    process.stdin.write("x\n")
    process.stdin.flush()
    assert process.stdout.readline() == "there\n"
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143


def test_a_signal_that_nobody_asked_for_takes_effect_at_the_end(monkeypatch):
    monkeypatch.setattr(signals, "_first", None)
    with pytest.raises(SystemExit) as stop, signals.deferred():
        signals._note(signal.SIGTERM)
    assert stop.value.code == 143
    assert not signals._deferred


def test_a_validation_ends_when_told_to(monkeypatch):
    monkeypatch.setattr(signals, "_first", None)
    preemption.check_in_validation()
    assert not preemption.stop_after(3)
    monkeypatch.setattr(signals, "_first", signal.SIGINT)
    assert preemption.stop_after(3)
    with pytest.raises(preemption.ValidationStoppedError):
        preemption.check_in_validation()


@pytest.mark.parametrize(("step", "asked"), [(9, False), (10, True), (20, True), (21, False)])
def test_several_hosts_agree_now_and_then(step, asked, monkeypatch):
    calls = []
    monkeypatch.setattr(preemption.processes, "are_several", lambda: True)
    monkeypatch.setattr(preemption.processes, "any_of", lambda value: calls.append(value) or True)
    assert preemption.stop_after(step) is asked
    assert len(calls) == asked


# ---- What a person should look at ---------------------------------------------------------------


def warnings_of(caplog, durations, restart_at=()):
    """What a StepWatch says of steps that take so long, in seconds."""
    now = [0.0]
    watch = StepWatch(lambda: now[0])
    with caplog.at_level("WARNING", "xlt_flax"):
        for step, seconds in enumerate(durations, 1):
            now[0] += seconds
            if step in restart_at:
                watch.restart()
            else:
                watch.after(step)
    return caplog.messages


def test_a_slow_step_is_told_of_once(caplog):
    (line,) = warnings_of(caplog, [0.2] * 30 + [5.0, 0.2, 6.0])
    assert line.startswith("step 31 took 5.0 s, 25 times the median of 0.2 s")


@pytest.mark.parametrize(
    ("durations", "restart_at"),
    [
        ([0.2] * 30 + [5.0], {31}),  # a compilation
        ([0.2] * 5 + [5.0], ()),  # too early to know
        ([0.001] * 30 + [0.5], ()),  # short all the same
        ([1.0] * 30 + [5.0], ()),
    ],
)
def test_what_is_not_a_slow_step(durations, restart_at, caplog):
    assert warnings_of(caplog, durations, restart_at) == []


@pytest.mark.parametrize(("labels", "told"), [([1, 1, 1], True), ([0, 1, 1], False)])
def test_a_validation_set_of_one_class_is_told_of(labels, told, make_documents, caplog):
    documents = make_documents("abc", labels)
    with caplog.at_level("WARNING", "xlt_flax"):
        check_validation_labels(documents, LabelSet(("negative", "positive")))
    assert ("all 3 validation documents are of class positive" in caplog.text) is told


# ---- Whole runs -----------------------------------------------------------------------------


def training(workdir, data_dir, *arguments):
    return [
        *(sys.executable, "-m", "xlt_flax.main", "--config=configs/demo.py"),
        f"--workdir={workdir}",
        f"--config.data.data_dir={data_dir}",
        "--config.data.train_per_group=15",
        "--config.data.validation_per_group=11",
        "--config.data.max_length=32",
        "--config.train.epochs=3",
        "--config.eval.batch_size=16",
        *arguments,
    ]


def finish(arguments):
    return forks.run(arguments, cwd=ROOT)


@pytest.mark.parametrize(
    "kills", [pytest.param(3, marks=pytest.mark.slow), pytest.param(20, marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("mode", ["sigkill", "sigterm", "sweep", "sweep_sigterm"])
def test_kills_at_random_moments(mode, kills, sample_data_dir):
    script = [sys.executable, "tests/kill_test.py", f"--mode={mode}", f"--n={kills}"]
    finished = subprocess.run(
        [*script, "--epochs=5", f"--data_dir={sample_data_dir}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    result = json.loads(finished.stdout.splitlines()[-1])
    assert result["equal"] == result["kills"] == kills


@pytest.mark.slow
def test_a_full_disk_costs_nothing_but_time(sample_data_dir, small_disk):
    """Room for two checkpoints, where a third one is made before the first goes."""
    disk = small_disk("4m")
    workdir = disk.path / "run"
    every = "--config.train.checkpoint_every_steps=4"
    full = finish(training(workdir, sample_data_dir, every))
    assert full.returncode == 1, full.stderr
    assert "Traceback" not in full.stderr
    last = full.stderr.splitlines()[-1]
    assert last.startswith("xlt_flax: No space left on device: ")
    disk.remount("size=32m")
    resumed = finish(training(workdir, sample_data_dir, every))
    assert resumed.returncode == 0, resumed.stderr
    assert "going on from checkpoint" in resumed.stderr
    steps = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert [r["step"] for r in steps if r["split"] == "train"] == list(range(1, 19))


@pytest.fixture(scope="module")
def tiny(sample_data_dir):
    """The demo with three steps an epoch, in this process."""
    spec = importlib.util.spec_from_file_location("demo", ROOT / "configs/demo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    config.data.data_dir = str(sample_data_dir)
    config.data.train_per_group = config.data.validation_per_group = 8
    config.data.max_length = 16
    config.model.forward = "padded"  # compiles faster
    config.train.epochs = 2
    return resolve(config)


@pytest.mark.slow
def test_a_stop_in_validation_is_made_up_for(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(signals, "_first", None)
    workdir = Workdir(tmp_path / "run")

    def predict_and_be_told(*arguments):
        signals._note(signal.SIGTERM)
        return predict(*arguments)

    monkeypatch.setattr(validation, "predict", predict_and_be_told)
    with pytest.raises(SystemExit) as stop:
        train(tiny, workdir)
    assert stop.value.code == 143
    assert Checkpoints(workdir.checkpoints).steps() == [3]
    assert [r["split"] for r in read_metrics(workdir.metrics)] == ["train"] * 3
    monkeypatch.setattr(validation, "predict", predict)
    monkeypatch.setattr(signals, "_first", None)
    train(tiny, workdir)
    once = [*["train"] * 3, "validation"]
    assert [r["split"] for r in read_metrics(workdir.metrics)] == once * 2
    assert [r["step"] for r in read_metrics(workdir.metrics)] == [1, 2, 3, 3, 4, 5, 6, 6]
    assert best_validation(read_metrics(workdir.metrics))["step"] in (3, 6)


@pytest.fixture
def saved(monkeypatch):
    """The steps that are saved from here on."""
    steps = []

    def note_and_save(checkpoints, state, *arguments, save=Checkpoints.save):
        steps.append(int(state.step))
        save(checkpoints, state, *arguments)

    monkeypatch.setattr(Checkpoints, "save", note_and_save)
    return steps


@pytest.mark.parametrize(
    ("steps", "minutes", "expected"),
    [
        (0, 0.0, [3, 6]),
        (2, 0.0, [2, 3, 4, 6]),
        (0, 2.0, [2, 3, 5, 6]),
        (4, 2.0, [2, 3, 4, 6]),
    ],
)
def test_saves_besides_those_of_epochs(
    steps, minutes, expected, tiny, saved, tmp_path, monkeypatch
):
    """Two epochs of three steps, a minute each."""
    now = [0.0]

    def step_of_a_minute(*arguments):
        now[0] += 60

    def clock():
        now[0] += 1e-6  # clocks do not stand still
        return now[0]

    monkeypatch.setattr(SlowSteps, "before_step", step_of_a_minute)
    for module in (run_module, saves):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock))
    config = ConfigDict(tiny.to_dict())
    config.train.checkpoint_every_steps, config.train.checkpoint_every_minutes = steps, minutes
    train(config, Workdir(tmp_path / "run"))
    assert saved == expected


def test_each_save_names_the_best_one_so_far(tiny, tmp_path, monkeypatch):
    named = {}

    def note(checkpoints, state, vocabulary, best, is_last):
        named[int(state.step)] = best

    monkeypatch.setattr(Checkpoints, "save", note)
    config = ConfigDict(tiny.to_dict())
    config.train.checkpoint_every_steps = 2
    workdir = Workdir(tmp_path / "run")
    train(config, workdir)
    records = read_metrics(workdir.metrics)
    assert list(named) == [2, 3, 4, 6]
    for step, best in named.items():
        so_far = best_validation([r for r in records if r["step"] <= step])
        assert best == (so_far and so_far["step"])


def test_a_stop_within_an_epoch_is_saved(tiny, saved, tmp_path, monkeypatch):
    monkeypatch.setattr(preemption, "stop_after", lambda step: step == 2)
    workdir = Workdir(tmp_path / "run")
    with pytest.raises(SystemExit):
        train(tiny, workdir)
    assert saved == Checkpoints(workdir.checkpoints).steps() == [2]
    assert [r["step"] for r in read_metrics(workdir.metrics)] == [1, 2]


@pytest.mark.slow
def test_two_hosts_stop_after_the_same_step(sample_data_dir, tmp_path):
    """Only the second one, which does not write, is told to."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        address = f"localhost:{probe.getsockname()[1]}"
    arguments = training(tmp_path / "run", sample_data_dir, "--config.train.epochs=40")
    hosts = []
    for host in range(2):
        cluster = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2"}
        environment = os.environ | cluster | {"JAX_PROCESS_ID": str(host)}
        pipe = subprocess.PIPE
        hosts.append(Forked(arguments, cwd=ROOT, env=environment, stderr=pipe, text=True))
    for line in hosts[1].stderr:
        if "epoch 1, step" in line:
            hosts[1].send_signal(signal.SIGTERM)
            break
    try:
        errors = [host.communicate(timeout=300)[1] for host in hosts]
    finally:
        for host in hosts:  # that disagree wait for each other for good
            host.kill()
    assert [host.returncode for host in hosts] == [143, 143], errors
    (newest,) = Checkpoints(tmp_path / "run/checkpoints").steps()[-1:]
    assert newest % 10 == 0
    assert read_metrics(tmp_path / "run/metrics.jsonl")[-1]["step"] == newest


def test_two_processes_on_one_workdir(sample_data_dir, tmp_path):
    first = Forked(
        training(tmp_path / "run", sample_data_dir), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    for line in first.stderr:
        if " the step for " in line:
            break
    os.kill(first.pid, signal.SIGSTOP)  # it stays where it is
    second = finish(training(tmp_path / "run", sample_data_dir))
    os.kill(first.pid, signal.SIGCONT)
    first.communicate()
    assert second.returncode == 2
    assert len(second.stderr.strip().splitlines()) == 1
    assert f"process {first.pid} on {os.uname().nodename}" in second.stderr
    assert first.returncode == 0
