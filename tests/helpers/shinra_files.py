"""SHINRA's files in the layouts of their releases, made by hand."""

import bz2
import gzip
import json

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
_PACK = {".gz": gzip.compress, ".bz2": bz2.compress}


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
