"""Own text as a data set: its languages, labels, ids, digests, and what is remembered of it."""

import operator
import os

import pytest

from xlt_flax.data import remembered
from xlt_flax.data.sources.files import survey
from xlt_flax.errors import UserError

TRAIN = "text,label\nA fine record.,good\nNo good at all.,bad\n"


def test_a_folder(write, source_of, read):
    write("en.train.csv", TRAIN)
    write("de.dev.tsv", "label\ttext\ngood\tEin tolles Album!\n")
    write(
        "zh-Hans.test.jsonl.gz", '{"text": "好", "label": "good"}\n\n{"text": "", "label": null}\n'
    )
    write("ja.unlabeled.txt", "一\n\n三\n")
    write("README.md", "not data")
    source = source_of()
    assert source.languages == ("de", "en", "ja", "zh-Hans")
    assert [source.splits(name) for name in source.languages] == [
        *(("validation",), ("train",), ("unlabeled",), ("test",)),
    ]
    assert (source.name, source.letters, source.labels.names) == ("files", {}, ("bad", "good"))
    assert read("en", "train") == [
        ("en.train.csv:1", ("A fine record.",), ("good",)),
        ("en.train.csv:2", ("No good at all.",), ("bad",)),
    ]
    assert read("de", "validation") == [("de.dev.tsv:1", ("Ein tolles Album!",), ("good",))]
    assert read("zh-Hans", "test") == [
        ("zh-Hans.test.jsonl.gz:1", ("好",), ("good",)),
        ("zh-Hans.test.jsonl.gz:2", ("",), ()),
    ]
    assert [texts for _, texts, _ in read("ja", "unlabeled")] == [("一",), ("",), ("三",)]


@pytest.mark.parametrize("pair", [False, True])
def test_columns_of_a_toml_file(pair, write, read):
    write("sub/a.csv", "ticket,title,body,kind\n 7,Hi,there,2\n8,,,10\n")
    write("sub/b.jsonl", '{"ticket": 9, "title": "So", "kind": 1, "body": null}\n')
    toml = f"""
        text = ["title", " body"]
        label = "kind"
        id = "ticket"
        pair = {str(pair).lower()}
        [train]
        en = ["sub/a.csv", "sub/b.jsonl"]
    """
    texts = [("Hi", "there"), ("", ""), ("So", "")]
    assert read("en", "train", toml=toml) == [
        (id_, text if pair else (" ".join(text),), (label,))
        for id_, text, label in zip([" 7", "8", "9"], texts, ["2", "10", "1"], strict=True)
    ]


def test_ids_without_a_column_name_the_file_below_the_toml(write, read):
    for name in ("a/x.csv", "b/x.csv"):
        write(name, TRAIN)
    found = read("en", "train", toml='[train]\nen = ["a/x.csv", "b/x.csv"]')
    assert [id_ for id_, *_ in found] == ["a/x.csv:1", "a/x.csv:2", "b/x.csv:1", "b/x.csv:2"]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["10", "9", "-1", "2.5"], ("-1", "2.5", "9", "10")),
        (["b", "10", "a", "9"], ("9", "10", "a", "b")),
        ([" x ", "x"], ("x",)),
    ],
)
def test_labels_are_sorted_numbers_as_numbers(labels, expected, write, source_of):
    write("en.train.csv", "text,label\n" + "".join(f"a,{label}\n" for label in labels))
    assert source_of().labels.names == expected


def test_labels_in_an_order_that_is_given(write, source_of):
    write("train.csv", TRAIN)
    toml = 'labels = ["good", "bad"]\n[train]\nen = "train.csv"'
    assert source_of(toml=toml).labels.names == ("good", "bad")


def test_labels_are_those_of_all_training_files_alone(write, source_of, read):
    write("en.train.csv", "text,label\na,1\n")
    write("de.train.csv", "text,label\na,2\n")
    write("ja.test.csv", "text,label\nb,2\n")
    assert source_of().labels.names == ("1", "2")
    assert read("ja", "test") == [("ja.test.csv:1", ("b",), ("2",))]
    write("ja.test.csv", "text,label\nb,3\n")
    assert source_of().labels.names == ("1", "2")
    with pytest.raises(UserError, match="training files have no such label, but 1, 2"):
        read("ja", "test")


def test_the_layout_of_the_thesis(write, read, source_of):
    """`stars,text` without a header or quotes; 1 and 2 stars against 4 and 5."""
    write(
        "train_E1E2E3.csv",
        '1,"Bad he said\n5,It is 7" wide\n2,So "so"\n4,Gut\n',
    )
    toml = """
        label = "stars"
        rename = {"1" = "bad", "2" = "bad", "4" = "good", "5" = "good"}
        [train]
        en = "train_E1E2E3.csv"
        [reader]
        quote = ""
        columns = ["stars", "text"]
    """
    assert source_of(toml=toml).labels.names == ("bad", "good")
    assert [found[1:] for found in read("en", "train", toml=toml)] == [
        (('"Bad he said',), ("bad",)),
        (('It is 7" wide',), ("good",)),
        (('So "so"',), ("bad",)),
        (("Gut",), ("good",)),
    ]


def test_a_test_set_for_prediction(write, read):
    write("en.train.csv", TRAIN)
    write("ja.test.csv", "text\na\nb\n")
    write("ko.test.csv", "text,label\na,\nb, \n")
    for language in ("ja", "ko"):
        assert [found[1:] for found in read(language, "test")] == [(("a",), ()), (("b",), ())]


def test_a_folder_beside_tables(write, read, source_of):
    write("sib/ja.dev.tsv", TRAIN.replace(",", "\t"))
    write("more.csv", TRAIN)
    toml = 'folder = "sib"\n[train]\nen = "more.csv"\n'
    assert source_of(toml=toml).languages == ("en", "ja")
    assert read("ja", "validation", toml=toml)[0][0] == "sib/ja.dev.tsv:1"
    with pytest.raises(UserError, match=r"validation\.ja is in the folder as well"):
        source_of(toml=toml + '[validation]\nja = "more.csv"')


def test_making_a_source_reads_no_file(write, source_of):
    write("en.train.csv", b"\xff")
    os.chmod(write("ja.test.csv", b"\xff"), 0)
    assert source_of().splits("ja") == ("test",)


def test_empty_texts_are_counted_and_kept(write, read, caplog):
    write("en.train.csv", TRAIN + '" ",bad\n,good\n')
    with caplog.at_level("INFO", "xlt_flax"):
        assert len(read("en", "train")) == 4
    assert [record.getMessage() for record in caplog.records] == [
        "en train: 2 of 4 documents have an empty text, and are documents like any other"
    ]


def test_a_stream_knows_its_length(write, source_of):
    write("en.train.csv", TRAIN)
    assert operator.length_hint(source_of().examples("en", "train")) == 2


# ---- What documents are known by -----------------------------------------------------------------


def test_equal_files_elsewhere_are_the_same_data_set(write, source_of):
    for folder in ("a", "b"):
        write(f"{folder}/en.train.csv", TRAIN)
        write(f"{folder}/ja.test.csv", TRAIN)
    sources = [source_of("a"), source_of("b")]
    assert sources[0] == sources[1]
    assert len({*sources}) == 1
    write("b/ja.test.csv", TRAIN + "c,bad\n")
    assert sources[0] != source_of("b")
    write("a/ko.test.csv", TRAIN)
    assert source_of("b") != source_of("a")


CHANGES = {
    "bytes": ("en.train.csv", TRAIN + "c,bad\n", ""),
    "a new class elsewhere": ("de.train.csv", "text,label\na,new\n", ""),
    "the order of labels": (None, None, 'labels = ["good", "bad"]'),
    "the text": (None, None, 'text = ["text", "label"]'),
    "a pair": (None, None, 'text = ["text", "label"]\npair = true'),
    "names": (None, None, 'rename = {good = "bad", bad = "good"}'),
    "ids": (None, None, 'id = "text"'),
    "the reader": (None, None, '[reader]\nencoding = "cp1252"'),
}


@pytest.mark.parametrize(("name", "content", "keys"), CHANGES.values(), ids=CHANGES.keys())
def test_a_digest_is_of_all_that_examples_are_made_from(name, content, keys, write, source_of):
    write("data/en.train.csv", TRAIN)
    digests = [source_of(toml='folder = "data"').digest("en", "train")]
    digests.append(source_of(toml='folder = "data"').known_digest("en", "train"))
    if name:
        write(f"data/{name}", content)
    digests.append(source_of(toml=f'folder = "data"\n{keys}').digest("en", "train"))
    assert digests[0] == digests[1] != digests[2]


def test_unlabelled_documents_do_not_depend_on_labels(write, source_of):
    write("en.train.csv", TRAIN)
    write("ja.unlabeled.txt", "a\n")
    before = source_of().digest("ja", "unlabeled")
    write("en.train.csv", TRAIN + "a,new\n")
    assert source_of().digest("ja", "unlabeled") == before


def test_files_are_read_again_only_when_they_changed(write, source_of, monkeypatch):
    monkeypatch.setattr(remembered, "_SETTLED", -1)
    path = write("en.train.csv", TRAIN)
    before = source_of().digest("en", "train")
    reads = []
    records = survey.records
    monkeypatch.setattr(survey, "records", lambda *of: reads.append(of) or records(*of))
    assert source_of().digest("en", "train") == before
    assert (reads, source_of().labels.names) == ([], ("bad", "good"))
    path.write_text(TRAIN.replace("good", "fine"))  # as long as it was
    os.utime(path, (1, 1))
    source = source_of()
    assert source.labels.names == ("bad", "fine")
    assert (len(reads), source.digest("en", "train") == before) == (1, False)


def test_what_was_changed_just_now_is_not_remembered(write, source_of, tmp_path):
    """It might change again and keep its time."""
    write("en.train.csv", TRAIN)
    assert source_of().digest("en", "train")
    assert not (tmp_path / "data").exists()


def test_a_damaged_memory_is_made_again(write, source_of, tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "_SETTLED", -1)
    write("en.train.csv", TRAIN)
    before = source_of().digest("en", "train")
    kept = [*(tmp_path / "data" / "xlt_flax_files").iterdir()]
    assert len(kept) == 2
    for path, damage in zip(kept, (b"", b'{"of": {}, "value": {}}'), strict=True):
        path.write_bytes(damage)
    assert source_of().digest("en", "train") == before
