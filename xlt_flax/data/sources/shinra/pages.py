"""Lines of pages with their classes: training and target data, and submissions.

New: {"page_id":"8881","title":"…","ENEs":{"HAND.AIP.202204":[{"prob":1,"ENE":"1.7.19.13"}]}}
Old: {"pageid":8881,"title":"…","ENEs":[{"ENE_id":"1.7.19.13"}]}, and what lies between.
"""

from collections.abc import Iterator
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


class Page(NamedTuple):
    """A page of Wikipedia, without its text.

    Attributes:
      number: of its line, from 1.
      id: as text.
      title: "" if the line has none.
      classes: ids of the hierarchy (ENE), each once; of all annotators.
      record: the line, as JSON has it.
    """

    number: int
    id: str
    title: str
    classes: tuple[str, ...]
    record: dict[str, Any]


def read_pages(path: Path) -> Iterator[Page]:
    """Pages in the order of their lines; holds a number a page in memory.

    Args:
      path: of JSON lines, plain or packed by gzip or bzip2.

    Raises:
      UserError: a line is of neither layout, or an id comes twice; names file and line.
    """
    return each_id_once(lambda: _pages(path), path)


def _pages(path: Path) -> Iterator[Page]:
    for number, line in numbered_lines(path):
        where = f"{path}: line {number}"
        record = record_of(line, where)
        yield Page(
            number,
            id_of(_first(record, ("page_id", "pageid"), where), where),
            text_of(record, "title", where),
            tuple(dict.fromkeys(_classes(record, where))),
            record,
        )


def _first(record: dict[str, Any], names: tuple[str, ...], where: str) -> Any:
    """The value of whichever name there is."""
    for name in names:
        if name in record:
            return record[name]
    raise UserError(
        f"{where}: has no {' and no '.join(map(repr, names))}, but "
        f"{', '.join(map(repr, [*record][:10])) or 'nothing'}: is it the file that is meant?"
    )


def _classes(record: dict[str, Any], where: str) -> Iterator[str]:
    """Ids that are not empty."""
    given = _first(record, ("ENEs",), where)
    lists = given.values() if isinstance(given, dict) else [given]
    for classes in lists:
        if not isinstance(classes, list) or not all(isinstance(one, dict) for one in classes):
            raise UserError(
                f'{where}: "ENEs" is neither a list of {{"ENE": "…"}} nor such lists by annotator'
            )
        for one in classes:
            name = _first(one, ("ENE", "ENE_id"), f'{where}: "ENEs"')
            if name is not None and not isinstance(name, str):
                raise UserError(f"{where}: a class is {name!r}: give its id as text")
            if name and name.strip():
                yield name.strip()
