"""What is wrong with files or their description is said in one line: file, row, column."""

import io
import shutil

import pyarrow as pa
import pytest
from pyarrow import parquet

from xlt_flax.errors import UserError

GOOD = "text,label\nA fine record.,good\nNo good at all.,bad\n"


def parquet_of(**columns):
    made = io.BytesIO()
    parquet.write_table(pa.table(columns), made)
    return made.getvalue()


def line_of(use):
    with pytest.raises(UserError) as error:
        use()
    (line,) = str(error.value).splitlines()
    return line


BROKEN = {
    # file, its content, what the line says after the file's path
    "no column": ("en.train.csv", "txt,label\na,b\n", ": has no column 'text', but 'txt', 'label'"),
    "a column twice": (
        "en.train.csv",
        "text,label, text\na,b,c\n",
        ": has the column 'text' twice",
    ),
    "no header": ("en.train.csv", "", ": has no column 'text'"),
    "no document": ("en.train.csv", "text,label\n", ": holds no document: leave out the en train"),
    "a cut row": (
        "en.train.csv",
        GOOD + '"quoted\nbreak",good\nhalf\n',
        ": row 4 (line 6) has 1 columns, and the header 2",
    ),
    "a row too long": ("en.train.csv", GOOD + "a,b,c\n", ": row 3 (line 4) has 3 columns, and"),
    "an open quote": (
        "en.train.csv",
        GOOD + 'a,b\n"never closed,good\nc,d\n',
        ": row 4 (it ends in line 6): unexpected end of data",
    ),
    "text after a quote": ("en.train.tsv", 'text\tlabel\n"a"b\tc\n', ": row 1 (it ends in line 2)"),
    "a lone \\r": ("en.train.csv", GOOD + "a\rb,c\n", ": row 3 (it ends in line 4): new-line char"),
    "no UTF-8": ("en.train.csv", GOOD.encode() + b"\xe4hm,good\n", ": line 4 is no utf-8: save"),
    "no UTF-8 far on": (
        "en.train.csv",
        GOOD.encode() * 1000 + b"\xff,good\n" + GOOD.encode() * 1000,
        ": line 3001 is no utf-8",
    ),
    "no label in train": ("en.train.csv", GOOD + "a, \n", ": row 3: column 'label' is empty, and"),
    "no gzip": ("en.train.csv.gz", None, ": is no whole gzip file ("),
    "a cut gzip": ("en.train.csv.gz", "cut", ": is no whole gzip file ("),
    "no JSON": ("en.train.jsonl", '{"text": "a", "label": 1}\n{"te\n', ": row 2: is no JSON: "),
    "no object": ("en.train.jsonl", '["a", 1]\n', ": row 1: is no object: give one a line"),
    "no key": ("en.train.jsonl", '{"text": "a"}\n', ": row 1: has no column 'label', but 'text'"),
    "a list": (
        "en.train.jsonl",
        '{"text": ["a"], "label": 1}',
        ": row 1: column 'text' holds a li",
    ),
    "half a character": (
        "en.train.jsonl",
        '{"text": "\\ud83d", "label": 1}',
        ": row 1: holds \\ud83d, half of a character",
    ),
    "deep JSON": ("en.train.jsonl", "[" * 100_000, ": row 1: is no JSON"),
    "a txt file": (
        "en.train.txt",
        "a\n",
        ": a txt file is a text a line and has no column 'label'",
    ),
    "no parquet": ("en.train.parquet", "PAR1 or not", ": is no whole parquet file ("),
    "a list in parquet": (
        "en.train.parquet",
        parquet_of(text=[["a"]] * 3, label=["x"] * 3),
        ": column 'text', row 1: holds a list",
    ),
    "bytes in parquet": (
        "en.train.parquet",
        parquet_of(text=["a"] * 3, label=[None, None, b"x"]),
        ": column 'label', row 3: holds a bytes",
    ),
}


@pytest.mark.parametrize(("name", "content", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file(name, content, told, write, source_of):
    if content is None or content == "cut":
        path = write(name, GOOD * 100)
        path.write_bytes(GOOD.encode() if content is None else path.read_bytes()[:-12])
    else:
        path = write(name, content)
    write("ja.test.csv", GOOD)
    line = line_of(lambda: source_of().labels)
    assert line.startswith(f"{path}{told}"), line


def test_a_parquet_text_that_is_no_utf_8(write, source_of):
    texts = pa.array([b"a", b"b", b"\xff"]).cast(pa.binary()).view(pa.string())
    path = write("en.train.parquet", parquet_of(text=texts, label=["x", "y", "z"]))
    assert line_of(lambda: source_of().labels) == f"{path}: column 'text', row 3: is no UTF-8"


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_label_that_nothing_is_trained_for(split, write, source_of):
    write("en.train.csv", GOOD)
    path = write(f"ja.{split}.csv", GOOD + "c,neither\n")
    source = source_of()
    assert source.labels.names == ("bad", "good")
    assert line_of(lambda: source.digest("ja", split)) == (
        f"{path}: row 3: column 'label' is 'neither', and the training files have no such label, "
        "but bad, good"
    )


@pytest.mark.parametrize("split", ["train", "test"])
def test_two_ids_alike(split, write, source_of):
    rows = "id,text,label\n1,a,x\n2,b,y\n"
    write("train.csv", rows)
    first, second = write(f"{split}-1.csv", rows), write(f"{split}-2.csv", rows.replace("1,", "3,"))
    toml = (
        f'id = "id"\n[train]\nen = "train.csv"\n[{split}]\nja = ["{split}-1.csv", "{split}-2.csv"]'
    )
    toml = toml if split == "test" else toml.replace('[train]\nen = "train.csv"\n', "")
    assert line_of(lambda: source_of(toml=toml).digest("ja", split)) == (
        f"{second}: row 2: column 'id' is '2', as in {first}: row 2: an id is one document's of "
        "its language and split"
    )


def test_an_empty_id(write, source_of):
    path = write("train.csv", "id,text,label\n1,a,x\n ,b,y\n")
    line = line_of(lambda: source_of(toml='id = "id"\n[train]\nen = "train.csv"').labels)
    assert line.startswith(f"{path}: row 2: column 'id' is empty")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('rename = {"good" = "1"}', "train.csv: row 2: column 'label' is 'bad', which rename in"),
        (
            'labels = ["good", "bad", "so"]',
            "data.toml: labels has 'so', which no training file has",
        ),
        ('labels = ["good"]', "train.csv: row 2: column 'label' is 'bad', and the labels lists no"),
    ],
)
def test_labels_that_do_not_agree(keys, told, write, source_of, tmp_path):
    write("train.csv", GOOD)
    line = line_of(lambda: source_of(toml=f'{keys}\n[train]\nen = "train.csv"').labels)
    assert line.startswith(f"{tmp_path}/own/{told}"), line


def test_a_column_of_texts_is_no_label(write, source_of):
    write("en.train.csv", "text,label\n" + "".join(f"a,text {i}\n" for i in range(10_001)))
    assert "has more than 10,000 different values" in line_of(lambda: source_of().labels)


TOML = {
    "no TOML": ("label = ", "data.toml: is no TOML: Invalid value (at end of document)"),
    "unknown key": ("labl = 'x'", "there is no key labl: was label meant? it may have label, text"),
    "unknown split": ("[dev]\nen = 'a.csv'", "there is no key dev: it may have label, text"),
    "unknown reader key": (
        "[reader]\nquotes = ''",
        "there is no key reader.quotes: was reader.quote",
    ),
    "no text": ("text = []", "text is []: give the name of a column, or a list of names"),
    "text twice": (
        "text = ['a', 'a ']",
        "text is ['a', 'a ']: give the name of a column, or a list",
    ),
    "label a number": ("label = 1", "label is 1: give the name of a column"),
    "one of a pair": ("pair = true", "text is 'text': give two columns, as pair is true"),
    "pair a text": ("pair = 'yes'", "pair is 'yes': give true or false"),
    "labels twice": ("labels = ['1', 1]", "labels is ['1', 1]: give a list of names, each once"),
    "no renaming": ("rename = {}", "rename is {}: give a table such as"),
    "a language": ("[train]\n'en+de' = 'a.csv'", "train is {'en+de': 'a.csv'}: give LANGUAGE ="),
    "no files of a split": ("[test]\nen = []", "test is {'en': []}: give LANGUAGE ="),
    "a table for a file": ("[test.en]\na = 'b'", "test is {'en': {'a': 'b'}}: give LANGUAGE ="),
    "a file twice": (
        "[test]\nen = ['a.csv', './a.csv']",
        "test.en is ['a.csv', './a.csv']: give each",
    ),
    "no files": ("label = 'x'", "names no files: give folder = …, or tables such as [train]"),
    "no folder": ("folder = 'gone'", "folder is 'gone': give a folder"),
    "long delimiter": (
        "[reader]\ndelimiter = '||'",
        "reader.delimiter is '||': give one character",
    ),
    "long quote": ("[reader]\nquote = \"''\"", "reader.quote is \"''\": give one character, or"),
    "unknown encoding": (
        "[reader]\nencoding = 'utf-9'",
        "reader.encoding is 'utf-9': give the name",
    ),
    "no text encoding": (
        "[reader]\nencoding = 'base64'",
        "reader.encoding is 'base64': give the na",
    ),
    "columns as text": ("[reader]\ncolumns = 'a'", "reader.columns is 'a': give the name of a col"),
}


@pytest.mark.parametrize(("toml", "told"), TOML.values(), ids=TOML.keys())
def test_a_wrong_description(toml, told, source_of, tmp_path):
    line = line_of(lambda: source_of(toml=toml))
    assert line.startswith(f"{tmp_path}/own/data.toml: ")
    assert told in line


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        (
            "[train]\nen = 'a.xlsx'",
            "a.xlsx: what is in it is told by its extension, one of csv, tsv",
        ),
        ("[train]\nen = 'a'", "a: what is in it is told by its extension"),
        ("[train]\nen = 's3://b/a.csv'", "'s3://b/a.csv', a URL"),
    ],
)
def test_a_wrong_file_name(toml, told, source_of):
    assert told in line_of(lambda: source_of(toml=toml))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["README.md"], "holds no file named LANGUAGE.SPLIT.EXT, such as en.train.csv"),
        (["en.trian.csv"], "en.trian.csv: 'trian' is no split: name it LANGUAGE.SPLIT.EXT"),
        (["en.train.xlsx"], "en.train.xlsx: what is in it is told by its extension"),
        (
            ["en.dev.csv", "en.validation.csv.gz"],
            "en.dev.csv and en.validation.csv.gz both hold the",
        ),
    ],
)
def test_a_folder_of_other_files(names, told, write, source_of):
    for name in names:
        write(name, GOOD)
    assert told in line_of(source_of)


def test_a_place_that_is_no_data(write, source_of):
    write("en.train.csv", GOOD)
    assert "is not there: give a folder" in line_of(lambda: source_of("gone"))
    assert "is not there: give a TOML file" in line_of(lambda: source_of("gone.toml"))
    assert "is neither a folder nor a TOML" in line_of(lambda: source_of("en.train.csv"))


def test_files_that_are_gone_are_missed_when_they_are_read(write, source_of, tmp_path):
    source = source_of(toml="[train]\nen = 'gone.csv'")
    assert source.splits("en") == ("train",)
    assert source.known_digest("en", "train") is None
    assert f"there is no file {tmp_path}/own/gone.csv" in line_of(lambda: source.labels)


def test_a_split_that_is_not_there(write, source_of):
    write("en.train.csv", GOOD)
    assert "has no en test documents: give a file" in line_of(
        lambda: source_of().digest("en", "test")
    )


def test_labels_need_a_file_to_come_from(write, source_of):
    write("test.csv", GOOD)
    line = line_of(lambda: source_of(toml='[test]\nen = "test.csv"').labels)
    assert "there are no training files, which labels are taken from" in line
    assert source_of(toml='labels = ["good", "bad"]\n[test]\nen = "test.csv"').labels.names == (
        *("good", "bad"),
    )


def test_a_refusal_leaves_nothing_behind(write, source_of, tmp_path):
    write("en.train.csv", GOOD + "a,\n")
    line_of(lambda: source_of().labels)
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
    shutil.rmtree(tmp_path / "own")
