"""From a study's config to its runs, all of them or a shard's, ready to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.config_checks import validate
from xlt_flax.studies import known, plan, study_file
from xlt_flax.studies.own_text.runs import NOTHING, Transfer, TransferRuns, transfer_runs
from xlt_flax.studies.runner import Runner, steps_of_runs, task_config


@dataclass(frozen=True)
class PlannedStudy:
    """The runs of a study, or of one shard of it. Nothing is written before `run`.

    Attributes:
      folder: of the study, with one folder a run in it.
      config: what its runs have in common, resolved.
      runs: of the whole study.
      tasks: the runs, with a seed and a draw each, that are to be done here.
      seeds, draws: that all its tasks have.
      targets: languages to judge all runs on; (): `config.data.target_language` alone.
    """

    folder: Path
    config: ConfigDict
    runs: Sequence[plan.PlannedRun]
    tasks: Sequence[plan.Task]
    seeds: Sequence[int]
    draws: Sequence[int]
    targets: Sequence[str] = ()

    def describe(self) -> list[str]:
        """A line for each run, and what all will take."""
        return self._runner().describe()

    def run(self) -> None:
        """Trains and evaluates what is not finished; prints a line for each run.

        Raises:
          UserError: the folder is of another study.
          RunError: at the end, if some runs failed.
        """
        study_file.write_sweep_file(
            self.folder, self.config, self.runs, self.seeds, self.draws, self.targets
        )
        self._runner().run()

    def _runner(self) -> Runner:
        return Runner(self.folder, self.config, self.runs, self.tasks, self.targets)


def plan_study_runs(
    config: ConfigDict,
    folder: Path,
    seeds: Sequence[int] = (),
    draws: Sequence[int] = (),
    only: Sequence[str] = (),
    shard: tuple[int, int] = (0, 1),
    asked: Transfer = NOTHING,
) -> PlannedStudy:
    """Plans what `config.sweep.runs` lists, or what is asked for. Arguments as of `api.sweep`.

    Raises:
      UserError: config, names or folder are not usable.
    """
    study = _listed(config, asked)
    config, runs = study_file.with_own_draw(folder, study.config), study.runs
    seeds, draws = seeds or [config.seed], draws or [study.config.data.split_seed]
    picked = plan.pick(runs, only)
    own = config.data.split_seed
    for task in plan.make_tasks(runs, seeds[:1]):
        validate(task_config(config, task, folder))
    every_task = plan.make_tasks(picked, seeds, [None if draw == own else draw for draw in draws])
    tasks = plan.take_shard(every_task, steps_of_runs(config, runs), *shard)
    study_file.check_sweep_file(folder, config)
    return PlannedStudy(folder, config, runs, tasks, seeds, draws, study.targets)


def _listed(config: ConfigDict, asked: Transfer) -> TransferRuns:
    """The runs of the mixtures that are asked for; without any, of those that the config lists."""
    if asked.mixtures:
        return transfer_runs(config, asked)
    asked.require_mixtures()
    common, names = plan.split_config(config)
    return TransferRuns(common, plan.plan_runs(names, known.tables_of(names)), ())
