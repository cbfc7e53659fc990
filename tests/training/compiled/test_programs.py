"""A config's programs, compiled for a device that is not there, and counted."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import jax
import pytest

from xlt_flax.config import resolve, sample
from xlt_flax.errors import UserError
from xlt_flax.training import benchmark
from xlt_flax.training.compiled.programs import compile_programs
from xlt_flax.training.compiled.report import report, table
from xlt_flax.training.compiled.targets import TARGETS, Target
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.length import Length

ROOT = Path(__file__).parents[3]


class Here(Target):
    """An H100 whose programs this machine's CPU compiles: with a GPU's shapes and attention."""

    def device(self):
        return jax.devices()[0]


HERE = Here(**vars(replace(TARGETS["h100"], options={})))


@pytest.fixture(scope="module")
def compiled():
    """compiled(rows=None, **fields): a report on the programs of the sample's model."""

    def make(rows=None, **fields):
        config = sample()
        config.update_from_flattened_dict({"data.max_length": 32, **fields})
        config = resolve(config)
        inputs = open_inputs(config, reads_documents=False)
        documents = benchmark.synthetic_documents(config, inputs, 12, 16)
        programs = compile_programs(config, inputs, documents, Length(10, 20), HERE, rows)
        return report(config, inputs.base.shape, "h100", HERE, programs)

    return make


@pytest.mark.slow
def test_the_step_evaluation_and_predict_are_counted(compiled):
    result = compiled(rows=(3, 64))
    step, _, predict = result["programs"]
    assert [p["name"] for p in result["programs"]] == ["step", "evaluation", "predict"]
    assert (step["rows"], step["row_length"], step["documents"]) == (3, 64, 8)
    # 2 layers, 64 wide, 256 inside, of which the last is for first tokens alone.
    layer = 2 * (4 * 64 * 64 + 2 * 64 * 256)
    for program, passes in zip(result["programs"], (3, 1, 1), strict=True):
        counted, estimated = program["compiled"], program["estimated"]
        attention = 4 * 64 * program["row_length"]
        tokens = program["rows"] * program["row_length"]
        whole = passes * 2 * tokens * (layer + attention)
        # Of an evaluation's many documents, each first token is multiplied with all of the batch.
        most = 1.1 if program is step else 2
        assert 0.5 < counted["product_flop"] / whole < most
        assert counted["unknown_loops"] == 0
        assert counted["kernels"] == sum(k["kernels"] for k in counted["kinds"].values())
        assert estimated["seconds"] == pytest.approx(sum(estimated["kinds"].values()))
        assert 0 < estimated["peak_fraction"] < 1
    assert "adam" in step["compiled"]["kinds"]
    assert "adam" not in predict["compiled"]["kinds"]
    said = table(result)
    assert "step for NVIDIA H100" in said
    assert "estimated: ms" in said
    assert result["tokens_per_second"] is None
    json.dumps(result)


def test_rows_are_of_packed_batches(compiled):
    with pytest.raises(UserError, match="--rows: batches that are padded"):
        compiled(rows=(3, 64), **{"model.forward": "padded"})


def test_rows_that_hold_no_batch_are_refused(compiled):
    with pytest.raises(UserError, match="--rows=1x32: no batch fits"):
        compiled(rows=(1, 32))


STORED = {"0.10.2": {"kernels": 231, "bytes": 134_984_480, "float32_products": 7}}  # by JAX
FLAGS = ("--config=configs/demo.py", "--synthetic=135,172", "--compile_for=h100", "--rows=3x512")
MORE = ("--config.data.max_length=512", "--config.model.dtype=bfloat16")


@pytest.mark.slow
def test_two_layers_on_an_h100_cost_what_they_did(tmp_path):
    """Executed kernels, bytes and products of float32: what makes them more is to be known."""
    if find_spec("jax_plugins") is None:
        pytest.skip("XLA's compiler for GPUs is not installed (jax-cuda12-plugin)")
    if jax.__version__ not in STORED:
        pytest.skip(f"another XLA makes other programs: none is stored of JAX {jax.__version__}")
    command = [sys.executable, "-m", "xlt_flax.bench", *FLAGS, *MORE]
    command.append(f"--config.data.data_dir={tmp_path}")
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ)
    assert finished.returncode == 0, finished.stderr[-3000:]
    step = json.loads(finished.stdout.splitlines()[-1])["programs"][0]["compiled"]
    assert {name: step[name] for name in STORED[jax.__version__]} == STORED[jax.__version__]
