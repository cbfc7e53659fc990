"""Reads plain text: a document a line, an empty line an empty one."""

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from xlt_flax.data.sources.files.opening import opened_text
from xlt_flax.data.sources.files.rows import Rows, Wanted, require_columns

COLUMN = "text"  # the only one that there is
_LINES = 4096  # held at once


def read(path: Path, wanted: Wanted, encoding: str = "utf-8") -> Iterator[Rows]:
    """Streams the lines of a file, without their ends.

    Raises:
      UserError: other columns are needed, or the file has another encoding.
    """
    require_columns(path, wanted, [COLUMN])
    with opened_text(path, encoding) as file:
        for begin in count(1, _LINES):
            lines = [line.removesuffix("\n").removesuffix("\r") for line in islice(file, _LINES)]
            if not lines:
                return
            values = {name: lines if name == COLUMN else [None] * len(lines) for name in wanted.all}
            yield Rows(range(begin, begin + len(lines)), values)
