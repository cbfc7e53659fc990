"""SHINRA from its files to a scored submission: 3,000 articles of sentences that people wrote."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import forks
import japanese_folders
import pytest
from shinra_corpus import ARTICLES, EMPTY, MISSING, TARGETS, write_corpus

from xlt_flax.studies.shinra.reported import FIGURES

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
SHAPE = {
    "architectures": ["BertForSequenceClassification"],
    "model_type": "bert",
    "hidden_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 128,
    "max_position_embeddings": 512,
}
SMALL = (
    "--config.model.init=random",
    "--config.model.pooling=mean",  # a random encoder says more so, early
    "--config.data.sample=0",
    "--config.data.max_length=64",
    "--config.train.batch_size=32",
    "--config.train.learning_rate=3e-3",
    "--config.train.epochs=2",
    "--config.train.trackers=",
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def model(corpus, tmp_path_factory) -> Path:
    """A tiny BERT's shape, with a vocabulary that MeCab makes of the articles."""
    pytest.importorskip("fugashi", reason="needs the extra ja")
    folder = tmp_path_factory.mktemp("model")
    pieces = japanese_folders.vocabulary(corpus.texts, most=3000)
    japanese_folders.write_tokenizer(folder, pieces, **japanese_folders.KINDS["v1"])
    (folder / "config.json").write_text(json.dumps({**SHAPE, "vocab_size": len(pieces)}))
    return folder


@pytest.fixture(scope="module")
def workdir(corpus, model, tmp_path_factory) -> Path:
    """What configs/shinra.py trains, judged."""
    root = tmp_path_factory.mktemp("run")
    run(
        "main",
        f"--config={ROOT}/configs/shinra.py",
        f"--workdir={root}/ja-seed50",
        f"--config.model.name={model}",
        f"--config.data.manual_dir={corpus.folder}",
        f"--config.data.data_dir={root}/data",
        *SMALL,
    )
    run("eval", f"--workdir={root}/ja-seed50")
    return root / "ja-seed50"


def run(name: str, *words: str) -> str:
    finished = forks.run([sys.executable, "-m", f"xlt_flax.{name}", *words], cwd=ROOT)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_it_is_far_better_than_the_most_frequent_class(workdir, corpus):
    scores = json.loads((workdir / "eval" / "ja.json").read_text())
    several = sum(len(classes) > 1 for classes in corpus.answers.values())
    assert several == round(0.03 * TARGETS) + 1
    assert scores["n"] == TARGETS - several
    assert scores["micro_f1"] == scores["accuracy"]
    assert scores["majority"] < 0.3
    assert scores["micro_f1"] > scores["majority"] + 0.3


def test_pages_of_several_classes_are_counted_and_left_out(workdir):
    audit = json.loads((workdir / "audit.json").read_text())
    used = sum(audit["splits"][split]["documents"] for split in ("train", "validation"))
    left_out = audit["left_out"]["ja/train"]
    assert left_out["of_several_classes"] == ARTICLES - TARGETS - used > 60


def test_the_report_has_names_and_what_was_reported(workdir):
    run("report", f"--workdir={workdir}")
    (report,) = workdir.parent.rglob("tables.md")
    text = report.read_text("utf-8")
    assert "| 1 | Branch 1 | 枝1 |" in text
    for figure in FIGURES:
        assert f"{figure.micro_f1:.4f}"[1:] in text


def pooled(answers: dict[str, Iterable[str]], said: dict[str, list[str]]) -> float:
    """The official rule: a page that the submission lacks counts as {"9"}."""
    given = {page: {*said.get(page, ["9"])} for page in answers}
    right = sum(len(given[page] & {*answers[page]}) for page in answers)
    return 2 * right / sum(len(given[page]) + len({*answers[page]}) for page in answers)


@pytest.fixture(scope="module")
def submission(workdir, corpus, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("submission") / "submission.jsonl"
    run(
        "predict",
        f"--workdir={workdir}",
        f"--input={corpus.folder}/target.jsonl",
        f"--dump={corpus.dump}",
        f"--output={path}",
        "--format=shinra",
        "--system=TINY",
        "--month=202211",
    )
    return path


def submitted(path: Path) -> dict[str, dict]:
    """Page -> what stands at its "ENEs", in the order of the lines."""
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    return {line["page_id"]: line["ENEs"] for line in lines}


def test_a_submission_has_the_targets_in_their_order(submission, corpus):
    """Those without text without a class."""
    found = submitted(submission)
    assert [*found] == [*corpus.answers, str(MISSING), str(EMPTY)]
    assert found[str(MISSING)] == found[str(EMPTY)] == {}
    assert all(found[page]["AUTO.TINY.202211"] for page in corpus.answers)


def test_it_is_scored_by_the_official_rule(submission, corpus):
    said = {
        page: [each["ENE"] for annotated in by.values() for each in annotated]
        for page, by in submitted(submission).items()
    }
    printed = run(
        "eval",
        f"--submission={submission}",
        f"--answers={corpus.folder}/development.tsv",
        f"--classes={corpus.folder}/classes.jsonl",
    )
    expected = pooled(corpus.answers, said)
    assert expected > 0.5
    (line,) = (line for line in printed.splitlines() if line.startswith("micro-F1"))
    assert f"{expected:.4f}"[1:] in line
