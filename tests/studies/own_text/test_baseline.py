"""The baseline of character n-grams: scikit-learn's, on the documents that runs learn from."""

import json
from dataclasses import replace

import numpy as np
import pytest

from xlt_flax.analysis.read_runs import read_results
from xlt_flax.data.documents import Documents
from xlt_flax.data.selection import select
from xlt_flax.data.sources import find_source
from xlt_flax.errors import UserError
from xlt_flax.studies.own_text import baseline
from xlt_flax.studies.texts import TextCorpus, data_of

pytest.importorskip("sklearn")
FIELDS = {
    "data.dataset": "webis_cls10_sample",
    "data.train_per_group": 60,
    "data.validation_per_group": 20,
}


@pytest.fixture(scope="module")
def results(write_transfer, sample_data_dir, sample_corpus, tmp_path_factory):
    """Made-up runs on the sample, whose texts are there; and what they judged, with its names."""
    folder = tmp_path_factory.mktemp("baseline") / "s"
    names = {name: {"ja": 0.7, "fr": 0.6} for name in ("E1", "E1D1", "E1+J1")}
    fields = FIELDS | {"data.data_dir": str(sample_data_dir)}
    write_transfer(folder, names, seeds=(50, 51), fields=fields)
    read = read_results(folder)
    judged = {target: _judged(sample_corpus, target) for target in read.targets}
    runs = [
        replace(
            run,
            evaluations={
                target: replace(one, ids=judged[target][0], labels=judged[target][1])
                for target, one in run.evaluations.items()
            },
        )
        for run in read.runs
    ]
    return replace(read, runs=tuple(runs))


def _judged(corpus, target):
    documents = Documents.of(corpus.store(target, "test"))
    names = corpus.source.labels.named(documents.labels.tolist())
    return tuple(documents.ids), np.array(names, object)


@pytest.fixture(scope="module")
def texts(results):
    return TextCorpus(find_source(data_of(results.runs)))


def test_a_mixtures_documents_are_those_of_its_runs(results, texts, sample_corpus):
    data = data_of(results.runs)
    ours, theirs = texts.select("E1D1", data), select(sample_corpus, "E1D1", data)
    for part in ("train", "validation"):
        one, other = getattr(ours, part), getattr(theirs, part)
        assert list(one.ids) == list(other.ids)
        assert (one.labels == other.labels).all()
        assert (one.digests == other.digests).all()
        assert (one.identities == other.identities).all()


def test_what_is_predicted_is_scikit_learns(results, texts):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    found = baseline.character_ngrams(results)
    assert found.missing == ()
    assert {target: set(of) for target, of in found.accuracies.items()} == {
        target: {"E1", "E1D1"} for target in ("ja", "fr")
    }
    chosen = texts.select("E1D1", data_of(results.runs))
    by_id = {
        language: texts.by_id(Documents.of(texts.store(language, "train")))
        | texts.by_id(Documents.of(texts.store(language, "test")))
        for language in ("en", "de")
    }
    pairs = zip(chosen.train.languages, chosen.train.ids, strict=True)
    learned = [by_id[language][name] for language, name in pairs]
    direct = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)), LogisticRegression(max_iter=1000)
    ).fit(learned, chosen.train.labels)
    for target in ("ja", "fr"):
        documents = texts.test_documents(target)
        right = direct.predict(texts.texts(documents)) == documents.labels
        assert found.of(target, "E1D1") == pytest.approx(right.mean())


def test_what_was_computed_once_is_read(results, monkeypatch):
    first = baseline.character_ngrams(results)
    kept = list((results.path / "baseline").glob("*.json"))
    assert len(kept) == 2
    assert json.loads(kept[0].read_text())["made_from"]["scikit-learn"]
    monkeypatch.setattr(baseline, "_compute", lambda *_: pytest.fail("computed again"))
    assert baseline.character_ngrams(results) == first


@pytest.mark.parametrize(
    ("field", "value"), [("mixture", "D1"), ("config", "data.split_seed"), ("config", "dedup")]
)
def test_other_documents_are_other_files(results, field, value, monkeypatch):
    baseline.character_ngrams(results)
    run = results.runs[0]
    if field == "mixture":
        run = replace(run, mixture=value)
    else:
        name = value if "." in value else f"data.{value}"
        config = {**run.record.config, name: 51 if name == "data.split_seed" else True}
        run = replace(run, record=replace(run.record, config=config))
    asked = []
    monkeypatch.setattr(baseline, "_compute", lambda *a: asked.append(a[0]) or {})
    monkeypatch.setattr(baseline.files, "write_json", lambda *_: None)
    baseline._predicted(run, results, TextCorpus(find_source(data_of([run]))))
    assert asked == [run.mixture]


def test_documents_that_are_others_now_are_no_yardstick(results):
    other = {"documents en/train": "0" * 64}
    runs = [replace(r, record=replace(r.record, identity=other)) for r in results.runs]
    found = baseline.character_ngrams(replace(results, runs=tuple(runs)))
    assert not found.accuracies
    assert "the en/train documents are not those that" in found.missing[0]


def test_without_scikit_learn_it_is_said_how_to_get_it(results, monkeypatch):
    def gone(_):
        raise baseline.importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(baseline.importlib.metadata, "version", gone)
    found = baseline.character_ngrams(results)
    assert not found.accuracies
    (said,) = found.missing
    assert said == (
        "Character n-grams are missing: scikit-learn is not installed: "
        "pip install 'xlt_flax[baseline]'"
    )


@pytest.mark.parametrize(
    ("texts", "numbers", "said"),
    [(["a b", "c d"], [1, 1], "one class"), (["", " "], [0, 1], "no text")],
)
def test_what_nothing_can_be_learned_from(texts, numbers, said):
    from xlt_flax.data.examples import LabelSet

    with pytest.raises(UserError, match=said):
        baseline.NGramModel.learned(texts, np.array(numbers), LabelSet(("a", "b")))
