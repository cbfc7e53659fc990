"""What a run starts from: the stage before it, and which of its checkpoints, or a model.

A run's config.json says which, with the digest of the weights. From then on that is what counts:
the source's best checkpoint at some later moment is not asked for again.
"""

import logging
from dataclasses import dataclass

from ml_collections import ConfigDict

from xlt_flax.errors import UserError
from xlt_flax.modeling.base_model import BaseModel
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.metrics import (
    SOURCE,
    VALIDATION,
    best_validation,
    has_no_best,
    read_metrics,
)
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")


@dataclass(frozen=True)
class Start:
    """What a run starts from.

    Attributes:
      source: the run whose checkpoint it is; None: the model that the config names.
      step: of that checkpoint.
      digest: of the source's weights, or of the model's where it is recorded; None: not recorded.
      run: the workdir that began so; None where there is none.
      revision: of the model, where it is recorded.
    """

    source: Workdir | None = None
    step: int | None = None
    digest: str | None = None
    run: Workdir | None = None
    revision: str | None = None

    @property
    def checkpoint(self) -> tuple[Workdir, int]:
        """The source and the step, of a run that started from one."""
        if self.source is None or self.step is None:
            raise ValueError("the run started from a model")
        return self.source, self.step


def starting_point(config: ConfigDict, workdir: Workdir | None = None) -> Start:
    """What a run starts from; of one that has begun, what it did start from.

    Args:
      config: of the run, resolved.
      workdir: of the run; None: there is none.

    Raises:
      UserError: `config.init_from` is no run that one can start from, or not any longer the one
        that the workdir records.
    """
    begun = workdir if workdir is not None and workdir.is_run() else None
    recorded = begun.started_from() if begun else {}
    if not config.init_from:
        return Start(None, None, recorded.get("digest"), workdir, recorded.get("revision"))
    if not begun:
        source = Workdir(config.init_from)
        return _chosen(source, config.init_checkpoint, workdir, must_be_done=True)
    return _begun_from(begun, config, recorded)


def _begun_from(workdir: Workdir, config: ConfigDict, recorded: dict) -> Start:
    """What a run that has begun from another did start from."""
    try:
        source = _source_at(workdir, config.init_from)
    except UserError as gone:
        if not recorded or not workdir.has_checkpoints():
            raise
        log.warning("%s; going on without it, since the weights in hand suffice", gone)
        return Start(Workdir(config.init_from), recorded["step"], recorded["digest"], workdir)
    if not recorded:  # by format 1, which noted the step under protocol "thesis" alone
        lines = read_metrics(workdir.metrics, SOURCE)
        noted = str(lines[0]["checkpoint"]) if lines else config.init_checkpoint
        return _chosen(source, noted, workdir, must_be_done=False)
    _require_unmoved(workdir, source, recorded)
    return Start(source, recorded["step"], recorded["digest"], workdir)


def require_recorded_model(start: Start, base: BaseModel, model: ConfigDict) -> None:
    """Refuses a model that is not the one that a run started from; loads it to know.

    Args:
      start: of the run.
      base: the model that its config names now.
      model: the config's `model`.

    Raises:
      UserError: it is another, or cannot be had.
    """
    if start.source or start.digest in (None, base.digest()):
        return
    place = start.run.path if start.run else "the run"
    revision = f" or --config.model.revision={start.revision}" if start.revision else ""
    raise UserError(
        f"config.model.name: {model.name} is not the model that {place} started from (other "
        f"weights): give that one, --config.model.name=PLACE{revision}"
    )


def _chosen(source: Workdir, which: str, workdir: Workdir | None, must_be_done: bool) -> Start:
    """The checkpoint of a source that `which` names now."""
    try:
        source.read_config()
    except UserError as error:
        raise UserError(f"config.init_from: {error}") from None
    if not source.done.exists():
        if which == "best" and must_be_done:
            raise UserError(
                f"config.init_from: {source.path} is not done, so its best checkpoint may be yet "
                "to come: wait for it, or name a step, --config.init_checkpoint=STEP"
            )
        log.warning(
            "%s is not done: it may delete the checkpoint that this run starts from; keep a copy "
            "of the folder",
            source.path,
        )
    checkpoints = Checkpoints(source.checkpoints)
    try:
        step = checkpoints.find(which, best_step(source) if which == "best" else None)
    except UserError as error:
        raise UserError(f"config.init_checkpoint={which}: {error}") from None
    return Start(source, step, checkpoints.params_digest(step), workdir)


def _require_unmoved(workdir: Workdir, source: Workdir, recorded: dict) -> None:
    checkpoints, step = Checkpoints(source.checkpoints), recorded["step"]
    if step not in checkpoints.steps():
        is_now = f"gone from there (it has {', '.join(map(str, checkpoints.steps())) or 'none'})"
    elif checkpoints.params_digest(step) != recorded["digest"]:
        is_now = "of other weights there now"
    else:
        return
    raise UserError(
        f"{workdir.path} started from checkpoint {step} of {source.path}, which is {is_now}: say "
        "where a copy of that run is, --config.init_from=DIR, or run it again in another --workdir"
    )


def best_step(workdir: Workdir) -> int | None:
    """The step of the best validation, by `eval.best`; None if nothing was validated.

    Of a run that is not done, among the checkpoints that it has saved: a validation's line is
    written before the checkpoint that it is of.

    Raises:
      UserError: all validations failed, so no checkpoint is the best.
    """
    is_done = workdir.done.exists()  # asked first: all that it ends with is there then
    records = read_metrics(workdir.metrics, SOURCE, VALIDATION)
    if not is_done and workdir.checkpoints.is_dir():
        saved = max(Checkpoints(workdir.checkpoints).steps(), default=0)
        records = [record for record in records if record["step"] <= saved]
    best_by = workdir.read_config().eval.best
    if has_no_best(records, best_by):
        raise UserError(
            f"no validation loss of {workdir.path} is a finite number, so none of its checkpoints "
            "is the best: name one, --checkpoint=latest or STEP, or train again in another "
            "--workdir, with a lower config.train.learning_rate or config.train.clip_norm"
        )
    best = best_validation(records, best_by)
    return None if best is None else best["step"]


def source_of(workdir: Workdir, config: ConfigDict | None = None) -> Workdir | None:
    """The run that a workdir started from; None if it started from a model.

    It is where the workdir says; else, for folders that were moved together, the folder of the same
    name beside it.

    Args:
      workdir: of a run.
      config: its config, where `init_from` was given anew; None: as it is stored.

    Raises:
      UserError: `workdir` is no workdir, or its source is in neither place.
    """
    place = (config or workdir.read_config()).init_from
    return _source_at(workdir, place) if place else None


def _source_at(workdir: Workdir, place: str) -> Workdir:
    recorded = Workdir(place)
    beside = Workdir(workdir.path.parent / recorded.path.name)
    for source in (recorded, beside):
        if source.path != workdir.path and source.is_run():
            return source
    raise UserError(
        f"{workdir.path} started from {recorded.path}, which is gone: put it back, there or beside "
        f"{workdir.path.name}, or say where it is, --config.init_from=DIR"
    )


def chain(workdir: Workdir, config: ConfigDict | None = None) -> list[Workdir]:
    """All earlier stages of a run, the nearest first. Arguments as of `source_of`.

    Raises:
      UserError: one of them is gone.
    """
    stages: list[Workdir] = []
    source = source_of(workdir, config)
    while source:
        if source.path in (workdir.path, *(stage.path for stage in stages)):
            raise UserError(f"{source.path} started from itself: its config.init_from is wrong")
        stages.append(source)
        source = source_of(source)
    return stages


def stage_one_note(workdir: Workdir, step: int) -> str:
    """Says that a checkpoint is stage one's model, and why; "" where it is not."""
    records = read_metrics(workdir.metrics, SOURCE, VALIDATION)
    if step != 0 or not any(record["split"] == SOURCE for record in records):
        return ""
    best = best_validation(records)  # by batch sum, since stage one takes part
    if best is None or best["step"] != 0:
        return "this is stage one's model, not the best one"
    if any(record["split"] == VALIDATION for record in records):
        never = "never beat" if workdir.done.exists() else "has not yet beaten"
        return f"stage two {never} stage one: this is stage one's model"
    if workdir.done.exists():
        return "stage two had no epochs left: this is stage one's model"
    return "stage two has no validation yet: this is stage one's model"
