"""Text of one's own as its owner brings it: trained, stopped, judged, moved, and refused."""

import csv
import json
import random
import shutil
import sys
from pathlib import Path

import forks
import pytest

ROOT = Path(__file__).parents[1]
WORDS = {  # of each class, in their order
    "bug": {"en": "crash broken error", "de": "absturz kaputt fehler", "ja": "故障 壊れた エラー"},
    "praise": {"en": "great lovely thanks", "de": "toll danke prima", "ja": "最高 感謝 好き"},
    "question": {"en": "how where why", "de": "wie wo warum", "ja": "方法 どこ なぜ"},
}


@pytest.fixture(scope="module")
def tickets(tmp_path_factory) -> Path:
    """Invented tickets: en and de to learn from, ja to be judged by."""
    folder, rng = tmp_path_factory.mktemp("own") / "tickets", random.Random(0)
    folder.mkdir()
    for name, count in (("en.train", 60), ("de.train", 45), ("ja.test", 30)):
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["label", "text"])
            for number in range(count):
                label = list(WORDS)[number % 3]
                words = WORDS[label][name[:2]].split()
                rows.writerow([label, f"{' '.join(rng.choices(words, k=4))} {number}"])
    return folder


@pytest.fixture
def run(tmp_path):
    """run(module, *words): the command line in a folder of its own; what it ended with."""

    def make(module, *words):
        small = (
            *("--config.model.name=xlt_flax:tiny-bert", "--config.model.init=random"),
            *("--config.model.forward=padded", "--config.data.max_length=24"),
            *("--config.train.learning_rate=1e-3", "--config.train.epochs=4"),
            f"--config.data.data_dir={tmp_path / 'data'}",
        )
        given = small if module == "main" else ()
        command = [sys.executable, "-m", f"xlt_flax.{module}", *words[:1], *given, *words[1:]]
        return forks.run(command, cwd=tmp_path)

    return make


def scores(workdir, language="ja"):
    return json.loads((workdir / f"eval/{language}.json").read_text())


@pytest.mark.slow
def test_tickets_are_trained_judged_and_moved(tickets, run, tmp_path):
    own, workdir = shutil.copytree(tickets, tmp_path / "own"), tmp_path / "run"
    trained = run("main", f"--config=configs/files.py:{own}", f"--workdir={workdir}")
    assert trained.returncode == 0, trained.stderr
    config = json.loads((workdir / "config.json").read_text())["config"]
    assert (config["mixture"], config["data"]["target_language"]) == ("de+en", "ja")
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    validations = [line for line in lines if line["split"] == "validation"]
    assert validations[-1]["loss"] < validations[0]["loss"]
    assert validations[-1]["accuracy"] > 0.6  # of three classes of one size

    judged = run("eval", f"--workdir={workdir}")
    assert judged.returncode == 0, judged.stderr
    assert scores(workdir)["n"] == 30
    assert {*scores(workdir)["per_class"]} == {*WORDS}
    predictions = (workdir / "eval/ja.predictions.jsonl").read_text().splitlines()
    assert json.loads(predictions[0])["id"] == "ja.test.csv:1"

    without = run("eval", f"--workdir={workdir}", "--language=en")
    assert without.returncode == 2
    assert "files has no test documents of it (it has train)" in without.stderr

    moved = own.rename(tmp_path / "moved")
    gone = run("eval", f"--workdir={workdir}")
    assert gone.returncode == 2
    assert "config.data.files" in gone.stderr
    assert len(gone.stderr.strip().splitlines()[-1:]) == 1
    again = run("eval", f"--workdir={workdir}", f"--config.data.files={moved}")
    assert again.returncode == 0, again.stderr
    with open(moved / "en.train.csv", "a", encoding="utf-8") as file:
        file.write("bug,one more\n")
    changed = run("eval", f"--workdir={workdir}", f"--config.data.files={moved}")
    assert changed.returncode == 2
    assert "en" in changed.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_test_without_labels_is_predicted(tickets, run, tmp_path):
    own, workdir = shutil.copytree(tickets, tmp_path / "own"), tmp_path / "run"
    (own / "ja.test.csv").unlink()
    (own / "ja.test.txt").write_text("故障 壊れた\n\n最高\n", "utf-8")
    trained = run(
        "main",
        *(f"--config=configs/files.py:{own}", f"--workdir={workdir}"),
        "--config.train.max_steps=2",
    )
    assert trained.returncode == 0, trained.stderr
    judged = run("eval", f"--workdir={workdir}")
    assert judged.returncode == 0, judged.stderr
    lines = (workdir / "eval/ja.predictions.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"ja.test.txt:{row}" for row in (1, 2, 3)]
    assert all(json.loads(line)["label"] is None for line in lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([""], "config.data.files is '': give a folder"),
        (["missing"], "missing"),
        (["own", "--config.mixture=en+fr"], "names fr: give one of"),
        (["own", "--config.data.target_language=ko"], "ko"),
        (["own", "--config.data.dataset=webis_cls10"], "configs/files.py"),
        (["own", "--config.train.class_weights=bugs=2"], "bugs"),
    ],
)
def test_what_is_refused_is_one_line(tickets, run, tmp_path, words, said):
    shutil.copytree(tickets, tmp_path / "own")
    ended = run("main", f"--config=configs/files.py:{words[0]}", *words[1:])
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr.strip().splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert not [*tmp_path.glob("runs/*/*")]
