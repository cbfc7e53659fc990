"""As many rows as one likes, in bounded memory; by the command that users start."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from peak_memory import MEASURED

ROOT = Path(__file__).parents[2]
COUNTS = [
    pytest.param(100_000, marks=pytest.mark.slow),
    pytest.param(1_000_000, marks=pytest.mark.soak),
]


def write(path, count):
    rng = random.Random(count)
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "rt", "st")]
    with open(path, "w", encoding="utf-8") as file:
        file.write("number,text\n")
        for number in range(count):
            file.write(f"{number},{' '.join(rng.choices(words, k=rng.randint(1, 12)))}\n")


@pytest.mark.parametrize("count", COUNTS)
def test_memory_does_not_grow_with_the_rows(trained_runs, tmp_path, count):
    write(tmp_path / "many.csv", count)
    command = [
        *(sys.executable, "-c", MEASURED, sys.executable, "-m", "xlt_flax.predict"),
        f"--workdir={trained_runs.first.path}",
        f"--input={tmp_path / 'many.csv'}",
        f"--output={tmp_path / 'said.csv'}",
    ]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    peak = int(finished.stdout.split()[-1]) * 1024  # Linux counts KiB
    with open(tmp_path / "said.csv", encoding="utf-8") as said:
        assert next(said) == "number,text,label,probability,negative,positive\n"
        rows = 0
        for rows, line in enumerate(said, 1):
            assert line.startswith(f"{rows - 1},")
    assert rows == count
    assert peak < 1e9, f"{peak:,}"  # of whatever count; most of it is the libraries
    print(f"{count:,} rows: {peak:,} bytes")
