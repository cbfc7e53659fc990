"""The report of a study of sources and targets, on made-up runs."""

import json
from dataclasses import replace

import pytest

from xlt_flax.analysis import figures, tables
from xlt_flax.analysis.read_runs import read_results
from xlt_flax.analysis.written import write
from xlt_flax.studies import known
from xlt_flax.studies.own_text import answers
from xlt_flax.studies.own_text.roles import roles_of

STUDY = {
    "E1": {"ja": 0.60, "fr": 0.81},
    "D1": {"ja": 0.70, "fr": 0.60},
    "E1D1": {"ja": 0.85, "fr": 0.805},
    "E1+J1": {"ja": 0.88, "fr": 0.80},
    "J1": {"ja": 0.95, "fr": 0.50},
}


@pytest.fixture(scope="module")
def folder(write_transfer, tmp_path_factory):
    return write_transfer(tmp_path_factory.mktemp("transfer") / "s", STUDY)


@pytest.fixture(scope="module")
def found(folder):
    return known.find(read_results(folder))


def said(findings):
    return {answer.question: answer.said for answer in findings.study.answers(findings)}


def test_each_target_has_its_best_mixture_and_whether_that_is_real(found):
    japanese, french = (said(found)[f"For {name}"] for name in ("Japanese", "French"))
    assert japanese.startswith("E1D1 is best: .8")
    assert "better than D1 alone: yes (+14.9" in japanese
    assert "3 seeds" in japanese
    assert "draw 50 held fixed" in japanese
    assert "The majority class gets .5000" in japanese
    assert french.startswith("E1 is best: .8")
    assert "better than E1D1 alone: cannot tell" in french


def test_a_stage_and_a_ceiling_are_no_candidates(found):
    on = found.targets
    assert roles_of(on["ja"].results).sources == ("E1", "D1", "E1D1")
    assert roles_of(on["fr"].results).sources == ("E1", "D1", "E1D1")
    assert [stage.name for stage in roles_of(on["ja"].results).stages] == ["E1+J1"]
    assert roles_of(on["fr"].results).stages == ()


def table(findings, key):
    (wanted,) = [table for table in tables.all_tables(findings) if table.key == key]
    return wanted


def test_mixtures_stand_against_targets(found):
    transfer = table(found, "transfer")
    assert transfer.columns[:2] == ("Trained on", "Japanese")
    assert [row.cells[0] for row in transfer.rows] == [
        "E1", "D1", "E1D1", "always the majority class",
    ]  # fmt: skip
    marked = {row.cells[0]: {transfer.columns[i] for i in row.marked} for row in transfer.rows}
    assert marked["E1D1"] == {"Japanese"}
    assert marked["E1"] == {"French"}
    assert "pairs-ja" in [each.key for each in tables.all_tables(found)]
    assert len(table(found, "pairs-fr").rows) == 3


def test_without_the_data_the_ngrams_are_missing_and_it_is_said(found):
    (note,) = {each for each in table(found, "transfer").notes if "n-grams" in each}
    assert note.startswith("Character n-grams are missing: ")
    row = table(found, "transfer").rows[0]
    assert row.cells[table(found, "transfer").columns.index("character n-grams")] == "—"


def test_the_curve_has_a_table_a_gain_and_a_figure(found):
    curve = table(found, "curve-ja")
    assert curve.columns[:3] == ("Trained on, then", "ja:0", "J1")
    assert [row.cells[0] for row in curve.rows] == ["E1"]
    assert table(found, "gains-ja").rows[0].cells[0] == "E1+J1 − E1"
    assert "E1D1" not in said(found).get("A little of Japanese", "")  # it has no stage
    drawn = {each.name: each for each in figures.all_figures(found)}
    assert "Japanese and French" in drawn["target_documents"].caption
    assert len(drawn["target_documents"].figure.axes) == 1


def test_classes_stand_beside_each_other(found):
    within = table(found, "within-fr")
    assert within.columns == ("Class", "E1", "D1", "E1D1", "Documents")
    assert within.rows[0].cells == ("0", ".8100", ".6000", ".8050", "200")


def test_what_is_of_one_target_is_made_for_each(found):
    keys = [each.key for each in tables.all_tables(found)]
    for key in ("other", "classes", "seeds"):
        assert {f"{key}-ja", f"{key}-fr"} <= {*keys}
    assert "languages" not in keys
    assert len(keys) == len(set(keys))


def test_programs_get_every_target(found, tmp_path):
    write(found, tmp_path)
    written = json.loads((tmp_path / "results.json").read_text())
    assert written["cells"]["D1"]["mean"] == pytest.approx(0.70, abs=0.02)
    assert written["targets"]["fr"]["cells"]["D1"]["mean"] == pytest.approx(0.60, abs=0.02)
    assert len(written["targets"]["fr"]["pairs"]) == 3
    header, *rows = (tmp_path / "results.csv").read_text().splitlines()
    low = header.split(",").index("low")
    assert len(rows) == 2 * 3 * len(STUDY)
    assert all(row.split(",")[low] for row in rows)
    assert "Which mixture serves Japanese and French best?" in (tmp_path / "index.html").read_text()


def test_a_target_that_is_not_judged_yet_does_not_hide_the_others(folder, write_transfer, tmp_path):
    write_transfer(tmp_path / "s", {"E1": STUDY["E1"]})
    (tmp_path / "s" / "E1-seed51" / "eval" / "fr.json").unlink()
    found = known.find(read_results(tmp_path / "s"))
    assert len(found.every.cells["E1"].seeds) == 3
    assert found.targets["fr"].every.cells["E1"].seeds == (50, 52)
    assert "| E1-seed51 on fr: not evaluated" not in said(found)
    assert "E1-seed51 on fr: not evaluated" in write(found, tmp_path / "report")


def test_one_seed_cannot_tell(write_transfer, tmp_path):
    write_transfer(tmp_path / "s", {name: STUDY[name] for name in ("E1", "D1")}, seeds=(50,))
    text = said(known.find(read_results(tmp_path / "s")))["For Japanese"]
    assert "better than E1 alone: cannot tell from one seed" in text
    assert ", p " not in text


def test_equal_mixtures_are_level(write_transfer, tmp_path):
    level = {"E1": {"ja": 0.5}, "D1": {"ja": 0.5}}
    write_transfer(tmp_path / "s", level, seed_sd=0)
    found = known.find(read_results(tmp_path / "s"))
    assert said(found)["For Japanese"].startswith("E1 is level with D1: .5000")


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"holm": 0.04}, "yes"),
        ({"holm": 0.05}, "cannot tell"),
        ({"holm": 0.6, "interval": (-0.004, 0.009)}, "no, not by 1 point"),
        ({"holm": None}, "cannot tell from one seed"),
    ],
)
def test_the_verdict(found, changes, verdict):
    comparison = answers.comparison_of(found.compared["pairs"], "E1D1", "D1")
    if "interval" in changes:
        changes["interval"] = comparison.interval._make(changes["interval"])
    assert answers.verdict(replace(comparison, **changes)) == verdict


def test_a_comparison_is_turned_round(found):
    one, other = (
        answers.comparison_of(found.compared["pairs"], *names)
        for names in (("E1", "D1"), ("D1", "E1"))
    )
    assert other.difference == -one.difference
    assert other.interval == (-one.interval.high, -one.interval.low)


def test_what_was_seen_of_one_target_is_not_left_out_of_another(write_transfer, tmp_path):
    """An audit knows documents by their ids, which two languages may have in common."""
    write_transfer(tmp_path / "s", {"E1": STUDY["E1"]}, seeds=(50,))
    ids = ["fr/music/test/0", "ja/music/test/0"]
    audit = tmp_path / "s" / "E1-seed50" / "audit.json"
    content = json.loads(audit.read_text())
    content["duplicates"]["train_test"]["ids"] = ids
    audit.write_text(json.dumps(content))
    found = known.find(read_results(tmp_path / "s"))
    assert found.affected == {"ja/music/test/0"}
    assert found.targets["fr"].affected == frozenset()
