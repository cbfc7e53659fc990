"""A submission of any number of pages, in bounded memory; by the command that users start."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from peak_memory import MEASURED
from shinra_files import dump_lines, page_line

import xlt_flax

ROOT = Path(__file__).parents[2]
COUNTS = [
    pytest.param(10_000, marks=pytest.mark.slow),
    pytest.param(1_000_000, marks=pytest.mark.soak),
]


def write(folder, count):
    """Target lines, and a dump with their pages and as many others, in another order."""
    with open(folder / "target.jsonl", "w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(page_line(number))}\n" for number in range(count))
    numbers = list(range(2 * count))
    random.Random(count).shuffle(numbers)
    with gzip.open(folder / "dump.json.gz", "wt", compresslevel=1, encoding="utf-8") as file:
        for number in numbers:
            lines = dump_lines((number, f"題{number}", f"本文{number}は作家である。" * 4))
            file.writelines(f"{json.dumps(line)}\n" for line in lines)


@pytest.mark.parametrize("count", COUNTS)
def test_memory_does_not_grow_with_the_pages(tmp_path, count):
    write(tmp_path, count)
    given = {"data__data_dir": str(tmp_path / "data"), "data__max_length": 8}
    run = xlt_flax.train(
        "configs/shinra_demo.py:ja", workdir=tmp_path / "run", train__max_steps=2, **given
    )
    command = [
        *(sys.executable, "-c", MEASURED, sys.executable, "-m", "xlt_flax.predict"),
        *(f"--workdir={run.workdir.path}", "--format=shinra", "--system=mine"),
        *(f"--input={tmp_path / 'target.jsonl'}", f"--dump={tmp_path / 'dump.json.gz'}"),
        f"--output={tmp_path / 'said.jsonl'}",
    ]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    peak = int(finished.stdout.split()[-1]) * 1024  # Linux counts KiB
    number = -1
    with open(tmp_path / "said.jsonl", encoding="utf-8") as said:
        for number, line in enumerate(said):
            assert f'"page_id": "{number}"' in line
            assert '"ENE": "' in line
    assert number + 1 == count
    assert peak < 1e9, f"{peak:,}"  # of whatever count; most of it is the libraries
    print(f"{count:,} pages: {peak:,} bytes")
