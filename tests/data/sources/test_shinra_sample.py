"""The made SHINRA data set that ships: what its tool composes, and all that real files have."""

import gzip
import sys
from collections import Counter
from operator import length_hint
from pathlib import Path

import pytest

from xlt_flax.config import sample
from xlt_flax.data.sources import find_source
from xlt_flax.data.sources.shinra.class_list import branch_of, read_class_list
from xlt_flax.data.sources.shinra.development import read_development
from xlt_flax.data.sources.shinra.dump import read_dump
from xlt_flax.data.sources.shinra.pages import read_pages
from xlt_flax.data.sources.shinra.raw_files import SAMPLE_DIR

TOOLS = Path(__file__).parents[3] / "tools"


@pytest.fixture(scope="module")
def classes():
    return read_class_list(SAMPLE_DIR / "classes.jsonl")


def test_it_is_what_the_tool_composes(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import make_shinra_sample

    texts = make_shinra_sample.contents()
    assert texts.keys() == {path.name for path in SAMPLE_DIR.iterdir()}
    for name, text in texts.items():
        data = (SAMPLE_DIR / name).read_bytes()
        assert (gzip.decompress(data) if name.endswith(".gz") else data).decode() == text, name
    sys.modules.pop("make_shinra_sample"), sys.modules.pop("make_sample")


def test_it_is_small_and_has_many_classes_with_a_long_tail(classes):
    assert sum(path.stat().st_size for path in SAMPLE_DIR.iterdir()) < 200_000
    found = Counter(id for page in read_pages(SAMPLE_DIR / "train.jsonl") for id in page.classes)
    assert {*found} == {*classes.leaves}
    assert len(found) == 20
    assert {branch_of(id) for id in found} == {"0", "1", "2", "3", "4", "5", "9"}
    assert classes.leaves.index("2.3") < classes.leaves.index("2.10")
    assert max(found.values()) > 8 * min(found.values())


def test_some_names_are_in_full_width_letters(classes):
    rows = [*read_development(SAMPLE_DIR / "development.tsv", classes)]
    assert "ＣＤ" in (SAMPLE_DIR / "development.tsv").read_text("utf-8")
    assert sum("3.1.4" in ids for _, _, ids in rows) > 3


def test_the_shipped_tokenizer_knows_its_letters(sample_tokenizer):
    pages = [*read_dump(SAMPLE_DIR / "dump.json.gz")]
    tokens = sample_tokenizer([page.text for page in pages])["input_ids"]
    unknown = sample_tokenizer.unk_token_id
    assert sum(row.count(unknown) for row in tokens) < 0.001 * sum(map(len, tokens))
    assert max(map(len, tokens)) <= 128  # as configs/shinra_demo.py cuts them


def test_it_is_a_data_set(sample_data_dir):
    config = sample()
    config.data.dataset, config.data.data_dir = "shinra_sample", str(sample_data_dir)
    source = find_source(config.data)
    assert source.splits("ja") == ("train", "test", "unlabeled")
    assert source.left_out("ja", "train") == {
        "without_class": 1,
        "without_text": 4,
        "of_several_classes": 9,
    }
    assert length_hint(source.examples("ja", "test")) == 96
    config.data.labels = "multi"
    several = [len(each.labels) for each in find_source(config.data).examples("ja", "train")]
    assert (len(several), several.count(2)) == (241, 9)
