"""What is refused is one line, before the model is opened, and leaves nothing."""

import pytest

from xlt_flax import api_models
from xlt_flax.errors import UserError
from xlt_flax.prediction import opening
from xlt_flax.words import parse_shard

ROWS = "text,label\na,good\nb,bad\n"
REFUSED = {
    "no input": ("gone.csv", "o.csv", {}, "--input: .*gone.csv is not there: give a file"),
    "input is a folder": ("folder", "o.csv", {}, "--input: .*folder is a folder: give a file"),
    "input of another format": ("a.xlsx", "o.csv", {}, "a.xlsx: what is in it is told by its ext"),
    "output of another format": ("a.csv", "o.xlsx", {}, "o.xlsx: what is in it is told by its ext"),
    "output as txt": ("a.csv", "o.txt", {}, "--output: txt cannot be written: give one of jsonl"),
    "parquet is packed already": ("a.csv", "o.parquet.gz", {}, "parquet.gz cannot be written"),
    "output is a folder": ("a.csv", "folder.csv", {}, "--output: .*folder.csv is a folder: give a"),
    "output below a file": ("a.csv", "a.csv/o.csv", {}, "--output: .*a.csv is a file"),
    "output is the input": ("a.csv", "a.csv", {}, "--output: .*a.csv is the input: give another"),
    "a URL": ("a.csv", "gs://b/o.csv", {}, "--output is 'gs://b/o.csv', a URL"),
    "no such column": (
        *("a.csv", "o.csv", {"text": ["body"]}),
        "a.csv: has no column 'body', but 'text', 'label': say which is meant .--text",
    ),
    "no such label column": (
        *("a.csv", "o.csv", {"label_column": "kind"}),
        "a.csv: has no column 'kind', but 'text', 'label'",
    ),
    "no such id column": ("a.csv", "o.csv", {"id_column": "n"}, "a.csv: has no column 'n', but"),
    "a column of a row": (
        *("some.jsonl", "o.csv", {"text": ["text"]}),
        "some.jsonl: row 2: has no column 'text', but 'body'",
    ),
    "txt has one column": (
        "a.txt",
        "o.csv",
        {"text": ["body"]},
        "a.txt: has no column 'body', but",
    ),
    "a column twice": ("twice.csv", "o.csv", {}, "twice.csv: has the column 'x' twice: rename one"),
    "a pair of one": ("a.csv", "o.csv", {"pair": True}, "a pair of texts is two columns, and the"),
    "a row that is not whole": ("short.csv", "o.csv", {}, r"short.csv: row 2 \(line 3\) has 1 col"),
    "no JSON": ("no.jsonl", "o.csv", {}, "no.jsonl: row 1: is no JSON"),
    "half a character": ("half.jsonl", "o.csv", {}, r"half.jsonl: row 1: holds \\ud83d, half of"),
    "a text that is a list": ("list.jsonl", "o.csv", {}, "row 1: column 'text' holds a list: give"),
    "no parquet": ("no.parquet", "o.csv", {}, "no.parquet: is no whole parquet file"),
    "no gzip": ("no.csv.gz", "o.csv", {}, "no.csv.gz: is no whole gzip file"),
    "another encoding": ("latin.csv", "o.csv", {}, "line 2 is no utf-8: .*predict: --encoding"),
    "an unknown encoding": (
        *("a.csv", "o.csv", {"reading": {"encoding": "utf-9"}}),
        "predict: --encoding is 'utf-9': give the name of an encoding",
    ),
    "a long delimiter": (
        *("a.csv", "o.csv", {"reading": {"delimiter": "||"}}),
        r"predict: --delimiter is '\|\|': give one character",
    ),
    "windows of pairs": (
        *("a.csv", "o.csv", {"text": ["text", "label"], "pair": True, "long": "windows"}),
        "--long=windows is of single texts, and these are pairs: give truncate",
    ),
    "top_k": ("a.csv", "o.csv", {"top_k": 0}, "--top_k=0: give a number of classes, from 1"),
    "threshold": ("a.csv", "o.csv", {"threshold": 1.5}, "--threshold=1.5: give a probability"),
    "formats": ("a.csv", "o.csv", {"pipes": ["a", "b", "c"]}, "--format=a,b,c: give one format"),
    "a checkpoint of no run": ("a.csv", "o.csv", {"checkpoint": "latest"}, "are of a run, --workd"),
}
FILES = {
    "a.csv": ROWS.encode(),
    "a.txt": b"a\n",
    "a.xlsx": b"PK",
    "some.jsonl": b'{"text": "a"}\n{"body": "b"}\n',
    "twice.csv": b"text,x,x\na,b,c\n",
    "short.csv": b"text,x\na,b\nc\n",
    "no.jsonl": b"text\n",
    "half.jsonl": rb'{"text": "a", "other": "\ud83d"}',
    "list.jsonl": b'{"text": ["a"]}',
    "no.parquet": b"PAR1",
    "no.csv.gz": b"text\na",
    "latin.csv": "text\ngrößer\n".encode("latin-1"),
}


@pytest.fixture
def files(tmp_path):
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    for name in ("folder", "folder.csv"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("given", "output", "options", "told"), REFUSED.values(), ids=REFUSED.keys()
)
def test_it_is_refused_before_the_model_is_opened(files, monkeypatch, given, output, options, told):
    monkeypatch.setattr(opening, "open_trained", lambda *_: pytest.fail("it was opened"))
    place = output if "://" in output else files / output
    before = sorted(files.rglob("*"))
    with pytest.raises(UserError, match=told) as raised:
        api_models.predict("nowhere", files / given, place, **options)
    assert "\n" not in str(raised.value)
    assert sorted(files.rglob("*")) == before


def test_a_class_that_is_called_as_abstaining_is(predicting, files):
    with pytest.raises(UserError, match="--threshold: the model has a class that is called 'absta"):
        predicting("a.csv", "o.csv", labels=("good", "abstain"), threshold=0.5)
    assert not [*files.glob(".*")]


def test_more_classes_than_there_are(predicting, files):
    with pytest.raises(UserError, match="--top_k=4: the model has 3 classes: give less"):
        predicting("a.csv", "o.csv", top_k=4)


@pytest.mark.parametrize("text", ["1", "2/2", "1/0", "a/b", "-1/2"])
def test_shards_that_are_none(text):
    with pytest.raises(UserError, match=r"give I/N, such as 0/4"):
        parse_shard(text)
