"""The whole way on text of one's own: a folder of files, a sweep, its report."""

import csv
import random
import sys
from pathlib import Path

import forks
import pytest

ROOT = Path(__file__).parents[3]
SMALL = (
    "--config.model.name=xlt_flax:tiny-bert",
    "--config.model.init=random",
    "--config.model.forward=padded",  # compiles faster
    "--config.data.max_length=24",
    "--config.train.learning_rate=1e-3",
    "--config.train.epochs=3",
)
CLASSES = ("bug", "praise", "question")
WORDS = {  # of each class, in their order
    "en": ("crash broken error", "great lovely thanks", "how where why"),
    "de": ("absturz kaputt fehler", "toll danke prima", "wie wo warum"),
    "ja": ("故障 壊れた エラー", "最高 ありがとう 好き", "方法 どこ なぜ"),
    "ko": ("고장 오류 충돌", "최고 감사 좋아요", "어떻게 어디 왜"),
}
SPLITS = {"en": {"train": 45}, "de": {"train": 45}, "ja": {"train": 30, "test": 30},
          "ko": {"test": 30}}  # fmt: skip


@pytest.fixture
def tickets(tmp_path) -> Path:
    """Invented tickets of three classes: en and de to learn from, ja and ko to be judged by."""
    folder, rng = tmp_path / "tickets", random.Random(0)
    folder.mkdir()
    for language, splits in SPLITS.items():
        for split, count in splits.items():
            with open(
                folder / f"{language}.{split}.csv", "w", newline="", encoding="utf-8"
            ) as file:
                writer = csv.writer(file)
                writer.writerow(["label", "text"])
                for number in range(count):
                    text = " ".join(rng.choices(WORDS[language][number % 3].split(), k=4))
                    writer.writerow([CLASSES[number % 3], f"{text} {split} {number}"])
    return folder


def run(module, *words):
    command = [sys.executable, "-m", f"xlt_flax.{module}", *words]
    finished = forks.run(command, cwd=ROOT)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.slow
def test_a_folder_of_files_is_swept_and_reported(tickets, tmp_path):
    pytest.importorskip("sklearn")
    study = tmp_path / "study"
    words = (
        f"--config=configs/files.py:{tickets}",
        f"--config.data.data_dir={tmp_path / 'data'}",
        f"--workdir={study}",
        "--mixtures=en,en+de",
        "--targets=ja,ko",
        "--then=ja:0,ja:12",
        *SMALL,
    )
    plan = run("sweep", *words, "--dry_run").splitlines()
    names = ("en", "en+de", "ja", "en-then-ja:12", "en+de-then-ja:12")
    assert [line.split()[1] for line in plan[:-1]] == [f"{name}-seed50" for name in names]
    assert not study.exists()
    done = run("sweep", *words)
    assert done.count("ja accuracy") == done.count("ko accuracy") == 5
    assert "5 of 5 runs are done" in run("sweep", *words)

    said = run("report", f"--workdir={study}", "--texts")
    shown = (study / "report" / "tables.md").read_text()
    assert "- For Japanese: en" in said
    assert "- For Japanese: en" in shown
    assert "- For Korean: en" in shown
    assert "- A little of Japanese: en" in shown
    (ceiling,) = [line for line in shown.splitlines() if line.startswith("| the target itself")]
    japanese, _, ngrams, *korean = (cell.strip() for cell in ceiling.split("|")[2:-1])
    assert japanese.startswith((".", "1"))
    assert float(ngrams) > 0.9  # its words are those of its test
    assert korean[0] == "—"  # no Korean file to learn from
    assert "### The most certain mistakes on Korean" in shown
    assert any(word in shown for word in " ".join(WORDS["ko"]).split())
    report = study / "report"
    assert (report / "target_documents.svg").exists()
    assert len(list((study / "baseline").iterdir())) == 3

    run("report", f"--workdir={study}")
    again = (study / "report" / "tables.md").read_text()
    assert not any(word in again for word in " ".join(WORDS["ko"]).split())
