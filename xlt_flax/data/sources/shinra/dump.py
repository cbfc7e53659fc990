"""Texts of pages from a CirrusSearch dump: two lines a page.

{"index":{"_type":"page","_id":"8881"}}
{"title":"…","text":"…", …}
"""

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from xlt_flax.data.sources.shinra.lines import (
    each_id_once,
    id_of,
    numbered_lines,
    record_of,
    text_of,
)
from xlt_flax.errors import UserError

_INDEX = b'{"index":'


class DumpPage(NamedTuple):
    """A page of Wikipedia.

    Attributes:
      number: of its index line, from 1.
      id: as text.
      title, text: "" if it has none.
    """

    number: int
    id: str
    title: str
    text: str


def read_dump(path: Path, wanted: Container[str] | None = None) -> Iterator[DumpPage]:
    """Pages in the order of the dump, in one pass; holds a number a page in memory, and one page.

    Args:
      path: of the dump, packed by gzip or bzip2, or plain.
      wanted: ids of pages that are read; others are passed over, which is faster. None: all.

    Raises:
      UserError: the file is cut, its lines are out of turn, or an id comes twice; names file and
        line.
    """
    return each_id_once(lambda: _pages(path, wanted), path)


def _pages(path: Path, wanted: Container[str] | None) -> Iterator[DumpPage]:
    lines = numbered_lines(path)
    for number, line in lines:
        where = f"{path}: line {number}"
        id = _id(line, where)
        document_number, document = next(lines, (0, b""))
        if not document:
            raise UserError(f"{where}: is the last, and its page has no text: is the file whole?")
        if wanted is None or id in wanted:
            yield _page(number, id, document, f"{path}: line {document_number}")
        elif _is_index(document):
            raise _out_of_turn(f"{path}: line {document_number}", "a page")


def _id(line: bytes, where: str) -> str:
    index = record_of(line, where).get("index")
    if not isinstance(index, dict):
        raise _out_of_turn(where, 'an index, {"index":{"_id":"…"}}')
    return id_of(index.get("_id"), where)


def _page(number: int, id: str, document: bytes, where: str) -> DumpPage:
    record: dict[str, Any] = record_of(document, where)
    if _is_index(document) or not {"title", "text"} & record.keys():
        raise _out_of_turn(where, 'a page, {"title":"…","text":"…"}')
    return DumpPage(number, id, text_of(record, "title", where), text_of(record, "text", where))


def _is_index(line: bytes) -> bool:
    return line[:20].replace(b" ", b"").startswith(_INDEX)


def _out_of_turn(where: str, wanted: str) -> UserError:
    return UserError(
        f"{where}: should be {wanted}: a CirrusSearch dump has two lines a page, an index and the "
        "page: get it again"
    )
