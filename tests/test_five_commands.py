"""README's five commands, from a CSV to PyTorch's pipeline, copied into a shell as they stand."""

import csv
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
# What README's reader has and this machine has not: weights, and time.
TINY = (
    "--config.model.name=xlt_flax:tiny-bert --config.model.init=random --config.data.max_length=32 "
    "--config.train.max_steps=4"
)


def commands() -> list[str]:
    lines = iter(README.read_text("utf-8").splitlines())
    assert any("in five commands:" in line for line in lines)
    assert next(lines) == ""
    return [next(lines).strip() for _ in range(5)]


@pytest.fixture
def tickets(shared_folder, tmp_path):
    """A folder as README asks for, of SIB-200's sentences; returns the Japanese ones."""
    (tmp_path / "tickets").mkdir()
    written = {}
    for name in ("en.train", "de.train", "ja.test"):
        source = shared_folder / "data" / "sib-200" / f"{name}.tsv"
        with open(source, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        written[name] = [{"text": row["text"], "label": row["category"]} for row in rows]
        write(tmp_path / "tickets" / f"{name}.csv", written[name])
    new = [{"number": n, "text": row["text"]} for n, row in enumerate(written["ja.test"][:50])]
    write(tmp_path / "new.csv", new)
    return new


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def run(command, folder, python=sys.executable):
    words = shlex.split(command)
    assert words[0] == "python"
    done = subprocess.run([python, *words[1:]], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_from_a_csv_to_pytorchs_pipeline(tickets, tmp_path, sample_data_dir):
    train, judge, predict, export, pipeline = commands()
    run(f"{train} {TINY} --config.data.data_dir={shlex.quote(str(sample_data_dir))}", tmp_path)
    assert "ja " in run(judge, tmp_path)
    run(predict, tmp_path)
    labelled = read(tmp_path / "labelled.csv")
    assert [(row["number"], row["text"]) for row in labelled] == [
        (str(row["number"]), row["text"]) for row in tickets
    ]
    classes = {row["label"] for row in read(tmp_path / "tickets" / "en.train.csv")}
    assert {row["label"] for row in labelled} <= classes
    assert classes < labelled[0].keys()  # a column of each one's probability
    assert all(0 < float(row["probability"]) <= 1 for row in labelled)
    run(export, tmp_path)
    if python := os.environ.get("XLT_FLAX_TORCH_PYTHON"):
        assert "label" in run(pipeline, tmp_path, python)
