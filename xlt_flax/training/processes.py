"""Several hosts training together: who writes, and how they agree. One host is the plain case, for
which JAX is not imported."""

import glob
import logging
import os
import socket
import sys
import threading
import zlib
from contextlib import contextmanager

import numpy as np

from xlt_flax.errors import UserError
from xlt_flax.training.cluster import Cluster, find_cluster

log = logging.getLogger("xlt_flax")

_OF_SEVERAL = ("main", "eval")  # commands that several processes may do together
_PATIENCE = 60  # seconds that processes may start apart


def join(command: str) -> None:
    """Joins the processes that this one was started together with; before any device is used.

    Slurm, Open MPI, Kubernetes and TPU pods are found. Elsewhere the environment names the
    processes: JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID. One process joins
    nobody and opens no port.

    Args:
      command: the command line's name; but for main and eval, they run as one process.

    Raises:
      UserError: the environment says half of what is needed, several were started of a command
        that runs as one, or process 0's port is taken.
      SystemExit: 2, if the others do not come.
    """
    cluster = find_cluster(command)
    if cluster.processes == 1:
        return
    if command not in _OF_SEVERAL:
        raise UserError(
            f"{command} runs as one process, and {cluster.processes} were started together: start "
            "one (srun --ntasks=1), or set JAX_NUM_PROCESSES=1 in each"
        )
    port = cluster.port or (cluster.address and int(cluster.address.rpartition(":")[2]))
    if cluster.process == 0 and port:
        _require_free(port)
    if cluster.port:
        os.environ["JAX_COORDINATOR_PORT"] = str(cluster.port)
    import jax

    log.info(
        "process %d of %d: waiting for the others, %d s at most",
        cluster.process,
        cluster.processes,
        _PATIENCE,
    )
    with _time_limit(cluster):
        jax.distributed.initialize(
            coordinator_address=cluster.address,
            num_processes=cluster.processes,
            process_id=cluster.process,
            local_device_ids=_local_device_ids(cluster),
            cluster_detection_method=cluster.method,
            initialization_timeout=2 * _PATIENCE,
        )


def _local_device_ids(cluster: Cluster) -> list[int] | None:
    """[] has JAX use all that it sees, None has it choose: one a task."""
    chosen = not cluster.all_devices or "JAX_LOCAL_DEVICE_IDS" in os.environ
    return None if chosen else []


def _require_free(port: int) -> None:
    """
    Raises:
      UserError: somebody listens there. JAX would listen as well, and break in on them.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # whoever left does not count
        try:
            probe.bind(("", port))
        except OSError as error:
            raise UserError(
                f"port {port}, where process 0 would wait for the others, cannot be had "
                f"({error.strerror}): another training may have it; set another as "
                "JAX_COORDINATOR_PORT, or as the port of JAX_COORDINATOR_ADDRESS, on each host"
            ) from None


@contextmanager
def _time_limit(cluster: Cluster):
    """Ends the process with one line if the others do not come: JAX's own limit aborts it."""

    def give_up():
        print(
            f"xlt_flax: process {cluster.process} of {cluster.processes} waited {_PATIENCE} s, and "
            "not all of the others came: start all of them at once (srun does), or set "
            "JAX_NUM_PROCESSES=1 if this one is to run by itself",
            file=sys.stderr,
            flush=True,
        )
        os._exit(UserError.exit_code)  # the main thread is in a call that nothing interrupts

    timer = threading.Timer(_PATIENCE, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def describe_devices() -> str:
    """How many devices are used, of how many that there are, on how many hosts; all hosts ask."""
    import jax

    backend, used = jax.default_backend(), jax.local_device_count()
    listed = len(glob.glob("/dev/nvidia[0-9]*")) if backend == "gpu" else 0
    name = zlib.crc32(socket.gethostname().encode()) % 2**31
    rows = np.array([[name, used, listed]], np.int32)
    if are_several():
        rows = np.asarray(_multihost().process_allgather(rows)).reshape(-1, 3)
    hosts = [rows[rows[:, 0] == name] for name in np.unique(rows[:, 0])]
    there = sum(max(of[:, 1].sum(), of[:, 2].max()) for of in hosts)
    plural = "s" if len(hosts) > 1 else ""
    return f"{jax.device_count()} of {there} {backend} devices, {len(hosts)} host{plural}"


def are_several() -> bool:
    """Whether this process trains together with others, which it joined."""
    jax = sys.modules.get("jax")
    return bool(jax) and jax.distributed.is_initialized() and jax.process_count() > 1


def is_first() -> bool:
    """Whether this host is the one that writes the workdir."""
    return not are_several() or sys.modules["jax"].process_index() == 0


def agreed(value: int) -> int:
    """The first host's value, on every host."""
    if not are_several():
        return value
    return int(_multihost().broadcast_one_to_all(np.array(value, np.int32)))


def any_of(value: bool) -> bool:
    """Whether it is true on any host: the same answer on every host."""
    if not are_several():
        return value
    return bool(_multihost().process_allgather(np.array(value, np.int32)).any())


def wait_for_all(name: str) -> None:
    """Returns when every host has come here."""
    if are_several():
        _multihost().sync_global_devices(name)


def leave() -> None:
    """Takes leave of the other hosts; returns when all do. One that ended without, when all stop,
    would take those with it that are not so far yet."""
    if are_several():
        sys.modules["jax"].distributed.shutdown()


def _multihost():
    from jax.experimental import multihost_utils

    return multihost_utils
