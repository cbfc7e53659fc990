"""Times the training step of a config; imports no TensorFlow.

    python -m xlt_flax.bench --config=configs/mix_111.py [--steps=N] [--config.a.b=v]
    python -m xlt_flax.bench --config=configs/mix_111.py --compare    # what the layouts are worth
    python -m xlt_flax.bench --config=configs/mix_111.py --synthetic=135,172

Prints a table and, as the last line, one JSON object (its fields: training/benchmark.compare); with
--compare, a list of four. Batches are the run's own, from the token store; what is missing of it is
made in a process of its own. --synthetic needs no data: lengths are log-normal of the given median
and mean, tokens random. --config.train.compilation_cache=false makes compile times honest.
"""

import json
import subprocess
import sys

from absl import flags

from xlt_flax import cli, words
from xlt_flax.errors import UserError

_CONFIG = cli.define_config_flag()
_STEPS = flags.DEFINE_integer("steps", 20, "Steps to time, after those that compile.", 1)
_COMPARE = flags.DEFINE_bool(
    "compare", False, "Time padded and packed, with the full and the active vocabulary, in turn."
)
_SYNTHETIC = flags.DEFINE_string(
    "synthetic", None, "MEDIAN,MEAN of the documents' lengths; no data is read."
)


def main(_):
    config, _ = cli.load_config(_CONFIG)
    cli.start_jax(config, "bench")

    from xlt_flax.data.selection import needed_splits
    from xlt_flax.training.benchmark import (
        compare,
        mixture_documents,
        synthetic_documents,
        table,
    )
    from xlt_flax.training.inputs import open_inputs

    inputs = open_inputs(config)
    if _SYNTHETIC.value:
        documents = synthetic_documents(config, inputs, *_parse_synthetic(_SYNTHETIC.value))
    else:
        needed = needed_splits(config.mixture, config.data.target_language, inputs.corpus.source)
        if not all(inputs.corpus.is_ready(language, split) for language, split in needed):
            _prepare()
        documents = mixture_documents(config, inputs)
    results = compare(config, inputs, documents, _STEPS.value, all_variants=_COMPARE.value)
    print(table(results))
    print(json.dumps(results if _COMPARE.value else results[0]))


def _prepare() -> None:
    """Makes what is missing of dataset and tokens in a process of its own: it needs TensorFlow."""
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
