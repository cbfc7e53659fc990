"""A trained model as Python code uses it."""

import numpy as np
import pytest

import xlt_flax
from xlt_flax.data.sources import find_source

TEXTS = ["a good book", "", "schlecht " * 40, "とても良い"]


@pytest.fixture(scope="module")
def classifier(trained_runs):
    return xlt_flax.Classifier.load(trained_runs.first.path)


def test_labels_are_the_most_probable_ones(classifier):
    shares = classifier.predict_proba(TEXTS)
    assert shares.shape == (4, 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(
        classifier.predict(TEXTS), classifier.classes_[shares.argmax(axis=1)]
    )
    assert classifier.labels == ["negative", "positive"]


def test_any_iterable_will_do(classifier):
    np.testing.assert_array_equal(
        classifier.predict(text for text in TEXTS), classifier.predict(np.array(TEXTS))
    )
    assert classifier.predict([]).shape == (0,)
    assert classifier.predict_proba(iter([])).shape == (0, 2)
    assert len(classifier.predict([("two", "texts"), ("of", "each")])) == 2


def test_it_judges_itself(classifier):
    examples = list(find_source(classifier._model.config.data).examples("ja", "test"))
    texts = [example.texts[0] for example in examples]
    names = [classifier.labels[example.labels[0]] for example in examples]
    found = classifier.evaluate(texts, names)
    said = classifier.predict(texts)
    assert found["accuracy"] == pytest.approx(np.mean(said == np.array(names)))
    assert found["accuracy"] == classifier.score(texts, names)
    shares = classifier.predict_proba(texts)
    losses = -np.log(shares[np.arange(len(names)), [classifier.labels.index(n) for n in names]])
    assert found["loss"] == pytest.approx(losses.mean(), abs=1e-6)
    assert found["n"] == len(names)


def test_what_it_saves_it_loads(classifier, tmp_path):
    classifier.save(tmp_path / "saved")
    loaded = xlt_flax.Classifier.load(tmp_path / "saved")
    np.testing.assert_allclose(
        loaded.predict_proba(TEXTS), classifier.predict_proba(TEXTS), atol=1e-6
    )
    loaded.save(tmp_path / "again")  # whose workdir is not known
    assert "negative, positive" in (tmp_path / "again" / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda c: c.predict("a text"), "give a list of texts"),
        (lambda c: c.predict([3]), "is no text"),
        (lambda c: c.predict([("a", "b", "c")]), "is no text"),
        (lambda c: c.predict(TEXTS, long="cut"), "truncate or windows"),
        (lambda c: c.evaluate(TEXTS, ["good"] * 4), "'good' is no label"),
        (lambda c: c.evaluate(TEXTS, ["positive"] * 3), "fewer labels than texts"),
        (lambda c: c.evaluate(TEXTS, ["positive"] * 5), "more labels than texts"),
        (lambda c: c.load("/nowhere/at/all"), "there is no folder"),
    ],
)
def test_mistakes_are_one_line(classifier, use, said):
    with pytest.raises(xlt_flax.UserError, match=said) as error:
        use(classifier)
    assert "\n" not in str(error.value)


def test_an_encoder_without_a_head_is_no_classifier(library_checkpoint):
    with pytest.raises(xlt_flax.UserError, match="no trained classifier: its weights lack"):
        xlt_flax.Classifier.load(library_checkpoint("bert").without_head)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "electra", "roberta", "xlm-roberta"])
def test_a_classifier_that_pytorch_wrote(kind, library_checkpoint):
    checkpoint = library_checkpoint(kind)
    classifier = xlt_flax.Classifier.load(checkpoint.with_head)
    tokens = classifier._model.tokenizer
    assert len(classifier.labels) == 3
    assert classifier.predict_proba(["one text", "and another"]).shape == (2, 3)
    assert tokens.pad_token_id is not None
