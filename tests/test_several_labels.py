"""Own text whose documents may have several labels, end to end: `main`, `eval`, `predict`,
`export`, `report`."""

import csv
import json
import random
import sys
from pathlib import Path

import forks
import numpy as np
import pytest

import xlt_flax

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
WORDS = {
    "price": "cheap costly bargain",
    "sound": "loud noisy melody",
    "story": "plot hero ending",
}
NAMES = [*WORDS]
FILES = {"en": (["train", "validation"], 90), "de": (["train"], 60), "ja": (["test"], 30)}
TOML = """
labels_separator = ";"
train = {en = "en.train.csv", de = "de.train.jsonl"}
validation = {en = "en.validation.csv"}
test = {ja = "ja.test.csv"}
"""


def documents(language, split, count):
    """(text, labels): one, two or none of them, each with a word of its own."""
    rng = random.Random(f"{language} {split}")
    for number in range(count):
        labels = sorted(rng.sample(NAMES, k=(1, 2, 1, 0)[number % 4]))
        words = [rng.choice(WORDS[label].split()) for label in labels for _ in range(3)]
        yield f"{' '.join(words)} {split} {number}", labels


def run(program, *words, expect=0):
    ended = forks.run([sys.executable, "-m", f"xlt_flax.{program}", *map(str, words)], cwd=ROOT)
    assert ended.returncode == expect, ended.stderr
    return ended


def main(folder, *words, expect=0):
    return run(
        "main",
        f"--config=configs/files.py:{folder / 'own.toml'}",
        f"--workdir={folder / 'runs/a'}",
        f"--config.data.data_dir={folder / 'data'}",
        "--config.model.name=xlt_flax:tiny-bert",
        "--config.model.init=random",
        "--config.model.forward=padded",
        "--config.data.max_length=16",
        "--config.train.learning_rate=3e-3",
        "--config.train.epochs=3",
        *words,
        expect=expect,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.toml").write_text(TOML)
    for language, (splits, count) in FILES.items():
        for split in splits:
            rows = [*documents(language, split, count)]
            if language == "de":
                lines = [json.dumps({"text": t, "label": labels}) + "\n" for t, labels in rows]
                (folder / f"{language}.{split}.jsonl").write_text("".join(lines))
            else:
                with open(folder / f"{language}.{split}.csv", "w", newline="") as file:
                    joined = [(text, ";".join(labels)) for text, labels in rows]
                    csv.writer(file).writerows([("text", "label"), *joined])
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    main(folder, "--config.train.objective=multi_label", "--config.eval.best=micro_f1")
    run("eval", f"--workdir={folder / 'runs/a'}")
    return folder / "runs/a"


def result(workdir):
    return json.loads((workdir / "eval/ja.json").read_text())


def test_the_objective_must_agree(folder):
    told = main(folder, expect=2).stderr.strip()
    (line,) = told.splitlines()
    assert "config.train.objective is 'single_label', but documents of files may have" in line
    assert "give multi_label" in line


def test_it_learns_sets_and_keeps_the_best_by_micro_f1(trained):
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    validated = [line for line in lines if line["split"] == "validation"]
    best = max(validated, key=lambda line: (line["micro_f1"], -line["step"]))
    assert json.loads((trained / "DONE").read_text())["best"]["step"] == best["step"]
    assert best["micro_f1"] > 0.6


def test_scores_are_of_sets(trained, folder):
    found, truth = result(trained), [labels for _, labels in documents("ja", "test", 30)]
    rows = (trained / "eval/ja.predictions.jsonl").read_text().splitlines()
    said = [json.loads(row)["predictions"] for row in rows]
    assert [json.loads(row)["labels"] for row in rows] == truth
    both = sum(len({*a} & {*b}) for a, b in zip(truth, said, strict=True))
    assert found["micro_f1"] == pytest.approx(2 * both / sum(map(len, truth + said)))
    assert found["accuracy"] == np.mean([a == b for a, b in zip(truth, said, strict=True)])
    assert (found["n"], found["unlabeled"], found["ece"]) == (30, 0, None)
    classifier = xlt_flax.Classifier.load(trained)
    texts = [text for text, _ in documents("ja", "test", 30)]
    assert classifier.predict(texts) == said
    assert classifier.evaluate(texts, map(set, truth))["micro_f1"] == found["micro_f1"]


def test_predict_judges_sets_and_says_the_same(trained, folder):
    words = f"--workdir={trained}", f"--input={folder / 'ja.test.csv'}", "--label_column=label"
    told = run("predict", *words, f"--output={folder / 'said.csv'}").stdout
    assert f"micro-F1 {result(trained)['micro_f1']:.4f}" in told
    assert f"exact match {result(trained)['accuracy']:.4f}" in told


def test_an_exported_folder_says_which_problem_it_is_of(trained, folder):
    run("export", f"--workdir={trained}", f"--output={folder / 'exported'}")
    exported = json.loads((folder / "exported/config.json").read_text())
    assert exported["problem_type"] == "multi_label_classification"
    texts = [text for text, _ in documents("ja", "test", 30)]
    models = [xlt_flax.Classifier.load(place) for place in (trained, folder / "exported")]
    assert models[0].predict(texts) == models[1].predict(texts)
    refused = run(
        *("export", f"--workdir={trained}", f"--output={folder / 'other'}", "--calibrate"), expect=2
    )
    assert "one temperature is of models that give one label" in refused.stderr


def test_a_report_names_micro_f1(trained, folder):
    run("report", f"--workdir={folder / 'runs'}")
    page = (folder / "runs/report/tables.md").read_text()
    assert "| Run | Micro-F1 | Macro-F1 | Exact match |" in page
    assert f"{result(trained)['micro_f1']:.4f}"[1:] in page
