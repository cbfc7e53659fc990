"""Does a study's tasks one after the other in this process, and goes on past those that fail.

The folder of a study holds sweep.json, which says what the study is, and a workdir for each task,
`<name>-seed<seed>`; of another draw than the study's own, `<name>-draw<draw>-seed<seed>`. All that
is known of progress is in there: what was killed is started again by the same command, and shards
share a folder without knowing of each other.
"""

import gc
import json
import logging
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.data.mixture import LANGUAGES, mixture_shape, parse_mixture
from xlt_flax.data.selection import count_training
from xlt_flax.errors import RunError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.failures import NoSpaceError, explain
from xlt_flax.studies.judged_runs import JudgedRun
from xlt_flax.studies.plan import PlannedRun, Task
from xlt_flax.training import provenance
from xlt_flax.training.failure_file import one_line, write_failure
from xlt_flax.training.inputs import Inputs, open_inputs
from xlt_flax.training.length import length_of
from xlt_flax.training.plan import Plan, plan_study
from xlt_flax.training.progress import Progress, say
from xlt_flax.training.trackers import require_trackers
from xlt_flax.training.train import train
from xlt_flax.workdir import StudyFolder, Workdir

log = logging.getLogger("xlt_flax")


@dataclass(frozen=True)
class _Shared:
    """What runs share that follow each other: they have a draw, and changes, in common."""

    changes: Mapping[str, object]
    draw: int | None
    inputs: Inputs
    plan: Plan


class Runner:
    """The tasks of one study, or of one shard of it, and their workdirs.

    Args:
      folder: of the study.
      config: what all runs have in common, resolved; its `data.split_seed` is the own draw.
      runs: of the whole study, with every shard's.
      tasks: to do here, sources before what goes on from them.
      targets: languages to judge all runs on; none: the config's target language alone.
    """

    def __init__(
        self,
        folder: Path,
        config: ConfigDict,
        runs: Sequence[PlannedRun],
        tasks: Sequence[Task],
        targets: Sequence[str] = (),
    ):
        self.folder = folder.expanduser().absolute()
        self.config, self.runs, self.tasks = config, list(runs), list(tasks)
        self.targets = targets or [config.data.target_language]
        self.steps = steps_of_runs(config, runs)

    # ---- What is there --------------------------------------------------------------------

    def workdir(self, task: Task) -> Workdir:
        return Workdir(self.folder / task.folder)

    def judged(self, task: Task) -> JudgedRun:
        return JudgedRun(self.workdir(task), self.targets)

    def is_finished(self, task: Task) -> bool:
        """Whether it is trained, and its best checkpoint judged on every target."""
        return self.judged(task).is_finished()

    def describe(self) -> list[str]:
        """The plan: a line for each task, and what all will take."""
        lines = []
        width = max((len(task.folder) for task in self.tasks), default=0)
        tables = max((len(task.run.table) for task in self.tasks), default=0)
        for number, task in enumerate(self.tasks, 1):
            lines.append(
                f"{number:>4}  {task.folder:<{width}}  {task.run.table:<{tables}}  "
                f"{self.steps[task.run.name]:>6} steps  {self._state(task)}"
            )
        waiting = [task for task in self.tasks if not self.is_finished(task)]
        lines.append(
            f"{len(self.tasks)} runs, {len(waiting)} of them to do, "
            f"{sum(map(self._steps_left, waiting))} steps; {self._estimate(waiting)}"
        )
        return lines

    def _state(self, task: Task) -> str:
        if self.is_finished(task):
            return "done"
        if self.judged(task).is_trained():
            return "to evaluate"
        begun = _steps_made(self.workdir(task))
        after = f", after {task.source_folder}" if task.source_folder else ""
        return (f"to go on with from step {begun}" if begun else "to do") + after

    # ---- How long it takes ----------------------------------------------------------------

    def _steps_left(self, task: Task) -> int:
        done = _steps_made(self.workdir(task))
        return max(self.steps[task.run.name] - done, 0)

    def _seconds_per_step(self) -> list[float]:
        """Of each run that is finished, other shards' too; evaluation and all else included."""
        found = []
        for path in StudyFolder(self.folder).timings():
            with suppress(OSError, ValueError, KeyError, TypeError):
                timing = json.loads(path.read_text("utf-8"))
                found.append(timing["seconds"] / timing["steps"])
        return found

    def _estimate(self, waiting: Sequence[Task]) -> str:
        known = self._seconds_per_step()
        if not waiting:
            return "nothing left to do"
        if not known:
            return "time unknown until a run is finished"
        each = statistics.median(known)
        left = _clock(each * sum(map(self._steps_left, waiting)))
        return f"about {left} at {each:.3g} s a step (median of {len(known)} finished runs)"

    # ---- Doing it -------------------------------------------------------------------------

    def run(self) -> None:
        """Trains and judges what is not finished; prints a line for each run.

        Raises:
          UserError: the config cannot be run at all.
          RunError: at the end, if some runs failed.
        """
        require_trackers(self.config.train.trackers)  # of all runs at once
        waiting = [task for task in self.tasks if not self.is_finished(task)]
        done = len(self.tasks) - len(waiting)
        print(f"{done} of {len(self.tasks)} runs are done", flush=True)
        if not waiting:
            return
        self._shared: _Shared | None = None
        inputs = self._share(waiting[0]).inputs  # refused here, what cannot be run at all
        if not any(run.changes for run in self.runs):  # else each run is checked by itself alone
            provenance.check_sweep(self.folder, self.config, inputs)
        with closing(Progress("sweep", len(self.tasks), done, "run", lines=False)) as bar:
            failed = self._run_all(waiting, bar)
        if failed:
            raise RunError(_summary(failed, len(self.tasks)))

    def _run_all(self, waiting: Sequence[Task], bar: Progress) -> dict[str, str]:
        """{folder: why} of the tasks that failed, or were left out for those."""
        failed: dict[str, str] = {}
        done = len(self.tasks) - len(waiting)
        for number, task in enumerate(waiting, 1):
            left = self._estimate_left(waiting[number - 1 :])
            bar.advance(0, task.folder, left.removeprefix("ETA "))
            log.info("---- %s, run %d of %d; %s", task.folder, done + number, len(self.tasks), left)
            if task.source_folder in failed:
                failed[task.folder] = f"not run: {task.source_folder} failed"
                line = failed[task.folder]
            else:
                line, error = self._attempt(task)
                if error:
                    failed[task.folder] = line
            left = self._estimate_left(waiting[number:])
            say(f"[{number}/{len(waiting)}] {task.folder}: {line}; {left}")
            bar.advance(1, task.folder, left.removeprefix("ETA "))
        return failed

    def _estimate_left(self, waiting: Sequence[Task]) -> str:
        known = self._seconds_per_step()
        if not waiting:
            return "all done"
        if not known:
            return "ETA unknown"
        return f"ETA {_clock(statistics.median(known) * sum(map(self._steps_left, waiting)))}"

    def _attempt(self, task: Task) -> tuple[str, bool]:
        """Does one task; returns its line, and whether it failed."""
        workdir = self.workdir(task)
        begun, steps_before = time.monotonic(), _steps_made(workdir)
        try:
            self._do(task, workdir)
        except Exception as error:  # whatever it is, the other runs are still worth having
            refused = explain(error)
            if isinstance(refused, NoSpaceError):
                raise refused from error  # unless they would fail as well
            where = f" (see {workdir.failure})" if write_failure(workdir, error) else ""
            return f"failed: {one_line(error)}{where}", True
        finally:
            gc.collect()  # what a traceback held on the device
        seconds = time.monotonic() - begun
        steps = _steps_made(workdir) - steps_before
        if steps:
            files.write_json(workdir.timing, {"seconds": round(seconds, 2), "steps": steps})
        workdir.failure.unlink(missing_ok=True)
        return f"{self.judged(task).line()}, {_clock(seconds)}", False

    def _do(self, task: Task, workdir: Workdir) -> None:
        config = task_config(self.config, task, self.folder)
        shared = self._share(task)
        train(config, workdir, shared.inputs, shared.plan)
        missing = self.judged(task).missing()
        evaluate(workdir, config, missing, "best", shared.inputs, shared.plan)

    def _share(self, task: Task) -> "_Shared":
        """What all runs of a task's draw share that change the same fields of the config."""
        changes, draw, last = task.run.changes, task.draw, self._shared
        if last and (last.changes, last.draw) == (changes, draw):
            return last
        config = task_config(self.config, task, self.folder)
        alike = [run for run in self.runs if run.changes == changes]
        known = last.inputs if last and last.changes == changes else None
        inputs = known or open_inputs(config, keep_weights=True)
        steps = sum(self.steps[run.name] for run in alike)
        plan = plan_study(config, inputs, [run.mixture for run in alike], steps)
        self._shared = _Shared(changes, draw, inputs, plan)
        return self._shared


def task_config(config: ConfigDict, task: Task, folder: Path) -> ConfigDict:
    """The config of one task's run, locked."""
    task_config = _with_changes(config, task.run)
    task_config.seed = task.seed
    if task.draw is not None:
        task_config.data.split_seed = task.draw
    if task.source_folder:
        task_config.init_from = str(folder.expanduser().absolute() / task.source_folder)
    elif config.protocol == "thesis":
        task_config.protocol = "clean"  # it says how stage two goes on; there is no stage one here
    return task_config.lock()


def _with_changes(config: ConfigDict, run: PlannedRun) -> ConfigDict:
    changed = ConfigDict(config.to_dict())
    changed.update_from_flattened_dict({**run.changes, "mixture": run.mixture})
    return changed


def steps_of_runs(config: ConfigDict, runs: Sequence[PlannedRun]) -> dict[str, int]:
    """Updates of each run, by its name; one of protocol "thesis" may have fewer.

    Of mixtures of languages the documents are counted, and so tokenized where they are not yet.
    """
    return {run.name: _steps(_with_changes(config, run)) for run in runs}


def _steps(config: ConfigDict) -> int:
    if mixture_shape(parse_mixture(config.mixture)) != LANGUAGES:
        return length_of(config).total
    corpus = open_inputs(config).corpus
    return length_of(config, count_training(corpus, config.mixture, config.data)).total


def _steps_made(workdir: Workdir) -> int:
    return workdir.latest_checkpoint() or 0


def _summary(failed: dict[str, str], tasks: int) -> str:
    lines = [f"{len(failed)} of {tasks} runs are missing:"]
    lines += [f"  {folder}: {line}" for folder, line in failed.items()]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
