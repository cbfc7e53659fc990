"""Files of one's own, written and opened."""

import gzip

import pytest

from xlt_flax.config import base
from xlt_flax.data.sources import find_source


@pytest.fixture
def write(tmp_path):
    """write(name, text or bytes): a file in the data's folder, packed if its name says so."""

    def make(name, content):
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return make


@pytest.fixture
def source_of(tmp_path):
    """source_of(place="", toml=None): the source of the data's folder, of a place below it, or of a
    TOML file there."""

    def make(place="", toml=None, data_dir="data"):
        if toml is not None:
            place = "data.toml"
            (tmp_path / "own").mkdir(exist_ok=True)
            (tmp_path / "own" / place).write_text(toml)
        data = base().data
        data.dataset, data.files = "files", str(tmp_path / "own" / place)
        data.data_dir = str(tmp_path / data_dir)
        return find_source(data)

    return make


@pytest.fixture
def read(source_of):
    """read(language, split, …): [(id, texts, names of labels), …] of the source of the rest."""

    def make(language, split, **described):
        source = source_of(**described)
        return [
            (example.id, example.texts, tuple(source.labels.named(example.labels)))
            for example in source.examples(language, split)
        ]

    return make
