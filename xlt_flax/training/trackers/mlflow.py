"""Curves in MLflow: a folder of files in the workdir, or where MLFLOW_TRACKING_URI says.

A run that goes on is found by its workdir. It has the numbers of one that was not disturbed, so
what MLflow has of it already is left as it is.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ml_collections import ConfigDict

from xlt_flax.errors import UserError
from xlt_flax.stored_config import flat
from xlt_flax.training.trackers import identity
from xlt_flax.workdir import Workdir

if TYPE_CHECKING:
    from mlflow import MlflowClient

_EXPERIMENT = "xlt_flax"
_ID = "xlt_flax.id"  # the tag by which a run is found again
_WORKDIR = "xlt_flax.workdir"
_PARAMETERS_A_CALL = 100  # as many as its servers take


class _Run:
    """A run of MLflow's.

    Args:
      client: of the store.
      run_id: of the run in it.
    """

    def __init__(self, client: "MlflowClient", run_id: str):
        self._client, self._id = client, run_id
        self._last: dict[str, int] = {}
        for name in client.get_run(run_id).data.metrics:
            self._last[name] = max(m.step for m in client.get_metric_history(run_id, name))

    def write(self, seconds: float, step: int, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        new = {name: value for name, value in values.items() if step > self._last.get(name, -1)}
        metrics = [Metric(name, value, int(1000 * seconds), step) for name, value in new.items()]
        self._client.log_batch(self._id, metrics=metrics)
        self._last |= dict.fromkeys(new, step)

    def flush(self) -> None:
        """Each call has written its own."""

    def close(self) -> None:
        self._client.set_terminated(self._id)


def open_tracker(workdir: Workdir, config: ConfigDict, first: int) -> _Run:
    from mlflow.entities import Param

    client = _client(workdir)
    run_id, is_new = _find_or_begin(client, workdir)
    if is_new:
        params = [Param(name, str(value)) for name, value in flat(config.to_dict()).items()]
        for at in range(0, len(params), _PARAMETERS_A_CALL):
            client.log_batch(run_id, params=params[at : at + _PARAMETERS_A_CALL])
    return _Run(client, run_id)


def _client(workdir: Workdir) -> "MlflowClient":
    """Of the store that the environment names, or of a folder of files, which newer versions want
    to be asked for in the environment as well: command lines do (console.py).

    Raises:
      UserError: MLflow refuses the store; says why.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        return MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or workdir.mlflow.as_uri())
    except MlflowException as error:
        raise UserError(" ".join(str(error).split())) from error


def _find_or_begin(client: "MlflowClient", workdir: Workdir) -> tuple[str, bool]:
    """The id of the workdir's run, and whether it is new."""
    experiment = client.get_experiment_by_name(_EXPERIMENT)
    place = experiment.experiment_id if experiment else client.create_experiment(_EXPERIMENT)
    tags = {_ID: identity(workdir), _WORKDIR: str(workdir)}
    found = client.search_runs([place], f"tags.`{_ID}` = '{tags[_ID]}'", max_results=1)
    if found:
        run_id = found[0].info.run_id
        client.update_run(run_id, status="RUNNING")
        return run_id, False
    return client.create_run(place, run_name=workdir.path.name, tags=tags).info.run_id, True
