"""The benchmark's command line: what it prints, and that it needs no TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SMALL = ("--config.data.max_length=32", "--config.data.train_per_group=15", "--steps=2")
FIELDS = {
    *("documents_per_second", "tokens_per_second", "padding_fraction", "median_seconds"),
    *("compile_seconds", "parameters", "flops_per_step", "peak_fraction", "peak_memory_bytes"),
    *("step_memory_bytes", "step_temporary_bytes", "device", "versions"),
}


def run(module, *arguments, python_flags=()):
    command = [sys.executable, *python_flags, "-m", f"xlt_flax.{module}", *arguments]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return finished


@pytest.fixture(scope="module")
def demo(sample_data_dir):
    """The demo's data, prepared."""
    flags = ("--config=configs/demo.py", f"--config.data.data_dir={sample_data_dir}", *SMALL[:-1])
    lines = run("prepare", *flags).stdout.splitlines()
    assert lines[-1].startswith("ja test: 120 documents, ")
    return flags


@pytest.mark.parametrize(
    "source", [(), pytest.param(("--synthetic=12,16",), marks=pytest.mark.slow)]
)
def test_the_last_line_is_json_and_tensorflow_is_not_imported(demo, source):
    finished = run("bench", *demo, SMALL[-1], *source, python_flags=("-X", "importtime"))
    result = json.loads(finished.stdout.splitlines()[-1])
    assert result.keys() >= FIELDS
    assert 0 <= result["padding_fraction"] < 1
    imported = {line.split("|")[-1].strip() for line in finished.stderr.splitlines()}
    assert "jax" in imported
    # Parameters and both moments are float32.
    assert result["step_memory_bytes"] > 12 * result["parameters"] + result["step_temporary_bytes"]
    assert "tensorflow" not in imported


@pytest.mark.slow
def test_without_steps_it_is_compiled_alone(demo):
    """And needs the memory that it needs when it runs."""
    told = run("bench", *demo, "--steps=0", "--synthetic=12,16").stdout.splitlines()
    result = json.loads(told[-1])
    assert "not timed" in told[-2]
    assert result.keys() >= FIELDS
    assert result["median_seconds"] is result["tokens_per_second"] is None
    assert result["steps"] == 0 < result["flops_per_step"]
    ran = json.loads(run("bench", *demo, "--steps=1", "--synthetic=12,16").stdout.splitlines()[-1])
    same = ("parameters", "flops_per_step", "step_memory_bytes", "step_temporary_bytes")
    assert [result[name] for name in same] == [ran[name] for name in same]


@pytest.mark.slow
def test_compare_times_four_ways_on_the_same_batches(demo):
    finished = run("bench", *demo, SMALL[-1], "--compare")
    results = json.loads(finished.stdout.splitlines()[-1])
    ways = [(r["forward"], r["vocabulary"]) for r in results]
    assert ways == [
        *(("padded", "full"), ("padded", "active"), ("packed", "full"), ("packed", "active"))
    ]
    assert len({r["flops_per_step"] for r in results}) == 1
    assert results[3]["parameters"] < results[0]["parameters"]
