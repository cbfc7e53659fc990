"""Trains and evaluates every run of a sweep, such as all 35 of the thesis, over several seeds.

    python -m xlt_flax.sweep --config=configs/thesis.py [--seeds=50,51] [--workdir=DIR]
    python -m xlt_flax.sweep --config=configs/thesis.py --only=4.3,E1E2E3+J1 --dry_run
    CUDA_VISIBLE_DEVICES=1 python -m xlt_flax.sweep --config=configs/thesis.py --shard=1/8

The same command again goes on where it was stopped. `python -m xlt_flax.report --workdir=DIR` shows
what is finished.
"""

from absl import flags

from xlt_flax import cli
from xlt_flax.analysis.thesis import TABLE_OF
from xlt_flax.config import validate
from xlt_flax.places import local_folder
from xlt_flax.training import sweep_plan

_CONFIG = cli.define_config_flag()
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the sweep, with one folder a run in it; default runs/<config>."
)
_SEEDS = flags.DEFINE_list("seeds", None, "Seeds of each run; default: config.seed alone.")
_SHARD = flags.DEFINE_string(
    "shard", "0/1", "I/N, I from 0: one of N about equal parts, for job arrays and several GPUs."
)
_ONLY = flags.DEFINE_list(
    "only", [], "Tables (4.3) or runs (E1D1F1, E1D1F1+J1) to do, with the sources that they need."
)
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print what would be done, and about how long.")


def main(_):
    config, name = cli.read_config(_CONFIG)
    config, names = sweep_plan.split_config(config)
    folder = local_folder(_WORKDIR.value or f"runs/{name}", "--workdir")
    seeds = sweep_plan.parse_seeds(_SEEDS.value or [str(config.seed)])
    index, count = sweep_plan.parse_shard(_SHARD.value)
    runs = sweep_plan.plan_runs(names, TABLE_OF)
    every_task = sweep_plan.make_tasks(sweep_plan.pick(runs, _ONLY.value), seeds)

    from xlt_flax.training import sweep

    for task in sweep_plan.make_tasks(runs, seeds[:1]):
        validate(sweep.task_config(config, task, folder))
    steps = sweep.steps_of_mixtures(config, runs)
    tasks = sweep_plan.take_shard(every_task, steps, index, count)
    planned = sweep.Sweep(folder, config, runs, tasks)
    if _DRY_RUN.value:
        sweep.check_sweep_file(folder, config)
        print("\n".join(planned.describe()))
        return
    cli.start_jax(config, "sweep")
    sweep.write_sweep_file(folder, config, runs, seeds)
    planned.run()


if __name__ == "__main__":
    cli.run(main)
