"""Own text as users bring it: a folder of files, `main`, `eval`; files that moved or changed."""

import csv
import json
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import forks
import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
SMALL = (
    "--config.model.name=xlt_flax:tiny-bert",
    "--config.model.init=random",
    "--config.model.forward=padded",  # compiles faster
    "--config.data.max_length=24",
    "--config.train.learning_rate=2e-3",
    "--config.train.epochs=4",
    "--config.train.batch_size=16",
)
CLASSES = ("bug", "praise", "question")
WORDS = {  # of each class, in their order
    "en": ("crash broken error", "great lovely thanks", "how where why"),
    "de": ("absturz kaputt fehler", "toll danke prima", "wie wo warum"),
    "ja": ("故障 壊れた エラー", "最高 ありがとう 好き", "方法 どこ なぜ"),
}
FILES = {"en.train": 90, "de.train": 60, "de.validation": 15, "ja.test": 30, "ja.unlabeled": 6}


def sentences(language, split, count):
    """(text, label) of made-up sentences; the classes take turns."""
    rng = random.Random(f"{language} {split}")
    for number in range(count):
        words = rng.choices(WORDS[language][number % 3].split(), k=4)
        yield f"{' '.join(words)} {split} {number}", CLASSES[number % 3]


def write(path, rows, header=("text", "label")):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def main(files, workdir, data_dir, *words):
    return [
        *(sys.executable, "-m", "xlt_flax.main"),
        f"--config=configs/files.py:{files}",
        f"--workdir={workdir}",
        f"--config.data.data_dir={data_dir}",
        *SMALL,
        *words,
    ]


def run(command, expect=0):
    finished = forks.run(command, cwd=ROOT)
    assert finished.returncode == expect, finished.stderr
    return finished


def judge(workdir, *words, expect=0):
    command = [sys.executable, "-m", "xlt_flax.eval", f"--workdir={workdir}", *words]
    return run(command, expect)


def refusal(workdir, *words):
    told = judge(workdir, *words, expect=2).stderr.strip()
    assert len(told.splitlines()) == 1
    return told


def metrics(workdir, split):
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["split"] == split]


@pytest.fixture(scope="module")
def tickets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "tickets"
    folder.mkdir()
    for name, count in FILES.items():
        write(folder / f"{name}.csv", sentences(*name.split("."), count))
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def trained(tickets, data_dir, tmp_path_factory):
    """The workdir of a run on English and German, which was judged."""
    workdir = tmp_path_factory.mktemp("trained") / "run"
    run(main(tickets, workdir, data_dir))
    judge(workdir)
    return workdir


@pytest.fixture
def moved(tickets, trained, tmp_path):
    """The files in another folder, with nothing where they were."""
    away = tmp_path / "away"
    shutil.copytree(tickets, tmp_path / "new")
    tickets.rename(away)
    yield tmp_path / "new"
    away.rename(tickets)


def judged(workdir, language="ja"):
    found = json.loads((workdir / "eval" / f"{language}.json").read_text())
    return {name: value for name, value in found.items() if name != "seconds"}


def test_it_learns_from_the_mixture_of_all_sources(trained):
    losses = [line["loss"] for line in metrics(trained, "train")]
    assert losses[-1] < 0.8 * losses[0]
    validated = metrics(trained, "validation")[-1]
    commonest = max(Counter(label for _, label in sentences("de", "validation", 15)).values()) / 15
    assert validated["accuracy"] > commonest + 0.2
    spent = json.loads((trained / "audit.json").read_text())["groups"]
    documents = {
        language: (part["train"]["documents"], part["validation"]["documents"])
        for language, part in spent.items()
    }
    assert documents == {"de": (60, 15), "en": (81, 9)}  # German has a validation file


def test_it_is_judged_on_the_target_in_the_files_own_words(trained):
    found = judged(trained)
    assert (found["n"], found["unlabeled"]) == (30, 0)
    assert list(found["per_class"]) == list(CLASSES)
    lines = (trained / "eval/ja.predictions.jsonl").read_text().splitlines()
    expected = [(f"ja.test.csv:{n + 1}", CLASSES[n % 3]) for n in range(30)]
    assert [(line["id"], line["label"]) for line in map(json.loads, lines)] == expected


def test_files_that_moved_are_named_anew(trained, moved):
    before = judged(trained)
    assert "config.data.files" in refusal(trained)
    judge(trained, f"--config.data.files={moved}")
    assert judged(trained) == before


@pytest.mark.parametrize("name", ["en.train.csv", "ja.test.csv"])
def test_files_that_were_changed_are_refused(name, trained, moved):
    with open(moved / name, "a", encoding="utf-8") as file:
        file.write("one more,bug\n")
    told = refusal(trained, f"--config.data.files={moved}")
    assert f"the {name.split('.')[0]}/{name.split('.')[1]} documents of files" in told
    assert "are not those that" in told


def test_a_language_without_a_test_set_is_not_judged(trained):
    told = refusal(trained, "--language=en")
    assert "files has no test documents of it (it has train): name a language that has" in told


def test_a_test_set_without_labels_is_predicted_and_not_judged(trained, moved):
    write(moved / "ko.test.csv", [["고장 오류"], ["최고 감사"]], header=["text"])
    shown = judge(trained, f"--config.data.files={moved}", "--language=ko").stdout
    assert "none of 2 documents has a label: they are predicted, and not judged" in shown
    found = judged(trained, "ko")
    assert (found["n"], found["unlabeled"], found["accuracy"]) == (0, 2, None)
    lines = (trained / "eval/ko.predictions.jsonl").read_text().splitlines()
    assert all(json.loads(line)["prediction"] in CLASSES for line in lines)


def test_a_run_that_was_stopped_goes_on_to_the_same(trained, tickets, data_dir, tmp_path):
    workdir = tmp_path / "run"
    command = main(tickets, workdir, data_dir)
    with forks.Forked(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as stopped:
        for line in stopped.stderr:
            if "epoch 2, step" in line:
                stopped.send_signal(signal.SIGTERM)
                break
        stopped.communicate()
    assert stopped.returncode
    assert not (workdir / "DONE").exists()
    assert "going on from checkpoint" in run(command).stderr
    assert (workdir / "metrics.jsonl").read_bytes() == (trained / "metrics.jsonl").read_bytes()


def test_pairs_of_a_toml_file(data_dir, tmp_path):
    for name, count in (("en.train", 60), ("ja.test", 12)):
        rows = [(*text.split(" ", 1), label) for text, label in sentences(*name.split("."), count)]
        write(tmp_path / f"{name}.csv", rows, header=["title", "body", "kind"])
    (tmp_path / "tickets.toml").write_text(
        'text = ["title", "body"]\npair = true\nlabel = "kind"\nfolder = "."\n'
    )
    workdir = tmp_path / "run"
    run(main(tmp_path / "tickets.toml", workdir, data_dir, "--config.train.max_steps=8"))
    judge(workdir)
    assert judged(workdir)["n"] == 12
    losses = [line["loss"] for line in metrics(workdir, "train")]
    assert losses[-1] < losses[0]
    stores = [json.loads(p.read_text()) for p in data_dir.glob("xlt_flax_tokens/*/meta.json")]
    with_pairs = [
        m["made_from"]["source"]["split"] for m in stores if "second_starts.npy" in m["sha256"]
    ]
    assert sorted(with_pairs) == ["test", "train"]
