"""A prediction by a model that is quick and exact (helpers/digest_model)."""

import gzip
import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from digest_model import LENGTH, Digests

from xlt_flax import api_models
from xlt_flax.data.examples import LabelSet
from xlt_flax.prediction import opening, predict


@pytest.fixture
def digests(monkeypatch):
    """The model's `classify`, in windows of three documents."""
    found = Digests()
    monkeypatch.setattr(predict, "classify", found)
    monkeypatch.setattr(predict, "WINDOW", 3)
    return found


@pytest.fixture
def stopping(digests, monkeypatch):
    """stopping(after): within, a signal ends a prediction after so many windows."""

    @contextmanager
    def make(after):
        def stop(*given):
            if len(digests.texts) == 3 * after:
                raise SystemExit(143)
            yield from digests(*given)

        with monkeypatch.context() as patched:
            patched.setattr(predict, "classify", stop)
            with pytest.raises(SystemExit):
                yield
        digests.texts.clear()

    return make


@pytest.fixture
def predicting(digests, monkeypatch, tmp_path):
    """predicting(input, output, labels=…, several=False, digest=…, **options): `api.predict` with
    that model; paths are below the test's folder."""

    def make(given, output, labels=("bad", "good", "meh"), several=False, digest="d", **options):
        model = SimpleNamespace(
            labels=LabelSet(tuple(labels), several),
            max_length=LENGTH,
            digest=digest,
            tokenizer=None,
        )
        monkeypatch.setattr(opening, "open_trained", lambda *_: model)
        options.setdefault("model", "nowhere")
        given, output = (
            place if place == "-" else str(tmp_path / place) for place in (given, output)
        )
        return api_models.predict(options.pop("model"), given, output, **options)

    return make


@pytest.fixture
def write(tmp_path):
    """write(name, text or bytes): a file of the test's folder, packed if its name says so."""

    def make(name, content):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    return make


@pytest.fixture
def lines(tmp_path):
    """lines(name): what a jsonl file of the test's folder has."""

    def make(name):
        text = (tmp_path / name).read_text("utf-8")
        return [json.loads(line) for line in text.split("\n")[:-1]]  # others are in texts

    return make
