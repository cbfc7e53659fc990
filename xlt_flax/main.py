"""Trains one mixture.

    python -m xlt_flax.main --config=configs/mix_111.py[:E2D2F2] [--workdir=DIR] [--config.a.b=v]

The same command again goes on where it was stopped. README.md has the rest.
"""

from absl import flags

from xlt_flax import cli

_CONFIG = cli.define_config_flag()
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run; default runs/<config>/<mixture>-seed<seed>."
)


def main(argv):
    del argv
    config, name = cli.load_config(_CONFIG)
    cli.start_jax(config)

    from xlt_flax.training.loop import train
    from xlt_flax.workdir import Workdir

    workdir = Workdir(
        _WORKDIR.value or f"runs/{name}/{config.mixture or 'initial'}-seed{config.seed}"
    )
    train(config, workdir)
    print(workdir.path)


if __name__ == "__main__":
    cli.run(main)
