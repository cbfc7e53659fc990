"""Several hosts training together: who writes, and how they agree. One host is the plain case."""

import os

import jax
import numpy as np
from jax.experimental import multihost_utils


def join() -> None:
    """Joins the other hosts of the cluster, if there are any; before any device is used.

    Slurm, Open MPI, Kubernetes and TPU pods are found by JAX itself. Elsewhere the environment
    names the hosts: JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID.
    """
    try:
        jax.distributed.initialize(
            num_processes=_environment_int("JAX_NUM_PROCESSES"),
            process_id=_environment_int("JAX_PROCESS_ID"),
        )
    except ValueError:
        if "JAX_COORDINATOR_ADDRESS" in os.environ:
            raise  # a cluster was meant; else this process is alone


def is_first() -> bool:
    """Whether this host is the one that writes the workdir."""
    return jax.process_index() == 0


def agreed(value: int) -> int:
    """The first host's value, on every host."""
    if jax.process_count() == 1:
        return value
    return int(multihost_utils.broadcast_one_to_all(np.array(value, np.int32)))


def any_of(value: bool) -> bool:
    """Whether it is true on any host: the same answer on every host."""
    if jax.process_count() == 1:
        return value
    return bool(multihost_utils.process_allgather(np.array(value, np.int32)).any())


def wait_for_all(name: str) -> None:
    """Returns when every host has come here."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def leave() -> None:
    """Takes leave of the other hosts; returns when all do. One that ended without, when all stop,
    would take those with it that are not so far yet."""
    if jax.process_count() > 1:
        jax.distributed.shutdown()


def _environment_int(name: str) -> int | None:
    return int(os.environ[name]) if name in os.environ else None
