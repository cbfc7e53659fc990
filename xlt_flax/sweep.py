r"""Trains and evaluates every run of a sweep, such as all 35 of the thesis, over seeds and draws.

    python -m xlt_flax.sweep --config=configs/thesis.py [--seeds=50,51] [--workdir=DIR]
    python -m xlt_flax.sweep --config=configs/thesis.py --only=4.3,E1E2E3+J1 --dry_run
    python -m xlt_flax.sweep --config=configs/diversity.py --draws=50,51,52
    CUDA_VISIBLE_DEVICES=1 python -m xlt_flax.sweep --config=configs/thesis.py --shard=1/8
    python -m xlt_flax.sweep --config=configs/files.py:DATA --mixtures=en,de,en+de --targets=ja,ko \
        --seeds=50,51,52 --then=ja:0,ja:50,ja:200

With --mixtures, a config of one run becomes a study of which mixture serves each target best: every
mixture is trained once a draw and seed, and judged on all targets. --then goes on from each with a
little of a target; a run on the target's own training documents, where there are any, is the
ceiling (--noceiling leaves it out).

The same command again goes on where it was stopped. `python -m xlt_flax.report --workdir=DIR` shows
what is finished.
"""

from collections.abc import Sequence

from absl import flags

from xlt_flax import api, cli, words
from xlt_flax.studies import plan

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
_MIXTURES = flags.DEFINE_list(
    "mixtures", [], "Mixtures to train on, of a config that lists no runs: en,de,en+de."
)
_TARGETS = flags.DEFINE_list(
    "targets",
    [],
    "With --mixtures: languages to judge every run on; default: config.data.target_language.",
)
_THEN = flags.DEFINE_list(
    "then",
    [],
    "With --mixtures: go on from each with a little of a target: ja:50,ja:200; ja:0 is the "
    "mixture's own run.",
)
_CEILING = flags.DEFINE_bool(
    "ceiling", True, "With --mixtures: runs on the targets' own training documents as well."
)
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print what would be done, and about how long.")


def main(_: Sequence[str]) -> None:
    config, name = cli.read_config(_CONFIG)
    lines = api.sweep(
        config,
        _WORKDIR.value or f"runs/{name}",
        plan.parse_seeds(_SEEDS.value or []),
        plan.parse_draws(_DRAWS.value or []),
        _ONLY.value,
        words.parse_shard(_SHARD.value),
        _DRY_RUN.value,
        begin=lambda common: cli.start_jax(common, "sweep"),
        mixtures=_MIXTURES.value,
        targets=_TARGETS.value,
        then=_THEN.value,
        ceiling=_CEILING.value,
    )
    if _DRY_RUN.value:
        print("\n".join(lines))


if __name__ == "__main__":
    cli.run(main)
