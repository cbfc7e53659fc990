"""The report of SHINRA, on made-up runs whose numbers are known."""

import json
from pathlib import Path

import made_up_sweep
import numpy as np
import pytest

from xlt_flax.analysis import figures, tables
from xlt_flax.analysis.read_runs import read_results
from xlt_flax.analysis.written import write
from xlt_flax.studies import known
from xlt_flax.studies.shinra import reported
from xlt_flax.studies.shinra.curve import curve_of
from xlt_flax.studies.shinra.report import ShinraReport

SAMPLE = {"data.dataset": "shinra_sample", "data.domain": "", "data.split_seed": 50}
# Of pages with one class each: (what it is, what is said) -> pages.
FEW = {("1.1.1", "1.1.1"): 20, ("1.1.1", "1.1.2"): 20, ("2.1", "2.1"): 40, ("2.1", "0"): 20}
MANY = {("1.1.1", "1.1.1"): 30, ("1.1.1", "1.1.2"): 8, ("1.1.1", "9"): 2, ("2.1", "2.1"): 60}


def write_run(folder: Path, name: str, seed: int, articles: int, lines, fields=None) -> Path:
    """A finished run: `lines` are of its predictions file, what is true and what is said."""
    path = folder / f"{name}-seed{seed}"
    right = np.array([true == said for true, said in map(dict.values, lines)])
    made_up_sweep.write_run(
        path, name, seed, right, np.random.default_rng(0), fields=fields or SAMPLE
    )
    of_documents = ({"id": str(i), **line, "probabilities": None} for i, line in enumerate(lines))
    made_up_sweep.write_lines(path / "eval" / "ja.predictions.jsonl", of_documents)
    audit = json.loads((path / "audit.json").read_text())
    audit["splits"] = {
        "train": {"documents": articles - articles // 10},
        "validation": {"documents": articles // 10},
    }
    audit["duplicates"]["train_test"] = {"documents": 0, "ids": []}
    (path / "audit.json").write_text(json.dumps(audit))
    return path


def one_class(pages):
    return [
        {"label": true, "prediction": said} for (true, said), n in pages.items() for _ in range(n)
    ]


def write_study(folder: Path, fields=None) -> Path:
    for seed in (50, 51):
        write_run(folder, "ja:100", seed, 100, one_class(FEW), fields)
        write_run(folder, "ja", seed, 400, one_class(MANY), fields)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("shinra"))


@pytest.fixture(scope="module")
def found(folder):
    return known.find(read_results(folder))


def table(findings, key):
    (wanted,) = [table for table in tables.all_tables(findings) if table.key == key]
    return wanted


def cells(findings, key):
    return [row.cells for row in table(findings, key).rows]


def test_runs_on_its_data_are_of_the_study(found):
    assert type(found.study) is ShinraReport


def test_the_curve_is_in_the_order_of_articles_beside_what_was_reported(found):
    few, many, *rest = cells(found, "micro-f1")
    # Seeds are alike, so V is the pages' alone: .6 ± t_99 sqrt(.6 · .4 / 99).
    assert few[:4] == ("ja:100", "100", ".6000 ± .0000", ".5023 – .6977")
    assert few[5:] == (".6000", "—", "—")  # 60 of 100 pages are cities
    assert many[:3] == ("ja", "400", ".9000 ± .0000")
    assert many[6] == "+30.00"
    assert [(row[0], row[2]) for row in rest] == [
        ("reported: the workshop's code", ".8715"),
        ("reported: a participant", ".8632"),
        ("reported: the public baseline", ".9425"),
        ("reported: RoBERTa", ".9522"),
    ]


def test_branches_have_names_and_are_themselves_right_more_often(found):
    """1: 30 right of 38 said and 40 true; with any class of the branch, 38 of 38 and 40."""
    rows = {row[0]: row[1:] for row in cells(found, "branches")}
    assert [*rows] == ["1", "2", "9"]
    assert rows["1"] == ("Being", "生き物", ".7895", ".7500", ".7692", ".9744", "40")
    assert rows["2"] == ("Place", "場所", "1.0000", "1.0000", "1.0000", "1.0000", "60")
    assert rows["9"] == ("Ignored", "対象外", ".0000", "—", ".0000", ".0000", "0")


def test_confusions_have_names(found):
    assert cells(found, "confused") == [
        ("1.1.1", "歌手", "Singer", "1.1.2", "作家", "Writer", "8", "40"),
        ("1.1.1", "歌手", "Singer", "9", "対象外", "Ignored", "2", "40"),
    ]


def test_the_answers(found):
    said = {answer.question: answer.said for answer in found.study.answers(found)}
    assert said["Micro-F1"].startswith(".9000 (95% interval .8402 – .9598, 2 seeds) with 400 art")
    assert "the most frequent class alone gets .6000" in said["Micro-F1"]
    assert "no yardstick for these: .8715 the workshop's code, " in said["Micro-F1"]
    assert said["More articles"].startswith(".6000 with 100 articles, .9000 with 400: +30.00 poi")
    assert said["Confused most"].startswith("歌手 (Singer) taken for 作家 (Writer) (8 of 40 pages)")


def test_it_is_written_with_its_curve_and_is_not_the_workshops(found, tmp_path):
    text = write(found, tmp_path)
    assert text.startswith("# SHINRA: articles of Japanese Wikipedia\n")
    assert "not the workshop's experiment: the data set is shinra_sample, not shinra" in text
    assert "judged on the development data" in text
    assert (tmp_path / "micro_f1_by_articles.png").exists()
    html = (tmp_path / "index.html").read_text()
    assert "歌手" in html
    assert "Zero-shot" not in html + text


def test_one_number_of_articles_is_no_curve(folder, tmp_path):
    (tmp_path / "ja-seed50").symlink_to(folder / "ja-seed50")
    alone = known.find(read_results(tmp_path))
    assert [figure.name for figure in figures.all_figures(alone)] == ["learning_curves"]
    assert [answer.question for answer in alone.study.answers(alone)] == [
        "Micro-F1", "Confused most",
    ]  # fmt: skip


def test_without_the_class_list_ids_stand_in_the_names_place(tmp_path):
    fields = {"data.dataset": "shinra", "data.manual_dir": str(tmp_path / "gone")}
    found = known.find(read_results(write_study(tmp_path / "s", fields)))
    assert cells(found, "confused")[0] == ("1.1.1", "—", "—", "1.1.2", "—", "—", "8", "40")
    told = [note for note in table(found, "branches").notes if "ids alone" in note]
    assert len(told) == 1
    assert str(tmp_path / "gone") in told[0]
    said = {answer.question: answer.said for answer in found.study.answers(found)}
    assert said["Confused most"].startswith("1.1.1 taken for 1.1.2 (8 of 40")
    assert "Reported elsewhere, on other pages: .8715" in said["Micro-F1"]


def test_several_classes_of_a_page_are_pooled(tmp_path):
    """2 · 3 / (3 + 4): by pages, one of two is right."""
    lines = [
        {"labels": ["1.1.1", "1.1.2"], "predictions": ["1.1.1", "1.1.2"]},
        {"labels": ["2.1", "2.2"], "predictions": ["2.1"]},
    ]
    write_run(tmp_path, "ja", 50, 100, lines)
    found = known.find(read_results(tmp_path))
    (point,) = curve_of(found)
    assert point.cell.mean == pytest.approx(6 / 7)
    assert found.every.cells["ja"].mean == 0.5
    assert point.majority == pytest.approx(2 / 6)


def test_what_was_reported_stands_as_it_was_printed():
    assert [figure.micro_f1 for figure in reported.FIGURES] == [0.8715, 0.8632, 0.9425, 0.9522]
