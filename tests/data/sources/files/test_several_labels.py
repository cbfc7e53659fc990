"""Own text whose documents may have several labels: lists, or texts with a separator."""

import io
import json

import pyarrow
import pyarrow.parquet
import pytest

from xlt_flax.errors import UserError

CSV = 'text,label\na,bug;praise\nb, praise ;\nc,""\nd,praise;bug;bug\n'
FOUND = [("bug", "praise"), ("praise",), (), ("praise", "bug")]
ROWS = [["bug", "praise"], [" praise ", None], [], ["praise", "bug", "bug"]]


def as_jsonl(values):
    return "".join(json.dumps({"text": "x", "label": value}) + "\n" for value in values)


def as_parquet(values):
    bytes_of = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"text": ["x"] * 4, " label": values}), bytes_of)
    return bytes_of.getvalue()


GIVEN = {
    "csv": (CSV, ";"),
    "tsv": (CSV.replace(",", "\t").replace(";", " | "), "|"),
    "jsonl texts": (as_jsonl(["bug;praise", " praise ;", None, "praise;bug;bug"]), ";"),
    "jsonl lists": (as_jsonl(ROWS), ""),
    "jsonl of both": (as_jsonl(["bug;praise", "praise", [], ["praise", "bug"]]), ";"),
    "parquet lists": (as_parquet(ROWS), ""),
    "parquet texts": (as_parquet(["bug;praise", "praise", None, "praise;bug"]), ";"),
}


@pytest.mark.parametrize(("content", "separator"), GIVEN.values(), ids=GIVEN.keys())
def test_labels_of_a_document(content, separator, request, write, read, source_of):
    form = request.node.callspec.id.split()[0]
    write(f"a.{form}", content)
    toml = f'train.en = "a.{form}"\ntest.ja = "a.{form}"\n'
    toml += f'labels_separator = "{separator}"\n' * bool(separator)
    for language, split in (("en", "train"), ("ja", "test")):
        assert [labels for *_, labels in read(language, split, toml=toml)] == FOUND
    assert source_of(toml=toml).labels.several
    assert source_of(toml=toml).labels.names == ("bug", "praise")


def test_each_label_is_renamed(write, read):
    write("a.csv", "text,label\na,1;2\nb,2;4;5\n")
    toml = 'train.en = "a.csv"\nlabels_separator = ";"\n'
    toml += 'rename = {"1" = "bad", "2" = "bad", "4" = "good", "5" = "good"}\n'
    assert [labels for *_, labels in read("en", "train", toml=toml)] == [("bad",), ("bad", "good")]


def test_a_text_without_a_separator_is_one_label(write, source_of):
    write("en.train.csv", "text,label\na,x;y\nb,x\n")
    labels = source_of().labels
    assert labels.names == ("x", "x;y")
    assert not labels.several


def test_a_list_of_one_is_a_label_where_training_documents_have_one(write, read):
    write("en.train.csv", "text,label\na,x\nb,y\n")
    write("ja.test.jsonl", as_jsonl([["x"], "y"]))
    assert [labels for *_, labels in read("ja", "test")] == [("x",), ("y",)]


TRAINED = "text,label\na,x;y\nb,y\n"
SEPARATED = 'labels_separator = ";"\n[train]\nen = "en.csv"\n[test]\nja = "ja.{}"\n'
PLAIN = SEPARATED.partition("\n")[2]
WRONG = {
    "a label that is not trained on": (SEPARATED, "csv", "text,label\na,x\nb,x;z\n", "row 2"),
    "a list in a list": (
        SEPARATED,
        "jsonl",
        as_jsonl(["x", ["y", ["x"]]]),
        "row 2: column 'label'",
    ),
    "a table": (SEPARATED, "jsonl", as_jsonl([["x"], {"y": 1}]), "row 2: column 'label'"),
    "a table in a list": (
        SEPARATED,
        "parquet",
        as_parquet([[{"y": 1}]] * 4),
        "row 1: holds a dict",
    ),
    "half of a character": (SEPARATED, "jsonl", as_jsonl([["x"], ["\ud83d"]]), "row 2: holds"),
    "several where one is trained on": (
        PLAIN,
        "jsonl",
        as_jsonl(["y", ["y", "x;y"]]),
        "row 2: column 'label' has several",
    ),
    "a list of texts": (SEPARATED, "jsonl", '{"text": ["x"], "label": "x"}\n', "column 'text'"),
}


@pytest.mark.parametrize(("toml", "form", "content", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_is_broken_is_a_line(toml, form, content, told, write, source_of):
    write("en.csv", TRAINED)
    path = write(f"ja.{form}", content)
    with pytest.raises(UserError) as refused:
        source_of(toml=toml.format(form)).digest("ja", "test")
    (line,) = str(refused.value).splitlines()
    assert line.startswith(str(path))
    assert told in line


def test_a_separator_says_more_than_the_files_alone(write, source_of):
    """Stores and runs go by the digest, also where names and files are the same."""
    write("en.csv", TRAINED)
    write("ja.csv", "text,label\na,x;y\n")
    renamed = 'rename = {"x" = "x", "y" = "y", "x;y" = "x"}\n'
    plain, separated = (source_of(toml=renamed + t.format("csv")) for t in (PLAIN, SEPARATED))
    assert plain.labels.names == separated.labels.names == ("x", "y")
    assert plain.digest("ja", "test") != separated.digest("ja", "test")


def test_no_label_at_all(write, source_of):
    write("en.csv", "text,label\na,;\n")
    with pytest.raises(UserError, match="column 'label' of the training files is empty"):
        _ = source_of(toml='labels_separator = ";"\ntrain.en = "en.csv"\n').labels


@pytest.mark.parametrize("value", ['""', '"\\n"', "1"])
def test_what_is_no_separator(value, write, source_of):
    write("en.csv", TRAINED)
    with pytest.raises(UserError, match="labels_separator is"):
        source_of(toml=f'labels_separator = {value}\ntrain.en = "en.csv"\n')
