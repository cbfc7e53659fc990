"""Times the training step of a config; imports no TensorFlow.

    python -m xlt_flax.bench --config=configs/mix_111.py [--steps=N] [--config.a.b=v]
    python -m xlt_flax.bench --config=configs/mix_111.py --compare    # what the layouts are worth
    python -m xlt_flax.bench --config=configs/mix_111.py --synthetic=135,172
    python -m xlt_flax.bench --config=configs/mix_111.py --steps=0    # compiled alone

Prints a table and, as the last line, one JSON object (its fields: training/benchmark.compare); with
--compare, a list of four. Batches are the run's own, from the token store; what is missing of it is
made in a process of its own. --synthetic needs no data: lengths are log-normal of the given median
and mean, tokens random. --steps=0 compiles the first step and runs nothing, so that it may need
more memory than there is; what was not timed is null. --config.train.compilation_cache=false makes
compile times honest.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

from absl import flags
from ml_collections import ConfigDict

from xlt_flax import api, cli, words
from xlt_flax.errors import UserError

_CONFIG = cli.define_config_flag()
_STEPS = flags.DEFINE_integer(
    "steps", 20, "Steps to time, after those that compile; 0: compile the first alone.", 0
)
_COMPARE = flags.DEFINE_bool(
    "compare", False, "Time padded and packed, with the full and the active vocabulary, in turn."
)
_SYNTHETIC = flags.DEFINE_string(
    "synthetic", None, "MEDIAN,MEAN of the documents' lengths; no data is read."
)


def main(_: Sequence[str]) -> None:
    config, _name = cli.load_config(_CONFIG)
    synthetic = _parse_synthetic(_SYNTHETIC.value) if _SYNTHETIC.value else None
    cli.start_jax(config, "bench")
    results = api.bench(config, _STEPS.value, _COMPARE.value, synthetic, _prepare)
    from xlt_flax.training.benchmark import table

    print(table(results))
    print(json.dumps(results if _COMPARE.value else results[0]))


def _prepare(config: ConfigDict) -> None:
    """Makes what is missing of dataset and tokens in a process of its own: it needs TensorFlow."""
    del config  # the flags say it all
    command = [sys.executable, "-m", "xlt_flax.prepare", *words.of_config(sys.argv[1:])]
    made = subprocess.run(command, stdout=sys.stderr)
    if made.returncode:
        sys.exit(made.returncode)


def _parse_synthetic(text: str) -> tuple[float, float]:
    try:
        median, mean = map(float, text.split(","))
    except ValueError:
        median = mean = 0.0
    if not 1 <= median < mean:
        raise UserError(f"--synthetic={text}: give MEDIAN,MEAN with a mean above the median")
    return median, mean


if __name__ == "__main__":
    cli.run(main)
