"""`python -m xlt_flax.predict` as users start it."""

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import forks
import numpy as np
import pytest
from shinra_files import dump_lines, page_line, write

from xlt_flax import api
from xlt_flax.data.sources import find_source

ROOT = Path(__file__).parents[2]
_SUBMITTING = ["--model=m", "--format=shinra", "--system=mine", "--output=o.jsonl"]
IN_SMALL_WINDOWS = "from xlt_flax.prediction import predict; predict.WINDOW = 32"


def command(run, *words):
    return [sys.executable, "-m", "xlt_flax.predict", f"--workdir={run}", *words]


def ended(arguments, expect=0, **options):
    finished = forks.run(arguments, cwd=ROOT, **options)
    assert finished.returncode == expect, finished.stderr
    return finished


def complaint(arguments):
    """The one line of what is refused."""
    told = ended(arguments, expect=2).stderr.strip().splitlines()
    assert len(told) == 1, told
    return told[0]


@pytest.fixture(scope="module")
def run(trained_runs):
    return trained_runs.first.path


@pytest.fixture(scope="module")
def reviews(trained_runs, tmp_path_factory):
    """A csv file of the documents that the run is judged on, and their rows."""
    data = trained_runs.first.read_config().data
    source = find_source(data)
    rows = [
        (example.id, example.texts[0], source.labels.names[example.labels[0]])
        for example in source.examples("ja", "test")
    ]
    path = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "text", "rating"), *rows])
    return path, rows


def jsonl(path):
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


@pytest.mark.slow
def test_it_says_what_eval_says(run, trained_runs, reviews, tmp_path):
    """Started with its imports, as users do."""
    words = (f"--input={reviews[0]}", f"--output={tmp_path / 'o.jsonl'}")
    ids = ("--id=review", "--label_column=rating")
    finished = subprocess.run(command(run, *words, *ids), cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    scores = api.evaluate(run, ["ja"], places={"model.name": str(trained_runs.model)})["ja"]
    assert f"accuracy {scores['accuracy']:.4f}" in finished.stdout
    assert finished.stdout.startswith(f"{scores['n']} documents predicted, written to")
    judged = json.loads((tmp_path / "o.jsonl.scores.json").read_text())
    for name in ("n", "accuracy", "macro_f1", "per_class", "confusion", "majority"):
        assert judged[name] == scores[name]
    for name in ("ece", "loss"):
        assert judged[name] == pytest.approx(scores[name], abs=1e-6)
    said, expected = jsonl(tmp_path / "o.jsonl"), jsonl(trained_runs.first.predictions("ja"))
    assert [line["id"] for line in said] == [line["id"] for line in expected]
    found = [[*line["probabilities"].values()] for line in said]
    np.testing.assert_allclose(found, [line["probabilities"] for line in expected], atol=1e-6)
    assert [line["label"] for line in said] == [line["prediction"] for line in expected]
    assert [line["rating"] for line in said] == [line["label"] for line in expected]


@pytest.mark.slow
def test_from_standard_input_to_standard_output(run):
    filter_ = command(run, "--input=-", "--output=-", "--format=csv", "--top_k=1")
    with forks.Forked(
        filter_, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        output, error = process.communicate("text,n\n良い,1\n,2\n".encode())
    assert process.returncode == 0, error
    rows = [*csv.reader(output.decode().splitlines())]
    header = ["text", "n", "label", "probability", "class_1", "probability_1"]
    assert [rows[0], [row[:2] for row in rows[1:]]] == [header, [["良い", "1"], ["", "2"]]]
    assert b"2 documents predicted" in error  # not among the rows


@pytest.mark.slow
def test_who_has_read_enough_is_not_told_of_it(run, tmp_path):
    (tmp_path / "a.txt").write_text("text\n" * 4000)
    process = forks.Forked(
        command(run, f"--input={tmp_path / 'a.txt'}", "--output=-"),
        prelude=IN_SMALL_WINDOWS,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert json.loads(process.stdout.readline())["id"] == "a.txt:1"
        process.stdout.close()
        told = process.stderr.read().decode()
    assert process.returncode == 141
    lines = [line for line in told.splitlines() if not line[:4].isdecimal()]  # no log
    assert lines == []


@pytest.mark.slow
@pytest.mark.parametrize("output", ["-", "/dev/full"])
def test_a_full_device(run, tmp_path, output):
    (tmp_path / "a.txt").write_text("text\n")
    words = command(run, f"--input={tmp_path / 'a.txt'}", f"--output={output}")
    with (
        open("/dev/full", "w") as full,
        forks.Forked(words, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True) as process,
    ):
        told = process.stderr.read().splitlines()
    assert process.returncode == 1
    lines = [line for line in told if not line[:4].isdecimal()]  # no log
    assert len(lines) == 1, lines
    place = "standard output" if output == "-" else output
    assert lines[0].startswith(f"xlt_flax: No space left on device: {place}: make room")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--input=a.txt", "--output=-"], "give the model: --workdir=DIR of a run, or --model="),
        (
            ["--workdir=gone", "--input=-", "--output=-"],
            "gone is not a workdir: it has no",
        ),
        (["--workdir=w", "--model=m", "--input=-", "--output=-"], "give the model: --workdir="),
        (["--model=m", "--input=gone", "--output=-"], "--input: .*gone is not there: give a"),
        (["--model=m", "--input=-", "--output=-", "--shard=4/4"], "--shard=4/4: give I/N"),
        (["--model=m", "--input=-", "--output=-", "--long=cut"], "--long"),
        (["--model=m", "--output=-"], "--input"),
        (
            ["--model=m", "--input=-", "--output=o", "--dump=d"],
            "--dump is of a submission, --format=",
        ),
        (["--model=m", "--input=t", "--output=o", "--format=shinra"], "give --dump=FILE --system="),
        (
            [*_SUBMITTING, "--input=t", "--dump=d", "--threshold=.5"],
            "--threshold is of tables, and --format=shinra is none: leave it out",
        ),
        ([*_SUBMITTING, "--input=gone", "--dump=d"], "--input: .*gone is no file that is there"),
    ],
)
def test_what_is_refused_is_one_line(words, told):
    line = complaint([sys.executable, "-m", "xlt_flax.predict", *words])
    assert line.startswith("xlt_flax: ")
    assert re.search(told, line), line


# ---- Killed --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(reviews, tmp_path_factory):
    """The same documents again and again: 45 windows."""
    path = tmp_path_factory.mktemp("many") / "many.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "text", "rating"), *(reviews[1] * 12)])
    return path


@pytest.fixture(scope="module")
def undisturbed(run, many, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed") / "o.csv"
    words = (f"--input={many}", f"--output={output}", "--label_column=rating")
    ended(command(run, *words), prelude=IN_SMALL_WINDOWS)
    return output


@pytest.mark.parametrize(
    "kills",
    [pytest.param(3, marks=pytest.mark.slow), pytest.param(20, marks=pytest.mark.soak)],
)
def test_killed_it_goes_on_to_the_same_bytes(run, many, undisturbed, tmp_path, kills):
    """After one to three windows more each time; the last time it is left alone."""
    output, rng = tmp_path / "o.csv", random.Random(kills)
    words = command(run, f"--input={many}", f"--output={output}", "--label_column=rating")
    parts, done, went_on = tmp_path / ".o.csv.parts", 0, 0
    for _ in range(kills):
        process = forks.Forked(
            words, prelude=IN_SMALL_WINDOWS, cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        wanted = done + rng.randint(1, 3)
        while len([*parts.glob("*.npz")]) < wanted and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        told = process.communicate()[1]
        if output.exists():  # it was done before
            break
        assert process.returncode == -signal.SIGKILL, told
        went_on += f"going on after {done * 32:,} documents" in told if done else 0
        done = len([*parts.glob("*.npz")])
        assert done >= wanted
    assert went_on >= min(kills - 1, 2)
    ended(words, prelude=IN_SMALL_WINDOWS)
    for name in ("o.csv", "o.csv.scores.json"):
        assert (tmp_path / name).read_bytes() == (undisturbed.parent / name).read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["o.csv", "o.csv.scores.json"]


@pytest.fixture(scope="module")
def submitting(run, trained_runs, tmp_path_factory):
    """What submits: a model whose classes are ENE ids, pages and their texts."""
    folder = tmp_path_factory.mktemp("submitting")
    api.export(run, folder / "model", places={"model.name": str(trained_runs.model)})
    config = json.loads((folder / "model/config.json").read_text())
    config |= {"id2label": {"0": "1.1", "1": "1.7.19.13"}, "label2id": {"1.1": 0, "1.7.19.13": 1}}
    (folder / "model/config.json").write_text(json.dumps(config))
    write(folder / "target.jsonl", [page_line(id) for id in range(300)])
    pages = [(id, f"頁 {id}", f"本文 {id}") for id in range(400, -1, -1) if id % 7]
    write(folder / "dump.json.gz", dump_lines(*pages))
    words = (
        *(f"--model={folder / 'model'}", "--format=shinra", "--system=mine", "--month=202611"),
        *(f"--input={folder / 'target.jsonl'}", f"--dump={folder / 'dump.json.gz'}"),
    )
    return [sys.executable, "-m", "xlt_flax.predict", *words]


@pytest.mark.slow
def test_a_submission_that_is_killed_goes_on_to_the_same_bytes(submitting, tmp_path):
    output, whole, parts = (
        tmp_path / name for name in ("o.jsonl", "whole.jsonl", ".o.jsonl.parts")
    )
    words = [*submitting, f"--output={output}"]
    process = forks.Forked(words, prelude=IN_SMALL_WINDOWS, cwd=ROOT, stderr=subprocess.PIPE)
    while len([*parts.glob("*.npz")]) < 2 and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    finished = ended(words, prelude=IN_SMALL_WINDOWS)
    assert "going on after" in finished.stderr
    assert "43 of them have no text in the dump" in finished.stdout
    ended([*submitting, f"--output={whole}"], prelude=IN_SMALL_WINDOWS)
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["o.jsonl", "whole.jsonl"]
    lines = jsonl(output)
    assert [line["page_id"] for line in lines] == [str(id) for id in range(300)]
    assert [id for id, line in enumerate(lines) if not line["ENEs"]] == [*range(0, 300, 7)]
