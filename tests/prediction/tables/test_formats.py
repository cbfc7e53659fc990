"""Any format in, any format out: a row for each row, in order, as other programs read them."""

import json

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from table_files import SOME, expected, table, written

MARKS = st.text(st.sampled_from(list(",;\t\"'\\ \n\r\0ä日\ufeff|")), max_size=6)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    MARKS,
    st.sampled_from(["", "007", "NA", "null", "1e5", "True", "no number"]),
)
ROWS = st.lists(st.tuples(TEXTS, TEXTS), max_size=8)
EACH = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
INPUTS = ["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.csv.gz", "a.tsv.gz", "a.jsonl.gz"]
OUTPUTS = ["o.csv", "o.tsv", "o.jsonl", "o.parquet", "o.csv.gz", "o.tsv.gz", "o.jsonl.gz"]


def check(predicting, write, tmp_path, given, output, rows):
    write(given, written(rows, given))
    said = predicting(given, output)
    assert said.documents == len(rows)
    wanted = expected(rows, output)
    for number, row in enumerate(wanted, 1):
        row |= {"id": f"{given}:{number}"} if "id" in row else {}
    assert table(tmp_path / output) == wanted
    assert not [*tmp_path.glob(".*")]


@pytest.mark.parametrize(
    ("given", "output"),
    [
        *((given, "o.jsonl") for given in INPUTS if given != "a.tsv"),
        *(("a.tsv", output) for output in OUTPUTS),
    ],
)
def test_a_row_for_each_row(predicting, write, tmp_path, given, output):
    check(predicting, write, tmp_path, given, output, SOME)


@pytest.mark.parametrize("rows", [[], SOME[:3]], ids=["no rows", "a whole window"])
@pytest.mark.parametrize("output", OUTPUTS[:4])
def test_few_rows(predicting, write, tmp_path, output, rows):
    check(predicting, write, tmp_path, "a.csv", output, rows)
    if output == "o.csv":
        header = (tmp_path / output).read_text().splitlines()[0]
        assert header == "text,n,label,probability,bad,good,meh"


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ("a.csv", "o.tsv"),
        ("a.tsv", "o.csv"),
        ("a.jsonl", "o.parquet"),
        ("a.parquet", "o.jsonl"),
        ("a.jsonl", "o.csv"),
    ],
)
@EACH
@given(rows=ROWS)
def test_odd_texts(predicting, write, tmp_path, given, output, rows):
    check(predicting, write, tmp_path, given, output, rows)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_line_of_txt_is_a_document_an_empty_one_too(predicting, write, digests, lines, name, end):
    write(name, "first\n\nlast" + end)
    predicting(name, "o.jsonl")
    assert [line["text"] for line in lines("o.jsonl")] == ["first", "", "last"]
    assert digests.texts == [("first",), ("",), ("last",)]


def test_values_of_json_stay_what_they_are(predicting, write, lines, tmp_path):
    row = {"n": 7, "x": 1.5, "tags": ["a", {"b": None}], "text": "a", "id": "t-1", "is": True}
    write("a.jsonl", json.dumps(row) + "\n\n" + json.dumps({"text": "b", "late": "new"}))
    predicting("a.jsonl", "o.jsonl")
    first, second = lines("o.jsonl")
    assert row.items() <= first.items()
    assert list(first)[-2:] == ["label", "probabilities"]
    assert second["late"] == "new"
    assert "id" not in second  # the input has ids of its own
    predicting("a.jsonl", "o.csv")
    first, second = table(tmp_path / "o.csv")
    kept = {"n": "7", "x": "1.5", "tags": '["a", {"b": null}]', "text": "a", "is": "true"}
    assert kept.items() <= first.items()
    assert (second["late"], second["n"]) == ("new", "")


def test_types_of_parquet_stay_where_parquet_is_written(predicting, tmp_path):
    time = pa.array([0, None], pa.timestamp("ns"))
    columns = {
        "text": pa.array(["a", None], pa.large_string()),
        "n": pa.array([1, None], pa.int16()),
        "x": [0.5, None],
        "is": [True, False],
        "kind": pa.array(["u", "v"]).dictionary_encode(),
        "list": [[1], None],
        "time": time,
        "raw": [b"\xff", b""],
    }
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    predicting("a.parquet", "o.parquet")
    schema = parquet.read_schema(tmp_path / "o.parquet")
    assert [schema.field(name).type for name in ("n", "x", "is")] == [
        pa.int16(),
        pa.float64(),
        pa.bool_(),
    ]
    first, second = table(tmp_path / "o.parquet")
    assert [first[name] for name in columns] == [
        *("a", 1, 0.5, True, "u", "[1]", "1970-01-01 00:00:00.000000000", "ff")
    ]
    assert second["text"] is second["n"] is second["list"] is None
    predicting("a.parquet", "o.csv")
    assert [table(tmp_path / "o.csv")[0][name] for name in ("n", "x", "is")] == ["1", "0.5", "true"]


@pytest.mark.parametrize(
    ("options", "data"),
    [
        ({"delimiter": ";", "quote": "'"}, b"text;n\n'a;b';1\n"),
        ({"delimiter": r"\t", "quote": ""}, b"text\tn\na;b\t1\n"),
        ({"columns": ["text", "n"]}, b'"a;b",1\n'),
        ({"encoding": "utf-16"}, "text,n\na;b,1\n".encode("utf-16")),
    ],
)
def test_how_csv_is_read(predicting, write, tmp_path, options, data):
    write("a.csv", data)
    predicting("a.csv", "o.csv", reading=options)
    (row,) = table(tmp_path / "o.csv")
    assert (row["text"], row["n"]) == ("a;b", "1")


def test_the_same_predictions_are_the_same_bytes_of_gzip(predicting, write, tmp_path):
    write("a.txt", "a\nb\n")
    for name in ("o.csv.gz", "p.csv.gz"):
        predicting("a.txt", name)
    packed = (tmp_path / "o.csv.gz").read_bytes()
    assert packed == (tmp_path / "p.csv.gz").read_bytes()
    assert packed[3:8] == bytes(5)  # neither a name nor a time (RFC 1952, 2.3)
