"""Which processes this one was started together with, as the environment says it.

JAX's own detection (jax 0.10, jax/_src/clusters) is asked where it is right, and corrected where it
costs somebody's work:
  - it begins a service even for one process, on a port made from the Slurm job's number alone, so
    that a second program in the same job ends the first one;
  - it gives each task of Slurm and Open MPI one device, also one that is alone on its node;
  - it takes no notice of variables that are half set, and every process then trains alone.
"""

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from xlt_flax.errors import UserError

_JAX_VARIABLES = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
_ALONE = "or JAX_NUM_PROCESSES=1 for a process of its own"
_IN_KUBERNETES, _TPU_LIBRARY = "KUBERNETES_SERVICE_HOST", "TPU_LIBRARY_PATH"
_EPHEMERAL, _PORTS = 61440, 4096  # where JAX looks for ports as well


@dataclass(frozen=True)
class Cluster:
    """What jax.distributed.initialize is to be told; the default is a process of its own.

    Attributes:
      processes: that belong together.
      process: this one's number, from 0.
      address: HOST:PORT of process 0; None: JAX finds it by `method`.
      method: JAX's name of the cluster, if it is one that JAX could take for another.
      port: of process 0, where JAX finds the host alone; None: JAX's choice.
      all_devices: whether this process is to use every device of its host.
    """

    processes: int = 1
    process: int = 0
    address: str | None = None
    method: str | None = None
    port: int | None = None
    all_devices: bool = True


def find_cluster(command: str, environment: Mapping[str, str] = os.environ) -> Cluster:
    """The cluster that this process is started in.

    Args:
      command: what is run in it; two commands do not meet, since each has a port of its own.

    Raises:
      UserError: the variables contradict each other, or say half of what is needed.
    """
    launched = _open_mpi(environment) or _slurm(environment, command)
    if any(name in environment for name in _JAX_VARIABLES):
        return _named(environment, command, launched)
    if launched and launched.processes > 1 and not launched.method:
        raise UserError(
            f"Open MPI has started {launched.processes} processes and does not say where: set "
            f"JAX_COORDINATOR_ADDRESS=HOST:PORT, of process 0, {_ALONE}"
        )
    return launched or _found_by_jax(environment)


def _named(environment: Mapping[str, str], command: str, launched: Cluster | None) -> Cluster:
    """What JAX's own variables say; the launcher fills in what they leave out."""
    processes = _number(environment, "JAX_NUM_PROCESSES", least=1)
    process = _number(environment, "JAX_PROCESS_ID", least=0)
    address = environment.get("JAX_COORDINATOR_ADDRESS")
    if processes == 1:
        return Cluster()
    if address is not None and (processes is None or process is None):
        launched = launched or _found_by_jax(environment)
        if launched.processes > 1:
            processes = launched.processes if processes is None else processes
            process = launched.process if process is None else process
    if address is None or processes is None or process is None:
        values = zip(_JAX_VARIABLES, (address, processes, process), strict=True)
        missing = " and ".join(name for name, value in values if value is None)
        there = next(name for name in _JAX_VARIABLES if name in environment)
        raise UserError(f"{there} is set, but not {missing}: set all three on each host, {_ALONE}")
    if process >= processes:
        raise UserError(
            f"JAX_PROCESS_ID is {process}, and JAX_NUM_PROCESSES {processes}: give a number from 0 "
            f"to {processes - 1}"
        )
    all_devices = not launched or launched.all_devices
    return Cluster(processes, process, _own_address(address, command), all_devices=all_devices)


def _own_address(address: str, command: str) -> str:
    """HOST:PORT for one command: eval takes the next port, so as not to break into a training that
    the same variables were set for."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16 - 1:
        raise UserError(
            f"JAX_COORDINATOR_ADDRESS is {address!r}: give HOST:PORT of process 0, such as "
            "host0:1234"
        )
    return f"{host}:{int(port) + (command != 'main')}"


def _open_mpi(environment: Mapping[str, str]) -> Cluster | None:
    """JAX knows it by the launcher's address, which Open MPI 5 does not tell any more."""
    processes = _number(environment, "OMPI_COMM_WORLD_SIZE", least=1)
    if processes is None:
        return None
    if processes == 1:
        return Cluster()
    process = _number(environment, "OMPI_COMM_WORLD_RANK", least=0)
    if process is None:
        raise UserError(f"OMPI_COMM_WORLD_SIZE is set, but not OMPI_COMM_WORLD_RANK: {_HALF_SET}")
    return Cluster(
        processes,
        process,
        method="ompi" if "OMPI_MCA_orte_hnp_uri" in environment else None,
        all_devices=_number(environment, "OMPI_COMM_WORLD_LOCAL_SIZE", least=1) == 1,
    )


def _slurm(environment: Mapping[str, str], command: str) -> Cluster | None:
    """A step of a Slurm job, as srun starts it. What runs in a job but in no step of several tasks,
    such as a batch script or a shell in an allocation, is a process of its own."""
    if not {"SLURM_JOB_ID", "SLURM_STEP_NODELIST"} <= environment.keys():
        return None
    # Of the step; SLURM_NTASKS is the allocation's in a shell that salloc opened in it.
    name = next((n for n in ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS") if n in environment), "")
    tasks = _number(environment, name, least=1)
    if tasks is None or tasks == 1:
        return Cluster()
    process = _number(environment, "SLURM_PROCID", least=0)
    if process is None or "SLURM_LOCALID" not in environment or "SLURM_NTASKS" not in environment:
        lacking = next(
            n for n in ("SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS") if n not in environment
        )
        raise UserError(f"{name} is {tasks}, but {lacking} is not set: {_HALF_SET}")
    if process >= tasks:
        raise UserError(f"SLURM_PROCID is {process}, and {name} {tasks}: {_HALF_SET}")
    port = _number(environment, "JAX_COORDINATOR_PORT", least=1)
    step = f"{environment['SLURM_JOB_ID']}.{environment.get('SLURM_STEP_ID', '')}.{command}"
    return Cluster(
        tasks,
        process,
        method="slurm",
        port=port or _EPHEMERAL + zlib.crc32(step.encode()) % _PORTS,
        all_devices=_is_alone_on_its_node(environment, tasks),
    )


_HALF_SET = f"start it with srun or mpirun, which set all of their variables, {_ALONE}"


def _is_alone_on_its_node(environment: Mapping[str, str], tasks: int) -> bool:
    per_node = environment.get("SLURM_STEP_TASKS_PER_NODE")  # such as 1(x4), or 2,1
    if per_node is not None:
        return per_node.split("(")[0] == "1" and "," not in per_node
    return _number(environment, "SLURM_STEP_NUM_NODES", least=1) == tasks


def _found_by_jax(environment: Mapping[str, str]) -> Cluster:
    """TPU pods and Kubernetes jobs, which JAX asks a server about. It is imported only where there
    can be one: whether a run is done already should not cost the import."""
    if not (_IN_KUBERNETES in environment or _TPU_LIBRARY in environment or find_spec("libtpu")):
        return Cluster()
    from jax._src.clusters import ClusterEnv, OmpiCluster, SlurmCluster

    done = (OmpiCluster, SlurmCluster)
    for found in ClusterEnv._cluster_types:
        if found in done or found.opt_in_only_method or not found.is_env_present():
            continue
        try:
            return Cluster(found.get_process_count(), found.get_process_id())
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise UserError(
                f"{found.__name__}: this machine says that it is one of several, but not of which "
                f"({reason}): set {', '.join(_JAX_VARIABLES)}, {_ALONE}"
            ) from error
    return Cluster()


def _number(environment: Mapping[str, str], name: str, least: int) -> int | None:
    if name not in environment:
        return None
    text = environment[name]
    if not text.isdecimal() or int(text) < least:
        raise UserError(f"{name} is {text!r}: give a whole number of {least} or more")
    return int(text)
