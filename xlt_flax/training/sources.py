"""The runs that a run started from: stage one of a J1 stage, and so on back to a model."""

from xlt_flax.errors import UserError
from xlt_flax.workdir import Workdir


def source_of(workdir: Workdir) -> Workdir | None:
    """The run that a workdir started from; None if it started from a model.

    It is where the workdir says; else, for folders that were moved together, the folder of the same
    name beside it.

    Raises:
      UserError: `workdir` is no workdir, or its source is in neither place.
    """
    place = workdir.read_config().init_from
    if not place:
        return None
    recorded = Workdir(place)
    beside = Workdir(workdir.path.parent / recorded.path.name)
    for source in (recorded, beside):
        if source.path != workdir.path and source.is_run():
            return source
    raise UserError(
        f"{workdir.path} started from {recorded.path}, which is gone: put it back, there or beside "
        f"{workdir.path.name}, or say where it is, --config.init_from=DIR"
    )


def chain(workdir: Workdir) -> list[Workdir]:
    """All earlier stages of a run, the nearest first.

    Raises:
      UserError: one of them is gone.
    """
    stages = []
    while source := source_of(stages[-1] if stages else workdir):
        if source.path in (workdir.path, *(stage.path for stage in stages)):
            raise UserError(f"{source.path} started from itself: its config.init_from is wrong")
        stages.append(source)
    return stages
