"""From a pipe, to a pipe: part by part, until whoever reads it has enough."""

import gzip
import os
import threading

import pytest
from table_files import SOME, expected, table, written

from xlt_flax.errors import UserError
from xlt_flax.failures import explain
from xlt_flax.prediction.request import formats


@pytest.fixture
def pipe(tmp_path):
    """pipe(name): a named one in the test's folder."""

    def make(name):
        os.mkfifo(tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture
def sent():
    """sent(pipe, bytes): from another thread, as another program would."""
    threads = []

    def make(path, data):
        threads.append(threading.Thread(target=path.write_bytes, args=(data,)))
        threads[-1].start()

    yield make
    for thread in threads:
        thread.join()


@pytest.fixture
def received(tmp_path):
    """received(pipe): a file of what comes out of it, whole when it is called."""
    threads = []

    def make(path, name):
        there = tmp_path / name
        threads.append(threading.Thread(target=lambda: there.write_bytes(path.read_bytes())))
        threads[-1].start()
        return lambda: (threads[-1].join(), there)[1]

    return make


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "csv.gz", "jsonl.gz"])
def test_what_comes_from_a_pipe(predicting, pipe, sent, tmp_path, form):
    data = written(SOME, f"a.{form}")
    sent(pipe("in"), gzip.compress(data) if form.endswith(".gz") else data)
    said = predicting("in", "o.jsonl", pipes=[form])
    wanted = expected(SOME, "o.jsonl")
    assert table(tmp_path / "o.jsonl") == [
        row | {"id": f"in:{n}"} for n, row in enumerate(wanted, 1)
    ]
    assert said.documents == len(SOME)
    assert not [*tmp_path.glob(".*")]


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "csv.gz", "jsonl.gz"])
def test_what_goes_into_a_pipe(predicting, write, pipe, received, form):
    write("a.csv", written(SOME, "a.csv"))
    there = received(pipe("out"), f"read.{form}")
    said = predicting("a.csv", "out", pipes=[form])
    wanted = expected(SOME, f"o.{form}")
    for number, row in enumerate(wanted, 1):
        row |= {"id": f"a.csv:{number}"} if "id" in row else {}
    assert table(there()) == wanted
    assert said.output is None


def test_parts_come_as_they_are_made(predicting, write, pipe, digests, tmp_path):
    write("a.txt", "\n".join(f"text {n}" for n in range(7)))
    path, seen = pipe("out"), []

    def read():
        with open(path, "rb") as stream:
            for _ in stream:
                seen.append(len(digests.texts))

    reader = threading.Thread(target=read)
    reader.start()
    ask = digests.__class__.__call__

    def waiting(self, *given):
        while len(seen) < len(digests.texts):  # what was made is read before more is made
            pass
        yield from ask(self, *given)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(digests.__class__, "__call__", waiting)
        predicting("a.txt", "out")
    reader.join(10)
    assert len(seen) == 7


def test_whoever_reads_may_leave(predicting, write, pipe, digests):
    write("a.txt", "\n".join(f"text {n} {'long ' * 9000}" for n in range(60)))
    path = pipe("out")

    def read_a_line():
        with open(path, "rb") as stream:
            stream.readline()

    reader = threading.Thread(target=read_a_line)
    reader.start()
    with pytest.raises(SystemExit) as left:
        predicting("a.txt", "out")
    reader.join()
    assert left.value.code == 141
    assert len(digests.texts) < 60  # the rest is not predicted


def test_a_full_device_is_one_line(predicting, write):
    write("a.txt", "a\nb")
    with pytest.raises(OSError, match="No space left on device") as raised:
        predicting("a.txt", "/dev/full")
    assert str(explain(raised.value)).startswith("No space left on device: /dev/full: make room")


@pytest.mark.parametrize(
    ("rows", "output", "told"),
    [
        ('{"text": "a"}\n{"text": "b", "n": 1}', "o.csv", "in: row 2: has 'n', which the first"),
        ('{"text": "a"}\n{"text": "b", "label": 1}', "o.jsonl", "in: row 2: has 'label', which"),
        ('{"text": "a"}\n{"n": "b"}', "o.csv", "in: row 2: has no column 'text', but 'n'"),
        ('{"n": "a"}', "o.csv", "in: row 1: has no column 'text', but 'n'"),
    ],
)
def test_rows_of_a_pipe_that_do_not_fit(
    predicting, pipe, sent, digests, tmp_path, rows, output, told
):
    sent(pipe("in"), rows.encode())
    with pytest.raises(UserError, match=told):
        predicting("in", output, pipes=["jsonl"])
    assert not (tmp_path / output).exists()
    assert not [*tmp_path.glob(".*")]


def test_rows_of_a_pipe_may_have_more_where_jsonl_is_written(predicting, pipe, sent, lines):
    sent(pipe("in"), b'{"text": "a"}\n{"text": "b", "n": 1}')
    predicting("in", "o.jsonl", pipes=["jsonl"])
    assert lines("o.jsonl")[1]["n"] == 1


def test_a_label_of_a_pipe_that_is_not_known(predicting, pipe, sent, tmp_path):
    sent(pipe("in"), b"text,kind\na,bad\nb,Bad\n")
    with pytest.raises(UserError, match="in: row 2: column 'kind' is 'Bad'"):
        predicting("in", "o.csv", pipes=["csv"], label_column="kind")


def test_shards_of_a_pipe_are_refused(predicting, pipe):
    pipe("in")
    with pytest.raises(UserError, match="--shard: how many rows a pipe has is not known before"):
        predicting("in", "o.csv", shard=(0, 2))


@pytest.mark.parametrize("bad_line", [1, 3])
def test_a_line_of_a_pipe_that_is_of_another_encoding(predicting, pipe, sent, bad_line):
    data = ["ok\n"] * 4
    data[bad_line - 1] = "größer\n"
    sent(pipe("in"), "".join(data).encode("latin-1"))
    with pytest.raises(UserError, match=r"in: line 1 or a later one is no utf-8"):
        predicting("in", "o.csv")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ("", "")),
        (["csv"], ("csv", "csv")),
        (["txt"], ("txt", "")),
        (["txt.gz"], ("txt.gz", "")),
        (["csv", "jsonl"], ("csv", "jsonl")),
        (["parquet"], ("parquet", "parquet")),
    ],
)
def test_one_format_is_of_both_pipes(words, found):
    assert formats(words) == found
