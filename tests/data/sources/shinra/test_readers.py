"""SHINRA's files: each layout is read as what it says, and each broken file has its line."""

import pytest
from shinra_files import (
    CLASSES,
    class_line,
    dump_lines,
    old_page_line,
    page_line,
    write,
    write_classes,
)

from xlt_flax.data.sources.shinra.class_list import branch_of, read_class_list
from xlt_flax.data.sources.shinra.development import read_development
from xlt_flax.data.sources.shinra.dump import read_dump
from xlt_flax.data.sources.shinra.pages import read_pages
from xlt_flax.errors import UserError

PACKED = pytest.mark.parametrize("packed", ["", ".gz", ".bz2"])


@pytest.fixture
def classes(tmp_path):
    return read_class_list(write_classes(tmp_path / "classes.jsonl"))


@PACKED
def test_pages_in_all_layouts(packed, tmp_path):
    """Two annotators who agree, empty ids, a target line, and what lies between the layouts."""
    twice = page_line(4, "1.1", "1.2", "", title="漢方医学")
    twice["ENEs"]["AUTO.X.202204"] = [{"prob": 0.5, "ENE": "1.1"}, {"ENE": None}]
    between = {"pageid": 5, "title": "Ä", "ENEs": {"AUTO.X.201906": [{"ENE_id": "0"}]}}
    lines = [page_line(8881, "1.7.19.13"), old_page_line(3, "1.1"), twice, "", between]
    lines += [page_line(6), old_page_line(7), {"page_id": 8, "ENEs": []}]
    pages = [*read_pages(write(tmp_path / f"train.jsonl{packed}", lines))]
    assert [page[:4] for page in pages] == [
        (1, "8881", "題", ("1.7.19.13",)),
        (2, "3", "題", ("1.1",)),
        (3, "4", "漢方医学", ("1.1", "1.2")),
        (5, "5", "Ä", ("0",)),
        (6, "6", "題", ()),
        (7, "7", "題", ()),
        (8, "8", "", ()),
    ]
    assert pages[2].record == twice


def test_the_class_list(classes):
    assert list(classes.nodes) == [id for id, *_ in CLASSES]
    assert classes.leaves == ("0", "1.1", "1.2", "1.7.19.13", "1.10", "9")
    assert classes.nodes["1.7"] == ("1.7", "Product", "製品名", ("1.7.19",), "1")
    assert classes.nodes["1"].parent == ""
    assert [branch_of(id) for id in ("1.7.19.13", "9")] == ["1", "9"]
    assert not classes.is_leaf("1.7.19")


def test_a_class_list_that_names_children_as_objects(tmp_path):
    lines = [
        class_line("1", "Name", "名前", [{"ENE_id": "1.1", "name": {"en": "Person"}}]),
        class_line("1.1", "Person", "人名", parent={"ENE_id": "1"}),
    ]
    classes = read_class_list(write(tmp_path / "classes.jsonl", lines))
    assert (classes.leaves, classes.nodes["1.1"].parent) == (("1.1",), "1")


@pytest.mark.parametrize("name", ["ＴＶゲーム名", "TVゲーム名", " TVゲーム名"])
def test_names_in_letters_of_any_width(name, classes):
    assert classes.id_of_name(name, "somewhere") == "1.10"


@PACKED
def test_development_data(packed, classes, tmp_path):
    lines = ["\ufeffpage_id\tENE", "5\t人名:TVゲーム名", "8881\t学問名:学問名", "7\t"]
    path = write(tmp_path / f"development.tsv{packed}", lines)
    assert [*read_development(path, classes)] == [
        (2, "5", ("1.1", "1.10")),
        (3, "8881", ("1.7.19.13",)),
        (4, "7", ()),
    ]


@PACKED
def test_a_dump(packed, tmp_path):
    lines = dump_lines((8881, "漢方医学", "本文"), (5, "&", "a\u2028b"), (12, "空", None))
    path = write(tmp_path / f"dump.json{packed}", [*lines, ""])
    pages = [(1, "8881", "漢方医学", "本文"), (3, "5", "&", "a\u2028b"), (5, "12", "空", "")]
    assert [*read_dump(path)] == pages
    assert [*read_dump(path, {"5", "6"})] == pages[1:2]


def test_a_file_of_several_gzip_members(tmp_path):
    """As parallel packers write them."""
    one = write(tmp_path / "1.gz", dump_lines((1, "a", "A"))).read_bytes()
    path = tmp_path / "dump.json.gz"
    path.write_bytes(one + write(tmp_path / "2.gz", dump_lines((2, "b", "B"))).read_bytes())
    assert [page.id for page in read_dump(path)] == ["1", "2"]


INDEX, PAGE = dump_lines((1, "題", "文"))
BROKEN = {
    # what reads it, its lines, what is said after the file's path
    "no id": ("pages", [{"title": "a", "ENEs": {}}], ": line 1: has no 'page_id' and no 'pageid'"),
    "an id that is none": ("pages", [page_line(1), {"page_id": 1.5}], ": line 2: a page's id is"),
    "an empty id": ("pages", [page_line(" ")], ": line 1: a page's id is ' ': give text or"),
    "no classes": ("pages", [{"page_id": "1", "title": "a"}], ": line 1: has no 'ENEs', but 'pa"),
    "classes as text": ("pages", [{"page_id": "1", "ENEs": ["1.1"]}], ': line 1: "ENEs" is nei'),
    "another key": (
        "pages",
        [page_line(1), {"page_id": "2", "ENEs": [{"class": "1.1"}]}],
        ": line 2: \"ENEs\": has no 'ENE' and no 'ENE_id', but 'class'",
    ),
    "a class as number": ("pages", [{"page_id": 1, "ENEs": [{"ENE": 1}]}], ": line 1: a class is"),
    "a title as list": ("pages", [page_line(1, title=["a"])], ": line 1: 'title' holds a list"),
    "half a character": ("pages", [page_line(1, title="\ud83d")], ": line 1: 'title' holds half"),
    "a cut line": ("pages", [page_line(1), '{"page_id": "2", "EN'], ": line 2: is no JSON: "),
    "no object": ("pages", [page_line(1), "[]"], ": line 2: is no object"),
    "a page twice": (
        "pages",
        [page_line(1), page_line(2), old_page_line(1)],
        ": line 3: the page 1 has been in line 1: leave one out",
    ),
    "no class id": ("classes", [{"name": {"ja": "a"}}], ': line 1: "ENE_id": a page'),
    "no names": ("classes", [{"ENE_id": "1"}], ': line 1: "name" is no {"en"'),
    "no Japanese name": (
        "classes",
        [class_line("1", "a", " ")],
        ": line 1: 1 has no Japanese name",
    ),
    "a class twice": (
        "classes",
        [class_line("1", "a", "a"), class_line("1", "b", "b")],
        ": line 2: the page 1 has been in line 1",
    ),
    "a name twice": (
        "classes",
        [class_line("1", "a", "a"), class_line("2", "b", "ａ")],
        ": line 2: the name 'ａ' is that of line 1",
    ),
    "a child without a line": (
        "classes",
        [class_line("1", "a", "a", ["1.1", "1.2"]), class_line("1.1", "b", "b")],
        ": line 1: 1 has the child 1.2, which has no line",
    ),
    "no class at all": ("classes", [], ": holds no class"),
    "an unknown class": (
        "development",
        ["1\t人名", "2\t人名:人"],
        ": line 2: the class list has no",
    ),
    "one column": ("development", ["1\t人名", "2 人名"], ": line 2: has 1 columns: give a page's"),
    "a row twice": ("development", ["1\t人名"] * 2, ": line 2: the page 1 has been in line 1"),
    "a page before its index": ("dump", [PAGE, INDEX], ": line 1: should be an index"),
    "two indices": ("dump", [INDEX, INDEX, PAGE], ": line 2: should be a page"),
    "two pages": ("dump", [INDEX, PAGE, PAGE], ": line 3: should be an index"),
    "an index at the end": (
        "dump",
        [INDEX, PAGE, INDEX],
        ": line 3: is the last, and its page has",
    ),
    "an index without id": ("dump", [{"index": {}}, PAGE], ": line 1: a page's id is None"),
    "a dump's page twice": (
        "dump",
        dump_lines(*((id, "題", "文") for id in (1, 2, 1))),
        ": line 5: the page 1 has been in line 1",
    ),
}


def line_of(use):
    with pytest.raises(UserError) as error:
        use()
    (line,) = str(error.value).splitlines()
    return line


@pytest.mark.parametrize(("read", "lines", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file(read, lines, told, classes, tmp_path):
    path = write(tmp_path / "broken", lines)
    reader = {
        "pages": read_pages,
        "classes": read_class_list,
        "development": lambda path: read_development(path, classes),
        "dump": read_dump,
    }[read]
    line = line_of(lambda: [*reader(path)])
    assert line.startswith(f"{path}{told}"), line


def test_lines_out_of_turn_among_pages_that_nobody_wants(tmp_path):
    path = write(tmp_path / "dump.json", [INDEX, INDEX, PAGE])
    assert line_of(lambda: [*read_dump(path, {"7"})]).startswith(
        f"{path}: line 2: should be a page"
    )


@pytest.mark.parametrize("packed", [".gz", ".bz2"])
@pytest.mark.parametrize("wanted", [None, {"7"}])
def test_a_cut_file(packed, wanted, tmp_path):
    path = write(
        tmp_path / f"dump.json{packed}", dump_lines(*((i, "題", "文") for i in range(999)))
    )
    path.write_bytes(path.read_bytes()[:-20])
    line = line_of(lambda: [*read_dump(path, wanted)])
    assert line.startswith(f"{path}: line ")
    assert "the packed file is not whole (" in line


def test_a_file_that_is_not_there(tmp_path):
    path = tmp_path / "dump.json.gz"
    assert (
        line_of(lambda: [*read_dump(path)]) == f"{path}: No such file or directory: say where "
        "the file is"
    )
