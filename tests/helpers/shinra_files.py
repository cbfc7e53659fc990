"""SHINRA's files in the layouts of their releases, made by hand."""

import bz2
import gzip
import json
from functools import partial

# id, English and Japanese name, children, parent
CLASSES = [
    ("0", "CONCEPT", "コンセプト", [], None),
    ("1", "Name", "名前", ["1.1", "1.2", "1.7", "1.10"], None),
    ("1.1", "Person", "人名", [], "1"),
    ("1.10", "Game", "ＴＶゲーム名", [], "1"),  # in full-width letters
    ("1.2", "God", "神名", [], "1"),
    ("1.7", "Product", "製品名", ["1.7.19"], "1"),
    ("1.7.19", "Doctrine_Method", "主義方式名", ["1.7.19.13"], "1.7"),
    ("1.7.19.13", "Academic", "学問名", [], "1.7.19"),
    ("9", "IGNORED", "ＩＧＮＯＲＥＤ", [], None),
]
_PACK = {".gz": partial(gzip.compress, mtime=0), ".bz2": bz2.compress}


def class_line(id, english, japanese, children=(), parent=None):
    return {
        "ENE_id": id,
        "name": {"en": english, "ja": japanese},
        "children_category": list(children),
        "parent_category": parent,
    }


def page_line(id, *classes, title="題"):
    """The new layout; a target line without classes."""
    annotated = {"HAND.AIP.202204": [{"prob": 1, "ENE": name} for name in classes]}
    return {"page_id": str(id), "title": title, "ENEs": annotated if classes else {}}


def old_page_line(id, *classes, title="題"):
    return {"pageid": int(id), "title": title, "ENEs": [{"ENE_id": name} for name in classes]}


def dump_lines(*pages):
    """Of (id, title, text) each."""
    return [
        line
        for id, title, text in pages
        for line in (
            {"index": {"_type": "page", "_id": str(id)}},
            {"title": title, "text": text, "namespace": 0, "category": ["分類"]},
        )
    ]


def write(path, lines):
    """Writes lines, as text or objects, packed as the file's name says; returns the path."""
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_PACK.get(path.suffix, bytes)(text.encode()))
    return path


def write_classes(path, classes=CLASSES):
    return write(path, [class_line(*one) for one in classes])


def write_corpus(folder, packed=".gz", classes=CLASSES):
    """Files as SHINRA's are named: ten pages to train on in both layouts, four of development data,
    two targets; other pages lie between theirs in the dump. Returns the folder."""
    lines = [
        page_line(1, "1.1"),
        page_line(2, "1.10", "1.1"),  # several
        old_page_line(3, "1.7.19.13"),
        page_line(4, "", "1.2"),
        old_page_line(5, ""),  # none
        page_line(6, "1.7"),  # no leaf
        page_line(7, "9"),
        old_page_line(8, "0", "0"),
        page_line(9, "1.2"),  # no text
        page_line(10, "1.2"),  # not in the dump
        page_line(11, "1.1", title=""),
    ]
    write(folder / "shinra2022_Categorization_train_20220616.jsonl", lines)
    write_classes(folder / "ENE_Definition_v9.0.0-with-attributes-20220714.jsonl", classes)
    write(folder / "development.tsv", ["21\t人名", "20\tTVゲーム名", "22\t人名:神名", "23\t神名"])
    write(folder / "target.jsonl", [page_line(31), page_line(30)])
    texts = {9: " ", 23: None}
    pages = [
        (id, f"題{id}", texts.get(id, f"本文 {id}")) for id in (31, *range(3, 10), *range(11, 31))
    ]
    pages += [(id, f"題{id}", f"本文 {id}") for id in (2, 1)]
    write(folder / f"wikipedia-ja-20210823-json{packed}", dump_lines(*pages))
    return folder
