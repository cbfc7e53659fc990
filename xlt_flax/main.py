"""Trains one mixture.

    python -m xlt_flax.main --config=configs/mix_111.py[:E2D2F2] [--workdir=DIR] [--config.a.b=v]

The same command again goes on where it was stopped. README.md has the rest.
"""

from pathlib import Path

from absl import flags
from ml_collections import ConfigDict

from xlt_flax import cli
from xlt_flax.workdir import Workdir

_CONFIG = cli.define_config_flag()
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run; default runs/<config>/<mixture>-seed<seed>."
)


def main(_):
    config, name = cli.load_config(_CONFIG)
    workdir = Workdir(_WORKDIR.value or default_workdir(config, name))
    cli.start_jax(config, "main")

    from xlt_flax.training.train import train

    train(config, workdir)
    print(workdir.path)


def default_workdir(config: ConfigDict, name: str) -> str:
    """`runs/<config file's name>/<mixture>-seed<seed>`; a run that goes on from another has that
    one's folder in front, so that stages from several sources do not meet."""
    source = f"{Path(config.init_from).name}+" if config.init_from else ""
    return f"runs/{name}/{source}{config.mixture or 'initial'}-seed{config.seed}"


if __name__ == "__main__":
    cli.run(main)
