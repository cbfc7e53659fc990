"""A data set is one new file: found by its name, and used from its examples to the audit."""

from pathlib import Path

import pytest

from xlt_flax.config import sample
from xlt_flax.config_checks import validate
from xlt_flax.data import selection, sources
from xlt_flax.data.audit import audit
from xlt_flax.data.corpus import Corpus
from xlt_flax.data.sources import dataset_names, find_source
from xlt_flax.errors import UserError

NEW_FILE = '''
"""Tickets in two languages, three classes; sw has no test set, as it is not judged."""

import hashlib

from xlt_flax.data.examples import Example, LabelSet

TICKETS = {
    ("sw", "train"): [(f"habari {i}", i % 3) for i in range(30)],
    ("yo", "train"): [(f"owuro {i}", i % 3) for i in range(12)],
    ("yo", "test"): [(f"irole {i}", i % 3) for i in range(9)],
}


class Tickets:
    name = "tickets"
    languages = ("sw", "yo")
    labels = LabelSet(("bug", "praise", "question"))
    letters = {"S": "sw", "Y": "yo"}

    def splits(self, language):
        return tuple(split for name, split in TICKETS if name == language)

    def digest(self, language, split):
        return hashlib.sha256(repr(TICKETS[language, split]).encode()).hexdigest()

    known_digest = digest

    def examples(self, language, split):
        for number, (text, label) in enumerate(TICKETS[language, split], 1):
            yield Example(str(number), (text,), (label,), language)


def make_source(data):
    return Tickets()
'''


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The `data` of a config that names a data set which one new file has brought."""
    (tmp_path / "tickets.py").write_text(NEW_FILE)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    config = sample()
    config.mixture = "S1Y1"
    config.data.dataset, config.data.target_language = "tickets", "yo"
    config.data.train_per_group, config.data.validation_per_group = 6, 3
    config.data.data_dir = str(tmp_path / "data")
    validate(config)
    return config.data


def test_a_new_data_set_is_one_new_file(data, sample_tokenizer):
    corpus = Corpus(find_source(data), sample_tokenizer, 32, Path(data.data_dir))
    data.stratify = True
    chosen = selection.select(corpus, "S1S2Y1", data)
    needed = selection.needed_splits("S1S2Y1", "yo", corpus.source)
    assert needed == [("sw", "train"), ("yo", "test"), ("yo", "train")]
    assert all(corpus.is_ready(*split) for split in needed)
    assert chosen.languages.tolist() == ["sw"] * 12 + ["yo"] * 6
    made = audit(chosen, selection.test_documents(corpus, "yo"), "yo", 32)
    evenly = {"bug": 2, "praise": 2, "question": 2}
    assert made["groups"]["S2"]["train"]["labels"] == evenly
    assert made["splits"]["test"]["labels"] == {"bug": 3, "praise": 3, "question": 3}
    duplicates = made["duplicates"]
    assert (duplicates["within_train"], duplicates["train_test"]["documents"]) == (0, 0)


def test_it_is_among_those_that_exist(data):
    """What several data sets share is none."""
    names = dataset_names()
    assert {"files", "shinra", "tickets", "webis_cls10", "webis_cls10_sample"} <= {*names}
    assert names == sorted(name for name in names if not name.startswith("_"))
    data.dataset = "ticket"
    with pytest.raises(UserError) as error:
        find_source(data)
    assert str(error.value) == (f"config.data.dataset is 'ticket': give one of {', '.join(names)}")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("mixture", "E1", "a group is one of S, Y and a number"),
        ("data.target_language", "ja", "config.data.target_language is 'ja': give one of sw, yo"),
    ],
)
def test_its_languages_and_letters_are_what_a_config_may_name(data, field, value, expected):
    config = sample()
    config.mixture = "S1"
    config.data.dataset, config.data.target_language = "tickets", "yo"
    config.update_from_flattened_dict({field: value})
    with pytest.raises(UserError, match=expected):
        validate(config)
