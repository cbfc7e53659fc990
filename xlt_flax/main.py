"""Trains one mixture.

    python -m xlt_flax.main --config=configs/mix_111.py[:E2D2F2] [--workdir=DIR] [--config.a.b=v]
    python -m xlt_flax.main --config=configs/mix_111.py --overwrite    # begins again

The same command again goes on where it was stopped. README.md has the rest.
"""

from collections.abc import Sequence

from absl import flags

from xlt_flax import api, cli
from xlt_flax.workdir import Workdir

_CONFIG = cli.define_config_flag()
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run; default runs/<config>/<mixture>-seed<seed>."
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite",
    False,
    "Remove the run that is in the workdir, and begin again; not for a command that a scheduler "
    "gives again, which would do so each time.",
)


def main(_: Sequence[str]) -> None:
    config, name = cli.load_config(_CONFIG)
    workdir = Workdir(_WORKDIR.value or api.default_workdir(config, name))
    cli.start_jax(config, "main")
    api.train(config, workdir.path, _OVERWRITE.value)
    print(workdir.path)


if __name__ == "__main__":
    cli.run(main)
