"""Reads Webis-CLS-10's raw `.review` files (Prettenhofer & Stein, 2010), one item at a time.

A file is UTF-8 XML, `<items><item>…</item>…</items>`. English items hold summary, rating, text and
category, with values that end in a newline; German, French and Japanese items hold more fields and
any order is accepted. Text is escaped twice: XML's own escapes, and HTML's below them.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from xlt_flax.errors import UserError

NEGATIVE, POSITIVE, UNLABELED = 0, 1, -1
_LABELS = {1.0: NEGATIVE, 2.0: NEGATIVE, 3.0: UNLABELED, 4.0: POSITIVE, 5.0: POSITIVE}
_FIELDS = ("text", "summary", "title", "rating", "category", "asin")
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Review:
    """One review. `number` counts items from 1, as people do; `line` is where the item begins."""

    number: int
    line: int
    rating: float
    label: int  # NEGATIVE, POSITIVE, or UNLABELED where 3 stars or none were given
    text: str
    summary: str
    title: str
    category: str
    asin: str


def read_reviews(file: BinaryIO, name: str, labeled: bool = True) -> Iterator[Review]:
    """Yields the reviews of one open `.review` file in their order.

    Args:
      file: the raw bytes; read in pieces, so that a long `unlabeled.review` need not fit in memory.
      name: what to call the file in messages.
      labeled: whether every item must have a rating of 1, 2, 4 or 5 stars.

    Raises:
      UserError: the file is not well-formed or not UTF-8, an item lacks its text, or its rating is
        not allowed. The message names the file, the item and the line.
    """
    collector = _Collector()
    parser = expat.ParserCreate("utf-8")  # whatever the file declares
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, _: collector.start(tag, parser.CurrentLineNumber)
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.characters
    parser.StartDoctypeDeclHandler = collector.refuse_doctype
    chunk = b"\n"
    while chunk:
        chunk = file.read(_CHUNK)
        try:
            parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            item = f"item {collector.items}, " if collector.items else ""
            raise UserError(
                f"{name}: {item}line {error.lineno}: {expat.ErrorString(error.code)}; "
                "is the file whole, and is it UTF-8?"
            ) from None
        except _DoctypeError:
            raise UserError(
                f"{name}: line {parser.CurrentLineNumber}: a .review file has no DOCTYPE"
            ) from None
        for number, line, fields in collector.take():
            yield _review(number, line, fields, f"{name}: item {number}, line {line}", labeled)


class _DoctypeError(Exception):
    pass


class _Collector:
    """Gathers the direct children of each `<item>`."""

    def __init__(self) -> None:
        self.items = 0
        self._finished: list[tuple[int, int, dict[str, list[str]]]] = []
        self._fields: dict[str, list[str]] | None = None
        self._line = 0
        self._path: list[str] = []

    def start(self, tag: str, line: int) -> None:
        self._path.append(tag)
        if len(self._path) == 2 and tag == "item":
            self.items += 1
            self._line, self._fields = line, {}

    def characters(self, data: str) -> None:
        if len(self._path) == 3 and self._fields is not None:
            self._fields.setdefault(self._path[2], []).append(data)

    def end(self, tag: str) -> None:
        if len(self._path) == 3 and self._fields is not None:
            self._fields.setdefault(tag, [])  # an empty element is present, and empty
        if len(self._path) == 2 and self._fields is not None:
            self._finished.append((self.items, self._line, self._fields))
            self._fields = None
        self._path.pop()

    def refuse_doctype(self, *_: object) -> NoReturn:
        raise _DoctypeError

    def take(self) -> list[tuple[int, int, dict[str, list[str]]]]:
        finished, self._finished = self._finished, []
        return finished


def _review(number: int, line: int, raw: dict, where: str, labeled: bool) -> Review:
    values = {field: _clean(raw[field]) for field in _FIELDS if field in raw}
    if "text" not in values:
        raise UserError(f"{where}: has no <text>")
    rating = _rating(values.pop("rating", ""), where, labeled)
    for field in ("summary", "title", "category", "asin"):
        values.setdefault(field, "")
    return Review(number, line, rating, _LABELS[rating], **values)


def _clean(parts: list[str]) -> str:
    return html.unescape("".join(parts)).strip()


def _rating(text: str, where: str, labeled: bool) -> float:
    try:
        rating = float(text)
    except ValueError:
        rating = 3.0 if not text and not labeled else float("nan")
    if rating not in _LABELS or (labeled and _LABELS[rating] == UNLABELED):
        raise UserError(f"{where}: rating {text[:40]!r} is not one of 1, 2, 4, 5")
    return rating
