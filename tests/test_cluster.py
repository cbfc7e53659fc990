"""Which processes belong together, from the variables that launchers set."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from xlt_flax.errors import UserError
from xlt_flax.training import processes
from xlt_flax.training.cluster import Cluster, find_cluster

ROOT = Path(__file__).parents[1]

STEP = {
    "SLURM_JOB_ID": "4321",
    "SLURM_STEP_NODELIST": "localhost",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NTASKS": "1",
}
OF_FOUR = STEP | {"SLURM_NTASKS": "4", "SLURM_PROCID": "2"}
NAMED = {
    "JAX_COORDINATOR_ADDRESS": "host0:1234",
    "JAX_NUM_PROCESSES": "2",
    "JAX_PROCESS_ID": "1",
}
OPEN_MPI = {
    "OMPI_COMM_WORLD_SIZE": "2",
    "OMPI_COMM_WORLD_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
}
OPEN_MPI_4 = OPEN_MPI | {"OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://10.96.0.1:34911"}


def without(environment, *names):
    return {name: value for name, value in environment.items() if name not in names}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        STEP,
        STEP | {"SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "4"},  # a shell of salloc's
        without(OF_FOUR, "SLURM_STEP_NODELIST"),  # a batch script
        OF_FOUR | {"JAX_NUM_PROCESSES": "1"},
        OPEN_MPI_4 | {"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"},
    ],
)
def test_a_process_of_its_own(environment):
    assert find_cluster("main", environment) == Cluster()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (NAMED, Cluster(2, 1, "host0:1234")),
        (NAMED | STEP, Cluster(2, 1, "host0:1234")),
        (
            {"JAX_COORDINATOR_ADDRESS": "host0:1234"} | OF_FOUR,
            Cluster(4, 2, "host0:1234", all_devices=False),
        ),
        (OPEN_MPI_4, Cluster(2, 1, method="ompi", all_devices=False)),
        (OPEN_MPI_4 | {"OMPI_COMM_WORLD_LOCAL_SIZE": "1"}, Cluster(2, 1, method="ompi")),
        (
            OPEN_MPI | {"JAX_COORDINATOR_ADDRESS": "host0:1234"},
            Cluster(2, 1, "host0:1234", all_devices=False),
        ),
        (
            OF_FOUR | {"JAX_COORDINATOR_PORT": "7777"},
            Cluster(4, 2, method="slurm", port=7777, all_devices=False),
        ),
    ],
)
def test_one_of_several(environment, expected):
    assert find_cluster("main", environment) == expected


@pytest.mark.parametrize(
    ("per_node", "alone"),
    [("1", True), ("1(x4)", True), ("4", False), ("2(x2)", False), ("1,3", False)],
)
def test_a_task_that_is_alone_on_its_node_has_all_of_its_devices(per_node, alone, monkeypatch):
    monkeypatch.delenv("JAX_LOCAL_DEVICE_IDS", raising=False)
    cluster = find_cluster("main", OF_FOUR | {"SLURM_STEP_TASKS_PER_NODE": per_node})
    assert cluster.all_devices is alone
    assert processes._local_device_ids(cluster) == ([] if alone else None)


def test_programs_beside_each_other_have_ports_of_their_own():
    def port(command, **changes):
        return find_cluster(command, OF_FOUR | changes).port

    assert port("main") == port("main", SLURM_PROCID="3")
    ports = {
        port("main"),
        port("eval"),
        port("main", SLURM_STEP_ID="1"),
        port("main", SLURM_JOB_ID="8417"),
    }
    assert len(ports) == 4
    assert find_cluster("eval", NAMED).address == "host0:1235"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        (without(NAMED, "JAX_COORDINATOR_ADDRESS"), "JAX_COORDINATOR_ADDRESS"),
        (without(NAMED, "JAX_PROCESS_ID"), "JAX_PROCESS_ID"),
        (without(NAMED, "JAX_NUM_PROCESSES"), "JAX_NUM_PROCESSES"),
        ({"JAX_PROCESS_ID": "0"}, "JAX_COORDINATOR_ADDRESS and JAX_NUM_PROCESSES"),
        ({"JAX_NUM_PROCESSES": "2"} | OF_FOUR, "not JAX_COORDINATOR_ADDRESS"),
        (NAMED | {"JAX_COORDINATOR_ADDRESS": "host0"}, "HOST:PORT"),
        (NAMED | {"JAX_COORDINATOR_ADDRESS": ":99"}, "HOST:PORT"),
        (NAMED | {"JAX_COORDINATOR_ADDRESS": "host0:99999"}, "HOST:PORT"),
        (NAMED | {"JAX_PROCESS_ID": "2"}, "from 0 to 1"),
        (NAMED | {"JAX_NUM_PROCESSES": "two"}, "JAX_NUM_PROCESSES is 'two'"),
        (without(OF_FOUR, "SLURM_PROCID"), "SLURM_PROCID is not set"),
        (without(OF_FOUR, "SLURM_LOCALID"), "SLURM_LOCALID is not set"),
        (OF_FOUR | {"SLURM_PROCID": "4"}, "SLURM_PROCID is 4"),
        (OPEN_MPI, "Open MPI has started 2 processes"),
        (without(OPEN_MPI, "OMPI_COMM_WORLD_RANK"), "not OMPI_COMM_WORLD_RANK"),
    ],
)
def test_what_is_half_set_is_one_line(environment, told):
    with pytest.raises(UserError) as refused:
        find_cluster("main", environment)
    assert told in str(refused.value)
    assert "JAX_NUM_PROCESSES=1" in str(refused.value) or "give " in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_kubernetes_that_does_not_answer_is_one_line(monkeypatch):
    from jax._src.clusters import K8sCluster

    monkeypatch.setattr(K8sCluster, "is_env_present", classmethod(lambda cls: True))
    monkeypatch.setattr(K8sCluster, "get_process_count", classmethod(lambda cls: {}["job-name"]))
    with pytest.raises(UserError, match=r"KeyError: 'job-name'.*JAX_NUM_PROCESSES=1"):
        find_cluster("main", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})


# ---- Joining, in processes of a few lines -------------------------------------------------------


def joining(command, environment):
    body = [
        "import sys",
        "from xlt_flax.errors import UserError",
        "from xlt_flax.training import processes",
        "processes._PATIENCE = 1",
        "try:",
        f"    processes.join({command!r})",
        "except UserError as error:",
        "    sys.exit(f'refused: {error}')",
        "import jax",
        "print(processes.describe_devices(), jax.distributed.is_initialized())",
    ]
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    return subprocess.Popen(
        [sys.executable, "-c", "\n".join(body)],
        cwd=ROOT,
        env=os.environ | flags | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_one_task_joins_nobody_and_uses_all_devices():
    out, error = joining("main", STEP).communicate()
    assert out == "8 of 8 cpu devices, 1 host False\n", error


def test_others_that_do_not_come_are_not_waited_for_in_silence():
    process = joining("main", OF_FOUR | {"SLURM_PROCID": "0"})
    _, error = process.communicate()
    assert process.returncode == 2
    (line,) = [line for line in error.splitlines() if line.startswith("xlt_flax:")]
    assert line.startswith("xlt_flax: process 0 of 4 waited 1 s, and not all of the others came")
    assert "Check failure" not in error


def test_a_port_that_somebody_listens_on_is_not_broken_into():
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        named = {"JAX_COORDINATOR_ADDRESS": f"localhost:{port}", "JAX_PROCESS_ID": "0"}
        process = joining("main", NAMED | named)
        _, error = process.communicate()
    assert process.returncode == 1
    assert f"refused: port {port}," in error


@pytest.mark.parametrize("command", ["sweep", "bench"])
def test_commands_of_one_process_join_nobody(command, monkeypatch):
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=f"{command} runs as one process, and 2 were started"):
        processes.join(command)


# ---- Whole command lines ------------------------------------------------------------------------


def command(module, *arguments):
    return [sys.executable, "-m", f"xlt_flax.{module}", *map(str, arguments)]


def test_half_a_cluster_is_refused_before_anything_is_written(tmp_path):
    place = f"--config.data.data_dir={tmp_path / 'data'}"
    arguments = ("--config=configs/demo.py", f"--workdir={tmp_path / 'run'}", place)
    finished = subprocess.run(
        command("main", *arguments),
        cwd=ROOT,
        env=os.environ | {"JAX_NUM_PROCESSES": "2"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 2, finished.stderr
    (line,) = finished.stderr.splitlines()
    assert line.startswith("xlt_flax: JAX_NUM_PROCESSES is set, but not JAX_COORDINATOR_ADDRESS")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_eval_beside_a_training_in_one_slurm_job_leaves_it_alive(sample_data_dir, tmp_path):
    environment = os.environ | STEP | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    training = subprocess.Popen(
        command(
            "main",
            "--config=configs/demo.py",
            f"--workdir={tmp_path / 'run'}",
            f"--config.data.data_dir={sample_data_dir}",
            "--config.data.train_per_group=15",
            "--config.data.validation_per_group=11",
            "--config.data.max_length=32",
            "--config.train.epochs=1000",
            "--config.model.forward=padded",  # compiles faster
        ),
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = []
        for line in training.stderr:
            said.append(line)
            if "epoch 2, step" in line:  # the first one's checkpoint is finished
                break
        judged = subprocess.run(
            command("eval", f"--workdir={tmp_path / 'run'}"),
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert judged.returncode == 0, judged.stderr
        assert training.poll() is None
        training.terminate()
        assert training.wait() == 143
    finally:
        training.kill()
    assert any("on 2 of 2 cpu devices, 1 host" in line for line in said)
