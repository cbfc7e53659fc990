"""A prediction that was stopped goes on; its output has its name when it is whole."""

import errno
import gzip
import os

import pytest
from pyarrow import parquet

from xlt_flax.errors import UserError
from xlt_flax.failures import NoSpaceError, explain
from xlt_flax.locks import locked

TEXTS = [f"text {n}" for n in range(10)]  # four windows of three


@pytest.fixture
def stopped(predicting, write, stopping, tmp_path):
    """stopped(after, output, **options): a prediction of ten documents that a signal ends after so
    many windows; then the parts that it left."""

    def make(after, output="o.csv", **options):
        write("a.txt", "\n".join(TEXTS))
        os.utime(tmp_path / "a.txt", (1, 1))
        with stopping(after):
            predicting("a.txt", output, **options)
        return sorted((tmp_path / f".{output}.parts").glob("*.npz"))

    return make


@pytest.mark.parametrize("output", ["o.csv", "o.jsonl.gz", "o.parquet"])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_it_goes_on_where_it_stopped_to_the_same_bytes(
    stopped, predicting, digests, tmp_path, output, after
):
    assert len(stopped(after, output)) == after
    assert not (tmp_path / output).exists()
    said = predicting("a.txt", output)
    assert digests.texts == [(text,) for text in TEXTS[3 * after :]]
    assert said.documents == 10
    predicting("a.txt", f"undisturbed.{output}")
    undisturbed = (tmp_path / f"undisturbed.{output}").read_bytes()
    assert (tmp_path / output).read_bytes() == undisturbed
    assert not [*tmp_path.glob(".*")]


@pytest.mark.parametrize(
    "others",
    [
        {"digest": "another model"},
        {"long": "windows"},
        {"shard": (0, 2)},
        {"reading": {"encoding": "latin-1"}},
        {"labels": ("meh", "bad", "good")},
    ],
)
def test_it_begins_anew_with_anything_else(stopped, predicting, digests, others):
    stopped(2)
    predicting("a.txt", "o.csv", **others)
    assert digests.texts[0] == (TEXTS[0],)


def test_it_begins_anew_when_the_input_was_changed(stopped, predicting, digests, tmp_path):
    stopped(2)
    os.utime(tmp_path / "a.txt", (2, 2))
    predicting("a.txt", "o.csv")
    assert digests.texts[0] == (TEXTS[0],)


def test_an_input_that_changes_meanwhile_is_refused(predicting, write, digests, tmp_path):
    write("a.txt", "\n".join(TEXTS))
    change, ask = (lambda: os.utime(tmp_path / "a.txt", (3, 3))), digests.__class__.__call__

    def changing(self, *given):
        change()
        return ask(self, *given)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(digests.__class__, "__call__", changing)
        with pytest.raises(UserError, match=r"a\.txt: was changed while it was read"):
            predicting("a.txt", "o.csv")
    assert not (tmp_path / "o.csv").exists()


def test_how_results_are_written_may_change(stopped, predicting, digests, tmp_path):
    stopped(2)
    predicting("a.txt", "o.csv", top_k=1, threshold=0.5)
    assert len(digests.texts) == 4
    assert (tmp_path / "o.csv").read_text().startswith("text,label,probability,class_1,")


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no zip", None])
def test_a_damaged_part_is_made_again(stopped, predicting, digests, tmp_path, damage):
    parts = stopped(3)
    data = parts[1].read_bytes()
    parts[1].write_bytes(data[: len(data) // 2] if damage is None else damage)
    predicting("a.txt", "o.csv")
    assert digests.texts == [(text,) for text in TEXTS[3:]]
    predicting("a.txt", "p.csv")
    assert (tmp_path / "o.csv").read_bytes() == (tmp_path / "p.csv").read_bytes()


def test_the_old_output_stays_until_the_new_one_is_whole(stopped, predicting, tmp_path):
    (tmp_path / "o.csv").write_text("old")
    stopped(1)
    assert (tmp_path / "o.csv").read_text() == "old"
    predicting("a.txt", "o.csv")
    assert (tmp_path / "o.csv").read_text() != "old"


def test_two_at_once_are_refused(predicting, write, tmp_path):
    write("a.txt", "x")
    with (
        locked(tmp_path / ".o.csv.parts" / "lock"),
        pytest.raises(UserError, match=r"o.csv is being written by .*: wait for it, or give anoth"),
    ):
        predicting("a.txt", "o.csv")


@pytest.mark.parametrize("where", ["part", "output"])
def test_a_full_disk_is_one_line_and_loses_nothing(
    predicting, write, small_disk, digests, tmp_path, where
):
    disk = small_disk("64k")
    texts = [f"{n} {'long ' * 40}" for n in range(120)] if where == "output" else TEXTS
    write("a.txt", "\n".join(texts))
    output = disk.path / "o.jsonl"
    output.write_text("old")
    filler = disk.path / "filler"
    if where == "part":
        filler.write_bytes(b"x" * (48 << 10))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as raised:
        predicting("a.txt", output)
    told = explain(raised.value)
    assert isinstance(told, NoSpaceError)
    assert f"No space left on device: {disk.path}" in str(told)
    assert output.read_text() == "old"
    filler.unlink(missing_ok=True)
    disk.remount("size=10m")
    done = len(digests.texts)
    predicting("a.txt", output)
    assert len(digests.texts) < done + len(texts)  # it went on
    predicting("a.txt", tmp_path / "undisturbed.jsonl")
    assert output.read_bytes() == (tmp_path / "undisturbed.jsonl").read_bytes()


# ---- Shards --------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["csv", "tsv.gz", "jsonl"])
@pytest.mark.parametrize("count", [1, 3, 12])
def test_outputs_of_shards_follow_each_other(predicting, write, tmp_path, output, count):
    write("a.txt", "\n".join(TEXTS))
    for index in range(count):
        predicting("a.txt", f"{index:02d}.{output}", shard=(index, count))
    predicting("a.txt", f"whole.{output}")
    joined = b"".join(path.read_bytes() for path in sorted(tmp_path.glob(f"[0-9]*.{output}")))
    whole = (tmp_path / f"whole.{output}").read_bytes()
    if output.endswith(".gz"):
        joined, whole = gzip.decompress(joined), gzip.decompress(whole)
    assert joined == whole


def test_shards_of_parquet_are_a_folders_files(predicting, write, tmp_path):
    write("a.txt", "\n".join(TEXTS))
    (tmp_path / "all").mkdir()
    for index in range(3):
        predicting("a.txt", f"all/{index}.parquet", shard=(index, 3))
    predicting("a.txt", "whole.parquet")
    assert parquet.read_table(tmp_path / "all") == parquet.read_table(tmp_path / "whole.parquet")
