"""Target lines become a submission to SHINRA; the model is a digest (helpers/digest_model)."""

import gzip
import json
import os
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from digest_model import LENGTH, classified
from shinra_files import dump_lines, old_page_line, page_line, write

from xlt_flax import api_models
from xlt_flax.data.examples import LabelSet
from xlt_flax.errors import UserError
from xlt_flax.prediction import opening, predict

CLASSES = ("1.1", "1.10", "1.7.19.13")
IDS = [31, 4, 15, 92, 6, 5, 35, 8]  # in the target's order
NO_TEXT, NOT_IN_DUMP, NO_NUMBER = 92, 6, 8
PAGES = [(5, "五", "本文 五"), (77, "他", "よその頁"), (4, "四", "本文 四"), (92, "空", " "),
         (31, "卅一", "本文 卅一"), (35, "卅五", "本文 卅五"), (8, "八", "no number"),
         (15, "十五", "本文 十五")]  # fmt: skip


@pytest.fixture
def submitting(digests, monkeypatch, tmp_path):
    """submitting(output="s.jsonl", …): `api.submit` of the test's target and dump."""

    def make(output="s.jsonl", labels=CLASSES, several=False, dump="dump.json.gz", **options):
        known = LabelSet(labels, several)
        model = SimpleNamespace(labels=known, max_length=LENGTH, digest="d", tokenizer=None)
        monkeypatch.setattr(opening, "open_trained", lambda *_: model)
        given = {"system": "mine", "month": "202611"} | options
        places = (tmp_path / name for name in ("target.jsonl", dump, output))
        return api_models.submit("nowhere", *places, **given)

    return make


@pytest.fixture(autouse=True)
def files(tmp_path):
    lines = [page_line(id, title=f"頁 {id}") for id in IDS[:-1]]
    write(tmp_path / "target.jsonl", [*lines, {"pageid": 8, "title": "頁 8", "ENEs": []}])
    write(tmp_path / "dump.json.gz", dump_lines(*PAGES))
    for name in ("target.jsonl", "dump.json.gz"):
        os.utime(tmp_path / name, (1, 1))


def read(path):
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in data.decode().splitlines()]


def expected(several, of=lambda id, title, text: (text,)):
    """The classes of each page, as DESIGN's lines have them."""
    texts = {id: of(id, title, text) for id, title, text in PAGES if text.strip()}
    for id in IDS:
        if id in (NO_TEXT, NOT_IN_DUMP, NO_NUMBER):
            yield {}
            continue
        part = classified([texts[id]], LabelSet(CLASSES, several))
        yield {
            "AUTO.mine.202611": [
                {"prob": round(float(part.probabilities[0, number]), 4), "ENE": name}
                for number, name in enumerate(CLASSES)
                if part.said[0, number]
            ]
        }


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("output", ["s.jsonl", "s.jsonl.gz"])
def test_lines_keep_their_order_and_have_the_models_classes(submitting, tmp_path, several, output):
    said = submitting(output, several=several)
    rows, target = read(tmp_path / output), read(tmp_path / "target.jsonl")
    assert [row.pop("ENEs") for row in rows] == [*expected(several)]
    assert rows == [{k: v for k, v in line.items() if k != "ENEs"} for line in target]
    if several:
        assert max(len(classes) for found in expected(True) for classes in found.values()) > 1
    assert '2 of them have no text in the dump, and are left without a class ("ENEs":{})' in str(
        said
    )
    assert "not a number for 1" in str(said)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("dump.json.gz", output, "target.jsonl"),
    ]


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("title+text", lambda id, title, text: (f"{title} {text}",)),
        ("title,text", lambda id, title, text: (title, text)),
    ],
)
def test_what_of_a_page_is_read(submitting, digests, tmp_path, text, of):
    submitting(text=text)
    given = {id: of(id, title, body) for id, title, body in PAGES if body.strip()}
    none = ("",) * len(of(1, "", ""))
    assert digests.texts == [given.get(id, none) for id in IDS]


def test_the_month_is_this_one_unless_it_is_said(submitting, tmp_path):
    submitting(month="")
    (annotator,) = read(tmp_path / "s.jsonl")[0]["ENEs"]
    assert annotator == f"AUTO.mine.{datetime.now(UTC):%Y%m}"


@pytest.mark.parametrize("after", [0, 1, 2])
def test_it_goes_on_where_it_stopped_to_the_same_bytes(
    submitting, stopping, digests, monkeypatch, tmp_path, after
):
    with stopping(after):
        submitting()
    assert not (tmp_path / "s.jsonl").exists()
    with monkeypatch.context() as patched:  # its texts are there already
        patched.setattr("xlt_flax.prediction.target_in.read_dump", None)
        submitting()
    assert len(digests.texts) == len(IDS) - 3 * after
    submitting("undisturbed.jsonl")
    assert (tmp_path / "s.jsonl").read_bytes() == (tmp_path / "undisturbed.jsonl").read_bytes()
    assert not [*tmp_path.glob(".*")]


def test_another_dump_begins_anew(submitting, digests, monkeypatch, tmp_path):
    def stop(*given):
        yield from digests(*given)
        raise SystemExit(143)

    with monkeypatch.context() as patched:
        patched.setattr(predict, "classify", stop)
        with pytest.raises(SystemExit):
            submitting()
    write(tmp_path / "dump.json.gz", dump_lines(*[(id, "", "anders") for id in IDS]))
    digests.texts.clear()
    submitting()
    assert digests.texts == [("anders",)] * len(IDS)


@pytest.mark.parametrize("count", [2, 3])
def test_outputs_of_shards_follow_each_other(submitting, tmp_path, count):
    for index in range(count):
        submitting(f"{index}.jsonl", shard=(index, count))
    submitting("whole.jsonl")
    joined = b"".join((tmp_path / f"{index}.jsonl").read_bytes() for index in range(count))
    assert joined == (tmp_path / "whole.jsonl").read_bytes()


def cut(path):
    """Inside of the last pages."""
    path.write_bytes(path.read_bytes()[:-60])


def out_of_turn(path):
    lines = dump_lines(*PAGES)
    write(path, [*lines[:4], *lines[5:]])


BROKEN = {
    "a cut dump": ("dump.json.gz", cut, r"line \d+: the packed file is not whole"),
    "lines out of turn": ("dump.json.gz", out_of_turn, "line 5: should be an index"),
    "a dump of other pages": (
        "dump.json.gz",
        lambda path: write(path, dump_lines((1, "", "x"))),
        "has the text of no page of",
    ),
    "a page twice": (
        "target.jsonl",
        lambda path: write(path, [page_line(4), page_line(5), old_page_line(4)]),
        "line 3: the page 4 has been in line 1",
    ),
    "no dump": ("dump.json.gz", lambda path: path.unlink(), "is no file that is there"),
    "another file": (
        "target.jsonl",
        lambda path: path.write_text("{}\n"),
        "line 1: has no 'page_id",
    ),
}


@pytest.mark.parametrize(("name", "broken", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_a_line_and_leaves_nothing(submitting, tmp_path, name, broken, told):
    broken(tmp_path / name)
    with pytest.raises(UserError, match=told) as refused:
        submitting()
    (line,) = str(refused.value).splitlines()
    assert str(tmp_path / name) in line
    assert {path.name for path in tmp_path.iterdir()} <= {"dump.json.gz", "target.jsonl"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"labels": ("1.1", "sports")},
            "the model has the class 'sports', and a submission has ids",
        ),
        ({"system": "a.b"}, "--system is 'a.b': give"),
        ({"system": ""}, "--system is ''"),
        ({"month": "2026-11"}, "--month=2026-11: give"),
        ({"month": "202613"}, "--month=202613"),
        ({"text": "body"}, "--text=body: give one of text"),
        ({"output": "s.csv"}, "give FILE.jsonl"),
        ({"output": "target.jsonl"}, "is the input: give another"),
        ({"dump": "target.jsonl", "output": "target.jsonl"}, "is the input"),
        ({"text": "title,text", "long": "windows"}, "--long=windows is of single texts"),
    ],
)
def test_what_cannot_be_asked_for(submitting, digests, tmp_path, options, told):
    with pytest.raises(UserError, match=told):
        submitting(**options)
    assert digests.texts == []
    assert {path.name for path in tmp_path.iterdir()} == {"dump.json.gz", "target.jsonl"}
