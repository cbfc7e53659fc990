"""Training, from a config to a workdir with a best checkpoint.

What is heavy is imported when there is something to train: a run that is done says so at once.
"""

import json
import logging
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_collections import ConfigDict

from xlt_flax.begin_again import begins_again
from xlt_flax.config import resolve
from xlt_flax.config_checks import validate
from xlt_flax.failures import out_of_memory_explained
from xlt_flax.training import processes
from xlt_flax.training.failure_file import failure_recorded
from xlt_flax.training.metrics import has_no_best, read_metrics
from xlt_flax.training.objectives import require_objective
from xlt_flax.training.trackers import require_trackers
from xlt_flax.workdir import Workdir

if TYPE_CHECKING:
    from xlt_flax.training.inputs import Inputs
    from xlt_flax.training.plan import Plan
    from xlt_flax.training.run import Run

log = logging.getLogger("xlt_flax")


@dataclass(frozen=True)
class Result:
    """What came of a training.

    Attributes:
      workdir: of the run.
      step: updates that it made.
      best: the record of the best validation, with its `step`, `epoch`, `loss`, `accuracy`, …;
        None if there was none.
      stopped_early: whether it ran out of patience before its last update.
    """

    workdir: Workdir
    step: int
    best: dict | None
    stopped_early: bool = False

    @property
    def metrics(self) -> list[dict]:
        """The lines of metrics.jsonl."""
        return read_metrics(self.workdir.metrics)


def train(
    config: ConfigDict,
    workdir: Workdir,
    inputs: "Inputs | None" = None,
    plan: "Plan | None" = None,
    overwrite: bool = False,
) -> Result:
    """Trains what `config` describes, or goes on with it where `workdir` has begun.

    Args:
      config: is checked, and paths are made absolute; it stays as it is.
      workdir: gets config.json, audit.json, checkpoints, metrics and, last, DONE.
      inputs: what the config names, where runs share it; None: they are opened here.
      plan: of the study that the run belongs to; None: one is made for this run.
      overwrite: remove the run that is in `workdir`, when what the config names was found, and
        begin again.

    Raises:
      UserError: config, data or workdir is not usable.
      RunError: the loss is not finite, or the machine ran out of something.
      SystemExit: the process was told to stop (see signals); what it has is saved.
    """
    validate(config)
    require_objective(config.train.objective)
    require_trackers(config.train.trackers)
    config = resolve(config)
    alone = workdir.writer() if processes.is_first() else nullcontext()
    with alone:
        if overwrite and workdir.is_run():
            workdir.read_config()  # is refused, if it is no run's
            from xlt_flax.training.inputs import open_inputs

            inputs = inputs or open_inputs(config)
        if processes.is_first() and not begins_again(workdir, config, overwrite):
            workdir.check(config)
        if processes.agreed(workdir.done.exists()):
            log.info("%s is done already%s", workdir.path, _early_in_words(_result(workdir)))
        else:
            with failure_recorded(workdir), out_of_memory_explained(config):
                _train(config, workdir, inputs, plan)
    return _result(workdir)


def _result(workdir: Workdir) -> Result:
    """Of a run that is done."""
    done = json.loads(workdir.done.read_text("utf-8"))
    return Result(workdir, done["step"], done["best"], done.get("stopped_early", False))


def _early_in_words(result: Result) -> str:
    return f": it stopped early, after step {result.step}" if result.stopped_early else ""


def _train(
    config: ConfigDict, workdir: Workdir, inputs: "Inputs | None", plan: "Plan | None"
) -> None:
    from xlt_flax.training import determinism
    from xlt_flax.training.hooks import hooks_of
    from xlt_flax.training.loop import make_steps
    from xlt_flax.training.run import open_run
    from xlt_flax.training.stages import stage_one_note

    determinism.announce(config)
    with open_run(config, workdir, inputs, plan) as (run, parts):
        hooks = hooks_of(run)
        for hook in hooks:
            parts.callback(hook.close)
        waited = make_steps(run, hooks)
        _say_if_early(run)
        run.finish()
        best = _in_words(run.best, run.metrics.validations, config.eval.best)
    log.info("done: %s; devices waited for batches %.1f%% of the time", best, 100 * waited)
    if run.best and (note := stage_one_note(workdir, run.best["step"])):
        log.info(note)


def _say_if_early(run: "Run") -> None:
    if run.stopped_early:
        log.info(
            "stopped early, after step %d of %d: no validation%s (config.train.patience=%d)",
            int(run.state.step),
            run.length.total,
            f" since that of step {run.best['step']} was better" if run.best else " was finite",
            run.config.train.patience,
        )


def _in_words(best: dict | None, records: list[dict], best_by: str) -> str:
    if best is not None:
        return f"the best checkpoint is {best['step']}"
    if has_no_best(records, best_by):
        return "no validation loss was a finite number, so there is no best checkpoint"
    return "the best checkpoint is the initial model"
