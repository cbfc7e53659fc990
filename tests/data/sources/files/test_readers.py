"""What any writer wrote in any format is read back, value for value, in a stream."""

import csv
import gzip
import io
import json

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import csv as pyarrow_csv
from pyarrow import parquet

from xlt_flax.data.sources.files.columns import Wanted
from xlt_flax.data.sources.files.description import Reading, data_file
from xlt_flax.data.sources.files.records import _READERS

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# Of all that Unicode has, what formats have a use for comes often.
MARKS = st.text(st.sampled_from(list(",;\t\"'\\ \n\r\0ä日\ufeff|")), max_size=6)
VALUES = st.one_of(TEXTS, MARKS, st.sampled_from(["", "007", "NA", "null", "1e5", "True", "1.0"]))
ROWS = st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=4)
NAMES = ("text", "label", "id")
WANTED = Wanted(NAMES)
PLAIN_READING = Reading()
EACH = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(tmp_path, name, data, reading=PLAIN_READING, wanted=WANTED):
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    file = data_file(path, tmp_path)
    return list(_READERS[file.form].rows(file, reading, wanted))


def by_python(rows, name, **options):
    made = io.StringIO(newline="")
    delimiter = "\t" if ".tsv" in name else ","
    csv.writer(made, **{"delimiter": delimiter} | options).writerows([NAMES, *rows])
    return made.getvalue().encode()


def table(rows):
    columns = zip(*rows, strict=True) if rows else [[]] * 3
    return pa.table(dict(zip(NAMES, (pa.array(c, pa.string()) for c in columns), strict=True)))


def by_pyarrow(rows, name):
    made = io.BytesIO()
    delimiter = "\t" if ".tsv" in name else ","
    pyarrow_csv.write_csv(table(rows), made, pyarrow_csv.WriteOptions(delimiter=delimiter))
    return made.getvalue()


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz", "a.tsv.gz"])
@EACH
@given(
    rows=ROWS,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
)
def test_csv_of_pythons_writer(name, rows, quoting, end, mark, tmp_path):
    if quoting == csv.QUOTE_MINIMAL and end == "\n":  # Python's writer leaves a lone \r unquoted
        rows = [tuple(value.replace("\r", "") for value in row) for row in rows]
    data = by_python(rows, name, quoting=quoting, lineterminator=end)
    assert read(tmp_path, name, b"\xef\xbb\xbf" * mark + data) == rows


@pytest.mark.parametrize("name", ["a.csv", "a.tsv.gz"])
@EACH
@given(rows=ROWS)
def test_csv_of_pyarrow(name, rows, tmp_path):
    assert read(tmp_path, name, by_pyarrow(rows, name)) == rows


@EACH
@given(rows=st.lists(VALUES, max_size=4))
def test_csv_of_one_column_keeps_empty_rows(rows, tmp_path):
    made = io.StringIO(newline="")
    csv.writer(made).writerows([["text"], *([value] for value in rows)])
    found = read(tmp_path, "a.csv", made.getvalue().encode(), wanted=Wanted(("text",)))
    assert found == [(value,) for value in rows]


PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r"), max_size=12)


@EACH
@given(
    rows=st.lists(st.tuples(PLAIN, PLAIN, PLAIN), max_size=4), end=st.sampled_from(["\n", "\r\n"])
)
def test_tsv_without_quotes(rows, end, tmp_path):
    lines = ["\t".join(values) for values in [NAMES, *rows]]
    data = "".join(line + end for line in lines).encode()
    assert read(tmp_path, "a.tsv", data, Reading(quote="")) == rows


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
@EACH
@given(rows=ROWS, ascii_only=st.booleans())
def test_json_lines(name, rows, ascii_only, tmp_path):
    lines = (dict(zip(NAMES, row, strict=True)) for row in rows)
    data = "".join(json.dumps(line, ensure_ascii=ascii_only) + "\n" for line in lines)
    assert read(tmp_path, name, data.encode()) == rows


@pytest.mark.parametrize("name", ["a.parquet", "a.parquet.gz"])
@EACH
@given(rows=ROWS, size=st.integers(1, 5), codec=st.sampled_from(["snappy", "zstd", "none"]))
def test_parquet(name, rows, size, codec, tmp_path):
    made = io.BytesIO()
    parquet.write_table(table(rows), made, row_group_size=size, compression=codec)
    assert read(tmp_path, name, made.getvalue()) == rows


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@EACH
@given(rows=st.lists(PLAIN, max_size=4), end=st.sampled_from(["\n", "\r\n"]))
def test_plain_text(name, rows, end, tmp_path):
    data = "".join(line + end for line in rows).encode()
    rows = [line.removeprefix("\ufeff") if i == 0 else line for i, line in enumerate(rows)]
    assert read(tmp_path, name, data, wanted=Wanted(("text",))) == [(line,) for line in rows]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1"), (1.0, "1"), (2.5, "2.5"), (True, "true"), (None, None), (float("nan"), None)],
)
def test_numbers_are_text_as_csv_has_them(value, text, tmp_path):
    made = io.BytesIO()
    parquet.write_table(pa.table({"text": ["a"], "label": [value]}), made)
    wanted = Wanted(("text", "label"))
    assert read(tmp_path, "a.parquet", made.getvalue(), wanted=wanted) == [("a", text)]
    line = json.dumps({"label": value, " text": "a"}).encode()
    assert read(tmp_path, "a.jsonl", line, wanted=wanted) == [("a", text)]


def test_pandas_categories_and_large_strings(tmp_path):
    made = io.BytesIO()
    label = pa.array(["x", "y", "x"]).dictionary_encode()
    text = pa.array(["a", "b", None], pa.large_string())
    parquet.write_table(pa.table({"other": [[1], [2], [3]], "label": label, "text": text}), made)
    found = read(tmp_path, "a.parquet", made.getvalue(), wanted=Wanted(("text", "label")))
    assert found == [("a", "x"), ("b", "y"), (None, "x")]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig", "utf-16-le"])
def test_other_encodings(encoding, tmp_path):
    rows = [("größer,\r\nals", "x", "1"), ("é", "y", "2")]
    data = by_python(rows, "a.csv").decode().encode(encoding)
    assert read(tmp_path, "a.csv", data, Reading(encoding=encoding)) == rows


def test_headers_delimiters_and_other_columns(tmp_path):
    data = "\ufeff id ; more;label\t; text\r\n\r\n7;x;bug;a;b\r\n".replace("a;b", "'a;b'").encode()
    reading = Reading(delimiter=";", quote="'")
    assert read(tmp_path, "a.csv", data, reading) == [("a;b", "bug", "7")]
    optional = Wanted(("text", "gone"), frozenset({"gone"}))
    assert read(tmp_path, "a.csv", data, reading, optional) == [("a;b", None)]


def test_a_value_of_a_books_length(tmp_path):
    rows = [("word " * 100_000, "x", "1")]
    assert read(tmp_path, "a.csv", by_python(rows, "a.csv")) == rows
