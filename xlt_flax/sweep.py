"""Trains and evaluates every run of a sweep, such as all 35 of the thesis, over seeds and draws.

    python -m xlt_flax.sweep --config=configs/thesis.py [--seeds=50,51] [--workdir=DIR]
    python -m xlt_flax.sweep --config=configs/thesis.py --only=4.3,E1E2E3+J1 --dry_run
    python -m xlt_flax.sweep --config=configs/diversity.py --draws=50,51,52
    CUDA_VISIBLE_DEVICES=1 python -m xlt_flax.sweep --config=configs/thesis.py --shard=1/8

The same command again goes on where it was stopped. `python -m xlt_flax.report --workdir=DIR` shows
what is finished.
"""

from absl import flags

from xlt_flax import cli
from xlt_flax.config_checks import validate
from xlt_flax.places import local_folder
from xlt_flax.studies import known, plan

_CONFIG = cli.define_config_flag()
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the sweep, with one folder a run in it; default runs/<config>."
)
_SEEDS = flags.DEFINE_list("seeds", None, "Seeds of each run; default: config.seed alone.")
_DRAWS = flags.DEFINE_list(
    "draws",
    None,
    "Draws of the groups' documents, as config.data.split_seed; default: that alone. All runs are "
    "done with each.",
)
_SHARD = flags.DEFINE_string(
    "shard", "0/1", "I/N, I from 0: one of N about equal parts, for job arrays and several GPUs."
)
_ONLY = flags.DEFINE_list(
    "only",
    [],
    "Tables (4.3, or 1:1:1 of the study of diversity) or runs (E1D1F1, E1D1F1+J1) to do, with the "
    "sources that they need.",
)
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print what would be done, and about how long.")


def main(_):
    config, name = cli.read_config(_CONFIG)
    config, names = plan.split_config(config)
    folder = local_folder(_WORKDIR.value or f"runs/{name}", "--workdir")
    seeds = plan.parse_seeds(_SEEDS.value or [str(config.seed)])
    draws = plan.parse_draws(_DRAWS.value) if _DRAWS.value else [config.data.split_seed]
    index, count = plan.parse_shard(_SHARD.value)
    runs = plan.plan_runs(names, known.tables_of(names))
    picked = plan.pick(runs, _ONLY.value)

    from xlt_flax.studies import runner, study_file

    config = study_file.with_own_draw(folder, config)
    own = config.data.split_seed
    every_task = plan.make_tasks(picked, seeds, [None if d == own else d for d in draws])
    for task in plan.make_tasks(runs, seeds[:1]):
        validate(runner.task_config(config, task, folder))
    steps = runner.steps_of_runs(config, runs)
    tasks = plan.take_shard(every_task, steps, index, count)
    planned = runner.Runner(folder, config, runs, tasks)
    if _DRY_RUN.value:
        study_file.check_sweep_file(folder, config)
        print("\n".join(planned.describe()))
        return
    cli.start_jax(config, "sweep")
    study_file.write_sweep_file(folder, config, runs, seeds, draws)
    planned.run()


if __name__ == "__main__":
    cli.run(main)
