"""SHINRA's scorer: by its rule, of either layout, with an interval that keeps its promise."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from shinra_files import old_page_line, page_line, write, write_classes

from xlt_flax.errors import UserError
from xlt_flax.evaluation.micro_f1 import micro_f1, ratio
from xlt_flax.evaluation.submission import score_submission

IDS = ["0", "1.1", "1.2", "1.10", "1.7.19.13", "9"]
NAMES = {"1.1": "人名", "1.10": "TVゲーム名", "1.2": "神名", "9": "IGNORED"}  # of other width
PAGES = st.dictionaries(st.integers(1, 12), st.lists(st.sampled_from(IDS), max_size=3), max_size=9)


def independent(submission, answers):
    """The rule again, in sums of zeros and ones."""
    right = predicted = true = 0
    for page, classes in answers.items():
        said = submission.get(page, ["9"])
        for one in IDS:
            right += one in said and one in classes
            predicted += one in said
            true += one in classes
    precision = right / predicted if predicted else 0
    recall = right / true if true else 0
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0


LAYOUTS = {"new": page_line, "old": old_page_line}


def write_pages(path, pages, layout="new"):
    return write(path, [LAYOUTS[layout](page, *classes) for page, classes in pages.items()])


@given(PAGES, PAGES.filter(bool), *[st.sampled_from(sorted(LAYOUTS))] * 2)
def test_it_is_the_independent_scorers(tmp_path_factory, submission, answers, one, other):
    folder = tmp_path_factory.mktemp("scored")
    submission = {**submission, 99: ["1.1"]}  # in no answers; a file has a page
    files = (
        write_pages(folder / "s.jsonl", submission, one),
        write_pages(folder / "a", answers, other),
    )
    found = score_submission(*files)
    scores = found.scores
    expected = independent(submission, answers)
    assert (scores.precision.value, scores.recall.value, scores.f1.value) == pytest.approx(expected)
    assert (scores.pages, found.lacking, found.others) == (
        len(answers),
        len(answers.keys() - submission.keys()),
        len(submission.keys() - answers.keys()),
    )
    for each in (scores.precision, scores.recall, scores.f1):
        assert 0 <= each.low <= each.value <= each.high <= 1


@pytest.fixture
def classes(tmp_path):
    return write_classes(tmp_path / "classes.jsonl")


def test_the_development_tsv_on_either_side(tmp_path, classes):
    pages = {1: ["1.1"], 2: ["1.10", "1.2"], 3: ["9"], 4: ["1.2"]}
    other = {1: ["1.1"], 2: ["1.10"], 4: ["1.1"]}

    def tsv(name, of):
        return write(
            tmp_path / name, [f"{p}\t{':'.join(map(NAMES.get, c))}" for p, c in of.items()]
        )

    expected = score_submission(
        write_pages(tmp_path / "s.jsonl", other), write_pages(tmp_path / "a.jsonl.gz", pages)
    )
    assert (expected.scores.right, expected.scores.predicted, expected.scores.answers) == (3, 4, 5)
    for submission, answers in [
        (tmp_path / "s.jsonl", tsv("a.tsv", pages)),
        (tsv("s.tsv.bz2", other), tmp_path / "a.jsonl.gz"),
    ]:
        assert score_submission(submission, answers, classes) == expected


def test_one_class_a_page_has_wilsons_interval():
    expected = binomtest(87, 100).proportion_ci(method="wilson")
    pairs = [(["1.1"], ["1.1"])] * 87 + [(["1.2"], ["1.1"])] * 13
    scores = micro_f1(pairs)
    for each in (scores.precision, scores.recall, scores.f1):
        assert (each.low, each.high) == pytest.approx(expected)
        assert str(each) == "0.8700 [0.7902, 0.9224]"


@pytest.mark.parametrize(("right", "low", "high"), [(0, 0.0, 0.0370), (100, 0.9630, 1.0)])
def test_all_or_nothing_right_is_not_known_for_sure(right, low, high):
    found = ratio(np.full(100, right / 100), np.ones(100))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("quality", [0.6, 0.9, 0.985])
@pytest.mark.parametrize("pages", [100, 1000])
def test_the_interval_covers_what_it_promises(quality, pages):
    """Pages drawn from 20,000 with one to four answers each; on some, all of them go wrong."""
    rng = np.random.default_rng(0)
    answers = rng.choice([1, 2, 3, 4], 20_000, p=[0.8, 0.12, 0.05, 0.03])
    of_page = np.clip(rng.normal(quality, 0.15, 20_000), 0, 1)
    right = rng.binomial(answers, of_page)
    predicted = right + rng.binomial(2, 0.05, 20_000) + rng.binomial(answers - right, 0.7)
    above, below = 2 * right, predicted + answers
    truth = above.sum() / below.sum()
    drawn = (rng.integers(0, 20_000, pages) for _ in range(3000))
    found = [ratio(above[one], below[one]) for one in drawn]
    covers = np.mean([one.low <= truth <= one.high for one in found])
    assert 0.935 < covers < 0.965


FIRST = page_line(1, "1.1")
BAD = {
    "an unknown class": ("s.jsonl", [FIRST, page_line(2, "7.7")], "has no class '7.7'"),
    "an id twice": ("s.jsonl", [FIRST, old_page_line(1, "9")], "the page 1 has been in line 1"),
    "no layout": ("s.jsonl", [FIRST, {"id": 7}], "has no 'page_id'"),
    "no JSON": ("s.jsonl", [FIRST, "page"], "is no JSON"),
    "an unknown name": ("s.tsv", ["1\t人名", "2\t名無し"], "has no class named '名無し'"),
    "three columns": ("s.tsv", ["1\t人名", "2\t人名\t2"], "has 3 columns"),
}


@pytest.mark.parametrize(("name", "lines", "told"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("is_answers", [False, True])
def test_a_bad_file_is_one_line_with_its_place(tmp_path, classes, name, lines, told, is_answers):
    line = refusal(tmp_path, write(tmp_path / name, lines), is_answers, classes)
    assert line.startswith(f"{tmp_path / name}: line 2: ")
    assert told in line


@pytest.mark.parametrize("is_answers", [False, True])
def test_a_file_that_is_cut_or_empty(tmp_path, is_answers):
    bad = write_pages(tmp_path / "s.jsonl.gz", {page: ["1.1"] for page in range(1, 3000)})
    bad.write_bytes(bad.read_bytes()[:-2000])
    line = refusal(tmp_path, bad, is_answers)
    assert re.match(rf"{bad}: line \d+: the packed file is not whole", line)
    line = refusal(tmp_path, write(tmp_path / "empty", []), is_answers)
    assert line.startswith(f"{tmp_path / 'empty'}: holds no page")


def refusal(folder, bad, is_answers, classes=None):
    good = write_pages(folder / "good.jsonl", {1: ["1.1"], 2: ["1.2"]})
    with pytest.raises(UserError) as error:
        score_submission(*((good, bad) if is_answers else (bad, good)), classes)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_a_tsv_without_the_class_list(tmp_path):
    tsv = write(tmp_path / "a.tsv", ["1\t人名"])
    with pytest.raises(UserError, match=r"a.tsv: line 1: is no JSON: .*--classes=FILE"):
        score_submission(write_pages(tmp_path / "s.jsonl", {1: ["1.1"]}), tsv)


COMMAND = """
import sys
from absl import app
import xlt_flax.eval as program
from xlt_flax import cli
try:
    cli.run(program.main)
finally:
    heavy = {"jax", "tensorflow", "tensorflow_datasets", "transformers", "torch"}
    print(*sorted(heavy & sys.modules.keys()), file=sys.stderr)
"""


def run(*arguments):
    command = [sys.executable, "-c", COMMAND, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_command_prints_fractions_and_imports_nothing_heavy(tmp_path):
    submission = write_pages(tmp_path / "s.jsonl", {1: ["1.1"], 2: ["1.1"], 9: ["1.1"]})
    answers = write_pages(tmp_path / "a.jsonl", {1: ["1.1"], 2: ["1.2"], 3: ["1.2"]}, "old")
    done = run(f"--submission={submission}", f"--answers={answers}")
    assert done.returncode == 0, done.stderr
    assert "micro-F1  0.3333 [0.0615, 0.7923]   3 pages" in done.stdout
    assert "\n1 of these pages are not in the submission and count as 9\n" in done.stdout
    assert done.stderr.split() == []


@pytest.mark.parametrize(
    "arguments",
    [["--submission=s"], ["--answers=a"], ["--submission=s", "--answers=a", "--workdir=x"]],
)
def test_flags_that_do_not_go_together(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "give --submission=FILE with --answers=FILE, or --workdir=DIR alone" in done.stderr
