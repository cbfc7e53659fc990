"""Times text of one's own from a CSV file to a trained model, each command in a process of its own.

    python benchmarks/own_text.py --documents=100000
    python benchmarks/own_text.py --documents=1000000 --keep=/tmp/own_text

Writes a CSV file of made-up documents of 5 to 60 words, then: `prepare`, `prepare` again (a second
start), and `main` for 200 updates of a tiny model of random weights. Prints one JSON object: for
each its seconds, CPU seconds and peak resident memory; for the first documents a second as well.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS = 200
LABELS = ("bug", "praise", "question")


def write(path: Path, count: int, seed: int) -> None:
    """`count` documents, drawn by a seed: id, text, label."""
    rng = random.Random(seed)
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "rt", "st", "la")]
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "label"])
        for number in range(count):
            text = " ".join(rng.choices(words, k=rng.randint(5, 60)))
            rows.writerow([number, text, LABELS[number % len(LABELS)]])


def measured(module: str, folder: Path, *arguments: str) -> dict[str, float]:
    """Seconds, CPU seconds, and peak resident MiB of one command line."""
    command = [sys.executable, "-m", f"xlt_flax.{module}", *arguments]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    if process.returncode or status:
        sys.exit(f"{' '.join(command)} ended with status {status}")
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mib": round(usage.ru_maxrss / 1024),  # Linux counts KiB
    }


def measure(folder: Path, documents: int, seed: int) -> dict[str, object]:
    data = folder / "own"
    data.mkdir(parents=True)
    write(data / "en.train.csv", documents, seed)
    write(data / "de.validation.csv", 1000, seed + 1)
    write(data / "en.validation.csv", 1000, seed + 2)
    write(data / "ja.test.csv", 1000, seed + 3)
    config = (
        f"--config=configs/files.py:{data}",
        f"--config.data.data_dir={folder / 'data'}",
        "--config.model.name=xlt_flax:tiny-bert",
        "--config.model.init=random",
        "--config.data.max_length=64",
        "--config.mixture=en",
        f"--config.train.max_steps={STEPS}",
    )
    first = measured("prepare", folder, *config)
    return {
        "documents": documents,
        "mib": round((data / "en.train.csv").stat().st_size / 2**20),
        "prepare": first | {"documents_per_second": round(documents / first["seconds"])},
        "prepare_again": measured("prepare", folder, *config),
        f"train_{STEPS}": measured("main", folder, *config, f"--workdir={folder / 'run'}"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a new folder for all that is made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).absolute()
        print(json.dumps(measure(folder, given.documents, given.seed)))


if __name__ == "__main__":
    main()
