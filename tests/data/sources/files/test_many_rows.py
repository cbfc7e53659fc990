"""As many rows as one likes: memory is bounded, a killed preparation leaves nothing half-made, two
at once share one; by the command that users start."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from peak_memory import MEASURED

ROOT = Path(__file__).parents[4]
COUNTS = [
    pytest.param(100_000, marks=pytest.mark.slow),
    pytest.param(1_000_000, marks=pytest.mark.soak),
]


@pytest.fixture
def prepare(tmp_path):
    """prepare(count, *before): starts `python -m xlt_flax.prepare` of as many documents of 5 to 60
    words, by another command where that is given."""
    folder = tmp_path / "own"

    def make(count, *before):
        if not folder.exists():
            folder.mkdir()
            _write(folder / "en.train.csv", count)
            _write(folder / "en.validation.csv", 100)
            _write(folder / "ja.test.csv", 100)
        command = [
            *(*before, sys.executable, "-m", "xlt_flax.prepare"),
            *(f"--config=configs/files.py:{folder}", "--config.mixture=en"),
            *("--config.model.name=xlt_flax:tiny-bert", "--config.model.init=random"),
            *("--config.data.max_length=64", f"--config.data.data_dir={tmp_path / 'data'}"),
        ]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    return make


def _write(path, count):
    rng = random.Random(path.name)
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "rt", "st")]
    with open(path, "w", encoding="utf-8") as file:
        file.write("text,label\n")
        for number in range(count):
            text = " ".join(rng.choices(words, k=rng.randint(5, 60)))
            file.write(f"{number} {text},{'abc'[number % 3]}\n")


def _finished(process) -> tuple[str, int]:
    """What a measured command printed, and its peak memory in bytes (Linux counts KiB)."""
    printed, _ = process.communicate()
    assert process.returncode == 0
    output, _, peak = printed.strip().rpartition("\n")
    return output, int(peak) * 1024


def _stores(data_dir):
    """{name: when it was made} of finished token stores."""
    return {path.parent.name: path.stat().st_mtime_ns for path in data_dir.glob("*/*/meta.json")}


@pytest.mark.parametrize("count", COUNTS)
def test_many_rows_are_prepared_whatever_happens(prepare, tmp_path, count):
    data_dir, tokens = tmp_path / "data", tmp_path / "data/xlt_flax_tokens"
    killed = prepare(count)
    while not list(tokens.glob(".*.tmp/*.npy")) and killed.poll() is None:
        pass  # until it writes; it must be killed before it is done
    assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    before = _stores(data_dir)
    assert all(len(json.loads(p.read_text())["sha256"]) for p in tokens.glob("*/meta.json"))

    measured = (sys.executable, "-c", MEASURED)
    two = [prepare(count, *measured), prepare(count, *measured)]
    (output, peak), (other, _) = [_finished(process) for process in two]
    assert output == other
    assert f"en train: {count} documents" in output
    assert not list(tokens.glob(".*.tmp"))
    assert peak < 1e9  # of whatever count; most of it is the libraries
    made = _stores(data_dir)
    assert len(made) == 3  # one a split: the two shared them
    assert before.items() <= made.items()

    again, _ = _finished(prepare(count, *measured))
    assert again == output
    assert _stores(data_dir) == made  # nothing is made again
