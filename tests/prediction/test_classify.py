"""Texts in, probabilities out: the numbers that evaluation has, once each, in order."""

import json

import numpy as np
import pytest

from xlt_flax.data.sources import find_source
from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.overrides import given_anew
from xlt_flax.prediction.classify import classify
from xlt_flax.prediction.opening import open_trained


@pytest.fixture(scope="module")
def trained(trained_runs):
    return open_trained(trained_runs.first.path)


@pytest.fixture(scope="module")
def texts(trained):
    """Of the sample's Japanese test set; some are empty, some long."""
    examples = find_source(trained.config.data).examples("ja", "test")
    found = [example.texts for example in examples][:60]
    return [*found[:30], ("",), *found[30:], ("長い" * 200,), ("",)]


def probabilities(trained, texts, **how):
    return np.concatenate([part.probabilities for part in classify(trained, texts, **how)])


def test_they_are_those_of_an_evaluation(trained_runs, trained):
    workdir = trained_runs.first
    config = given_anew(workdir.read_config(), {"model.name": str(trained_runs.model)})
    evaluate(workdir, config, ["ja"])
    lines = map(json.loads, workdir.predictions("ja").read_text("utf-8").splitlines())
    expected = np.array([line["probabilities"] for line in lines])
    examples = find_source(config.data).examples("ja", "test")
    found = probabilities(trained, (example.texts for example in examples))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("window", [1, 7, 1000])
def test_each_text_has_one_row_whatever_it_is_put_together_with(trained, texts, window):
    alone = probabilities(trained, texts, window=window)
    assert alone.shape == (len(texts), 2)
    np.testing.assert_allclose(alone, probabilities(trained, texts), atol=1e-6)


def test_a_stream_is_read_as_its_results_are_asked_for(trained, texts):
    read = []
    stream = (read.append(text) or text for text in texts)
    parts = classify(trained, stream, window=10)
    next(parts)
    assert len(read) == 10
    assert sum(map(len, parts)) == len(texts) - 10


def test_texts_that_are_cut_are_marked(trained, texts):
    lengths = [len(trained.tokenizer(text[0])["input_ids"]) for text in texts]
    marked = np.concatenate([part.is_cut for part in classify(trained, texts)])
    np.testing.assert_array_equal(marked, np.array(lengths) > trained.max_length)
    assert marked.any()
    assert not marked.all()


def test_windows_are_the_mean_over_the_whole_text(trained):
    whole = sorted(
        word for word in trained.tokenizer.get_vocab() if word.isascii() and word.isalpha()
    )
    size, text = trained.max_length - 2, " ".join(whole[:90])
    step = size - trained.max_length // 4
    tokens = trained.tokenizer(text, add_special_tokens=False)["input_ids"]
    starts = range(0, len(tokens) - size + step, step)
    pieces = [tokens[start : start + size] for start in starts]
    as_texts = [(trained.tokenizer.decode(piece),) for piece in pieces]
    for piece, (decoded,) in zip(pieces, as_texts, strict=True):
        assert trained.tokenizer(decoded, add_special_tokens=False)["input_ids"] == piece
    expected = probabilities(trained, as_texts).mean(axis=0)
    found = probabilities(trained, [("kurz",), (text,)], long="windows")
    np.testing.assert_allclose(found[1], expected, atol=1e-6)
    np.testing.assert_allclose(found[0], probabilities(trained, [("kurz",)])[0], atol=1e-6)


def test_pairs_have_no_windows(trained):
    with pytest.raises(UserError, match="pairs"):
        probabilities(trained, [("a", "b")], long="windows")


def test_nothing_comes_of_nothing(trained):
    assert list(classify(trained, [])) == []
