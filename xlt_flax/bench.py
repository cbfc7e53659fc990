"""Times the training step of a config, or compiles it for a device that is not there; imports no
TensorFlow.

    python -m xlt_flax.bench --config=configs/mix_111.py [--steps=N] [--config.a.b=v]
    python -m xlt_flax.bench --config=configs/mix_111.py --compare    # what the layouts are worth
    python -m xlt_flax.bench --config=configs/mix_111.py --synthetic=135,172
    python -m xlt_flax.bench --config=configs/mix_111.py --steps=0    # compiled alone
    python -m xlt_flax.bench --config=configs/mix_111.py --compile_for=h100 [--rows=3x512]

Prints a table and, as the last line, one JSON object (its fields: training/benchmark.compare); with
--compare, a list of four. Batches are the run's own, from the token store; what is missing of it is
made in a process of its own. --synthetic needs no data: lengths are log-normal of the given median
and mean, tokens random. --steps=0 compiles the first step and runs nothing, so that it may need
more memory than there is; what was not timed is null. --config.train.compilation_cache=false makes
compile times honest.

--compile_for says what the step, evaluation and predict cost on one a100, h100, h200, v4, v5e, v5p
or v6e that need not be there: executed kernels, bytes and FLOP of each kind and temporary memory,
read off what XLA compiled, and the least time that they take, estimated; of a TPU FLOP, bytes and
memory. The JSON object is that of training/compiled/report.py. XLA's compiler for the device must
be installed.
"""

import json
import re
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
_COMPILE_FOR = flags.DEFINE_string(
    "compile_for", None, "A device, such as h100 or v5e: compile for it, and count what it costs."
)
_ROWS = flags.DEFINE_string(
    "rows", None, "ROWSxTOKENS of the training batch that is compiled; else what most batches have."
)


def main(_: Sequence[str]) -> None:
    config, _name = cli.load_config(_CONFIG)
    synthetic = _parse_synthetic(_SYNTHETIC.value) if _SYNTHETIC.value else None
    if _COMPILE_FOR.value:
        _compile_for(config, _COMPILE_FOR.value, synthetic)
    else:
        _time(config, synthetic)


def _compile_for(config: ConfigDict, target: str, synthetic: tuple[float, float] | None) -> None:
    rows = _parse_rows(_ROWS.value) if _ROWS.value else None
    cli.without_device()
    unkept = config.copy_and_resolve_references()
    unkept.train.compilation_cache = False  # a program for what is not there is not loaded again
    cli.start_jax(unkept, "bench")
    result = api.compiled_costs(config, target, synthetic, rows, _prepare)
    from xlt_flax.training.compiled.report import table

    print(table(result))
    print(json.dumps(result))


def _time(config: ConfigDict, synthetic: tuple[float, float] | None) -> None:
    if _ROWS.value:
        raise UserError("--rows is for --compile_for: what is timed has the rows of its batches")
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


def _parse_rows(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if not found:
        raise UserError(f"--rows={text}: give ROWSxTOKENS, such as 3x512")
    return int(found.group(1)), int(found.group(2))


if __name__ == "__main__":
    cli.run(main)
