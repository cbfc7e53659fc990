"""No document that a run, or one before it, trained or validated on is judged in silence.

What is expected is counted from the raw files and from the ids that audit.json names.
"""

import json
import shutil
import unicodedata
from dataclasses import dataclass

import numpy as np
import pytest

from xlt_flax.data.sources import find_source, languages_named
from xlt_flax.data.sources.webis_cls10.languages import LANGUAGES
from xlt_flax.data.sources.webis_cls10.raw_files import SAMPLE_DIR
from xlt_flax.data.sources.webis_cls10.reviews import read_reviews
from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.evaluation.follow import follow
from xlt_flax.evaluation.seen import seen_by
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir


def drawn(*workdirs):
    """The ids of all documents that runs drew, as they wrote them down."""
    groups = [
        group
        for workdir in workdirs
        for group in json.loads(workdir.audit.read_text())["groups"].values()
    ]
    return {name for group in groups for part in group.values() for name in part["ids"]}


def raw_texts(language):
    """{id: normalised text} of both splits of the sample, read from the raw files."""
    texts = {}
    for split in ("train", "test"):
        folder = SAMPLE_DIR / "cls-acl10-unprocessed" / {"ja": "jp"}.get(language, language)
        with open(folder / "music" / f"{split}.review", "rb") as file:
            for review in read_reviews(file, split):
                text = unicodedata.normalize("NFKC", review.text).casefold()
                texts[f"{language}/music/{split}/{review.number}"] = " ".join(text.split())
    return texts


def expected_seen(language, *workdirs):
    """The test documents of a language that are, or have the text of, what the runs drew."""
    ids = drawn(*workdirs)
    texts = {k: v for name in ("en", "de", "fr", "ja") for k, v in raw_texts(name).items()}
    had = {texts[name] for name in ids}
    tests = [name for name in texts if name.startswith(f"{language}/music/test/")]
    return {name for name in tests if name in ids or texts[name] in had}


def judge(workdir, languages, shared, which="latest"):
    return str(evaluate(workdir, workdir.read_config(), languages, which, *shared))


def result_of(workdir, language):
    lines = (workdir.eval / f"{language}.predictions.jsonl").read_text().splitlines()
    return json.loads((workdir.eval / f"{language}.json").read_text()), [*map(json.loads, lines)]


@pytest.mark.parametrize("stage", [0, 1])
def test_what_a_run_and_its_sources_had(runs, shared, stage):
    workdir = runs[stage]
    printed = judge(workdir, ["de", "ja"], shared)
    for language in ("de", "ja"):
        expected = expected_seen(language, *runs[: stage + 1])
        result, lines = result_of(workdir, language)
        assert {line["id"] for line in lines if line.get("seen")} == expected
        assert {line.get("seen") for line in lines} <= {True, None}
        others = [line for line in lines if "seen" not in line]
        right = np.mean([line["label"] == line["prediction"] for line in others])
        assert result["seen"] == len(expected)
        assert result["accuracy_unseen"] == pytest.approx(right)
        assert result["majority"] == 0.5
        said = f"{language}: {len(expected)} of 120 documents were trained on"
        assert said in printed
    german = result_of(workdir, "de")[0]
    assert 8 < german["seen"] < 28  # 28 were drawn from 240, half of which are judged
    assert f"accuracy without them {german['accuracy_unseen']:.4f}" in printed


def test_audit_names_what_the_source_had(runs):
    for workdir, has_source in zip(runs, (False, True), strict=True):
        duplicates = json.loads(workdir.audit.read_text())["duplicates"]
        keys = {"within_train", "within_test", "train_validation", "train_test"}
        sources = {"source_test", "source_train", "source_validation"} if has_source else set()
        assert duplicates.keys() == keys | sources
    texts, had = raw_texts("ja"), drawn(runs[0])
    assert duplicates["source_test"] == {"documents": 0, "ids": []}
    tests = [texts[f"ja/music/test/{i}"] for i in range(1, 121)]
    assert duplicates["within_test"]["documents"] == len(tests) - len(set(tests))
    assert not had & drawn(runs[1])


def test_a_second_stage_on_the_sources_documents(runs, config_of, shared, tmp_path, caplog):
    """J1 once more, from a J1 that drew the same: all of it was there before."""
    caplog.set_level("INFO", "xlt_flax")
    workdir = Workdir(tmp_path / "run")
    train(config_of(mixture="J1", init_from=str(runs[1].path)), workdir, *shared)
    duplicates = json.loads(workdir.audit.read_text())["duplicates"]
    assert duplicates["source_train"]["documents"] == 20
    assert duplicates["source_validation"]["documents"] == 8
    tests = sorted(expected_seen("ja", *runs))
    assert sorted(duplicates["source_test"]["ids"]) == tests
    had = f"had 20 of its training, 8 of its validation and {len(tests)} of the test documents"
    assert any(had in message for message in caplog.messages)
    judge(workdir, ["de"], shared)  # two runs back
    assert result_of(workdir, "de")[0]["seen"] == len(expected_seen("de", *runs))


def test_nothing_is_left(runs, config_of, shared, tmp_path):
    """Three groups of 40 are all German documents."""
    sizes = {"data__train_per_group": 60, "data__validation_per_group": 20}
    workdir = Workdir(tmp_path / "run")
    train(config_of(mixture="D1D2D3", **sizes), workdir, *shared)
    printed = judge(workdir, ["de"], shared)
    assert "120 of 120 documents were trained on" in printed
    assert "none is left" in printed
    result, lines = result_of(workdir, "de")
    assert (result["seen"], result["accuracy_unseen"]) == (120, None)
    assert all(line["seen"] for line in lines)


def test_a_run_that_has_not_ended(runs, shared, tmp_path):
    workdir = Workdir(shutil.copytree(runs[0].path, tmp_path / "run"))
    workdir.done.unlink()
    judge(workdir, ["de"], shared)
    assert result_of(workdir, "de")[0]["seen"] == len(expected_seen("de", runs[0]))


def test_a_curve_says_it_too(runs, shared, tmp_path, caplog):
    caplog.set_level("INFO", "xlt_flax")
    workdir = Workdir(shutil.copytree(runs[0].path, tmp_path / "run"))
    follow(workdir, workdir.read_config(), ["de"], "latest", *shared)
    (line,) = map(json.loads, (workdir.eval / "de.curve.jsonl").read_text().splitlines())
    assert line["seen"] == len(expected_seen("de", runs[0]))
    assert line["accuracy_unseen"] is not None
    assert any(f"{line['seen']} of 120 documents were trained" in m for m in caplog.messages)


def test_a_source_that_is_gone_is_said_to_be(runs, shared, tmp_path):
    workdir = Workdir(shutil.copytree(runs[1].path, tmp_path / "run"))
    hidden = runs[0].path.rename(runs[0].path.with_name("hidden"))
    try:
        printed = judge(workdir, ["de"], shared)
        workdir.done.unlink()
        before = json.loads(workdir.audit.read_text())
        train(workdir.read_config(), workdir, *shared)  # goes on without it
    finally:
        hidden.rename(runs[0].path)
    result, _ = result_of(workdir, "de")
    assert result["problems"][-1].startswith("a run that this one started from is gone")
    assert result["problems"][-1] in printed
    assert json.loads(workdir.audit.read_text()) == before


def test_a_run_does_not_go_on_with_other_documents(runs, shared, tmp_path):
    workdir = Workdir(shutil.copytree(runs[0].path, tmp_path / "run"))
    workdir.done.unlink()
    report = json.loads(workdir.audit.read_text())
    report["groups"]["D1"]["train"]["ids"][3] = "de/music/train/999"
    workdir.audit.write_text(json.dumps(report))
    with pytest.raises(UserError, match="began with other documents") as error:
        train(workdir.read_config(), workdir, *shared)
    assert len(str(error.value).splitlines()) == 1
    assert json.loads(workdir.audit.read_text()) == report


@dataclass
class TextCorpus:
    """A corpus of given texts, {(dataset, language, split): texts}; ids are 1, 2, …, as in each
    other."""

    texts: dict
    make_documents: object
    source: object
    data_dir: object = None

    def store(self, language, split):
        texts = self.texts.get((self.source.name, language, split), [])
        ids = [f"{language}/{split}/{i}" for i in range(1, len(texts) + 1)]
        named = {"dataset": self.source.name, "language": language, "split": split}
        return self.make_documents(texts, ids=ids, **named)

    def reading(self, long):
        return self


@pytest.mark.parametrize(
    ("dataset", "marks"),
    [("webis_cls10", [True, True, True]), ("webis_cls10_sample", [False, True, False])],
)
def test_another_dataset_has_other_documents(config_of, make_documents, tmp_path, dataset, marks):
    """The source's own documents are those of its data set, whatever numbers they have."""
    texts = {
        ("webis_cls10", "de", "test"): ["a", "b", "c"],
        ("webis_cls10_sample", "de", "train"): ["x"],
        ("webis_cls10_sample", "de", "test"): ["b", "y", "z"],
        ("webis_cls10", "de", "train"): ["w"],
    }
    sizes = {"data__train_per_group": 3, "data__validation_per_group": 1}
    workdir = Workdir(tmp_path / "run")
    workdir.path.mkdir()
    workdir.start(config_of(mixture="D1", data__dataset=dataset, **sizes))
    corpus = TextCorpus(
        texts, make_documents, find_source(config_of(data__dataset="webis_cls10").data)
    )
    known = seen_by([workdir], corpus)
    assert known.marks(corpus.store("de", "test")).tolist() == marks


@pytest.mark.parametrize(
    ("values", "languages"),
    [
        (["ja"], ["ja"]),
        (["de,ja"], ["de", "ja"]),
        (["ja", "de"], ["ja", "de"]),
        (["ja,de", "de", " fr , ja"], ["ja", "de", "fr"]),
    ],
)
def test_languages_keep_their_order(values, languages):
    assert languages_named(values, LANGUAGES) == languages


@pytest.mark.parametrize("values", [["xx"], ["de,xx"], [""], ["de,"], ["de ja"], ["JA"]])
def test_an_unknown_language_is_refused(values):
    with pytest.raises(UserError, match="give one of en, de, fr, ja") as error:
        languages_named(values, LANGUAGES)
    assert len(str(error.value).splitlines()) == 1
