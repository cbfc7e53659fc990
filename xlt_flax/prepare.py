"""Prepares the dataset and the tokens of a config, so that no later run has to.

    python -m xlt_flax.prepare --config=configs/mix_111.py [--config.a.b=v]

Runs do this by themselves. It serves where several will start at once, or where the machine that
trains has no TensorFlow.
"""

from collections.abc import Sequence

from xlt_flax import api, cli

_CONFIG = cli.define_config_flag()


def main(_: Sequence[str]) -> None:
    config, _name = cli.load_config(_CONFIG)
    print("\n".join(api.prepare(config)))


if __name__ == "__main__":
    cli.run(main)
