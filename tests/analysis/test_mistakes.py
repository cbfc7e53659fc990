"""The most certain mistakes: which they are; texts are shown only where they are asked for."""

import json

import made_up_sweep
import numpy as np
import pytest

from xlt_flax import api, report
from xlt_flax.analysis.mistakes import most_certain
from xlt_flax.analysis.read_runs import read_results
from xlt_flax.errors import UserError

CLASSES = ("bad", "good", "none")


def write_predictions(folder, language, rows):
    """rows: (id, label, [probability of each class]); what is said is the most probable."""
    said = [CLASSES[int(np.argmax(probabilities))] for _, _, probabilities in rows]
    lines = [
        {"id": name, "label": label, "prediction": one, "probabilities": probabilities}
        for (name, label, probabilities), one in zip(rows, said, strict=True)
    ]
    right = float(np.mean([line["label"] == line["prediction"] for line in lines]))
    made_up_sweep.write_lines(folder / "eval" / f"{language}.predictions.jsonl", lines)
    made_up_sweep.write_lines(folder / "eval" / f"{language}.json", [{"accuracy": right}])


def write_run(folder, seed, rows, fields=None):
    path = folder / f"E1-seed{seed}"
    made_up_sweep.write_run(
        path, "E1", seed, np.ones(4, bool), np.random.default_rng(0), fields=fields
    )
    write_predictions(path, "ja", rows)
    return path


@pytest.fixture
def runs(tmp_path):
    write_run(
        tmp_path,
        1,
        [
            ("right", "bad", [0.9, 0.1, 0.0]),
            ("sure", "bad", [0.1, 0.8, 0.1]),
            ("once", "good", [0.9, 0.1, 0.0]),
            ("split", "bad", [0.2, 0.5, 0.3]),
        ],
    )
    write_run(
        tmp_path,
        2,
        [
            ("right", "bad", [0.9, 0.1, 0.0]),
            ("sure", "bad", [0.1, 0.7, 0.2]),
            ("once", "good", [0.1, 0.9, 0.0]),
            ("split", "bad", [0.2, 0.3, 0.5]),
        ],
    )
    return read_results(tmp_path).runs


def test_the_most_certain_come_first_over_all_runs(runs):
    found = most_certain(runs)
    assert [(each.document, each.wrong) for each in found] == [
        ("sure", 2),
        ("split", 2),
        ("once", 1),
    ]
    assert [each.certainty for each in found] == pytest.approx([0.75, 0.5, 0.45])
    assert (found[0].label, found[0].said) == ("bad", "good")
    assert len(most_certain(runs, most=1)) == 1


def test_several_labels_or_no_numbers_are_certain_of_nothing(tmp_path):
    path = write_run(tmp_path, 1, [("a", "bad", [0.1, 0.9, 0.0])])
    lines = [
        {"id": "a", "labels": ["bad"], "predictions": ["good"], "probabilities": [0.1, 0.9, 0.0]},
        {"id": "b", "labels": ["bad"], "predictions": None, "probabilities": None},
    ]
    made_up_sweep.write_lines(path / "eval" / "ja.predictions.jsonl", lines)
    made_up_sweep.write_lines(path / "eval" / "ja.json", [{"accuracy": 0.0}])
    (run,) = read_results(tmp_path).runs
    assert not most_certain([run])


# ---- With texts


@pytest.fixture
def judged_sample(tmp_path, sample_corpus, sample_data_dir):
    """A run that is wrong of one document of the sample, and right of another."""
    first, second = list(sample_corpus.store("ja", "test").ids)[:2]
    labels = sample_corpus.source.labels.names
    write_run(
        tmp_path,
        1,
        [(first, "good", [0.9, 0.1, 0.0]), (second, "bad", [0.9, 0.1, 0.0])],
        {"data.dataset": "webis_cls10_sample", "data.data_dir": str(sample_data_dir)},
    )
    assert labels
    (text,) = next(sample_corpus.source.examples("ja", "test")).texts
    return tmp_path, first, " ".join(text.split())


def test_texts_are_shown_if_they_are_asked_for(judged_sample):
    folder, document, text = judged_sample
    assert text not in api.report(folder).text
    shown = api.report(folder, texts=True).text
    assert "### The most certain mistakes on Japanese" in shown
    (row,) = [line for line in shown.splitlines() if line.startswith(f"| {document} | good | bad")]
    assert row.endswith(f"| {text} |")
    page = (folder / "report" / "index.html").read_text()
    assert text[:20] in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"data.manual_dir": "/nowhere", "data.data_dir": "/nowhere"}, "not at hand: "),
        (None, "not at hand: the ja test documents"),
    ],
)
def test_without_the_texts_it_is_one_line(tmp_path, sample_data_dir, fields, said):
    of_sample = {"data.dataset": "webis_cls10_sample", "data.data_dir": str(sample_data_dir)}
    write_run(tmp_path, 1, [("unknown", "good", [0.9, 0.1, 0.0])], fields or of_sample)
    with pytest.raises(UserError, match=said) as refused:
        api.report(tmp_path, texts=True)
    assert str(refused.value).startswith("--texts: ")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "report").exists()


def test_texts_go_with_a_report_not_with_a_plan():
    report.flags.FLAGS.unparse_flags()
    report.flags.FLAGS(["report", "--plan", "--sd=2", "--texts"])
    with pytest.raises(UserError, match="--texts goes with a report"):
        report.main([])


def test_nothing_of_texts_is_in_what_programs_read(judged_sample):
    folder, _, text = judged_sample
    api.report(folder)
    for path in (folder / "report").glob("*.[cj]s*"):
        assert text not in path.read_text()
    assert json.loads((folder / "report" / "results.json").read_text())["cells"]
