"""Pages that are to be predicted, SHINRA's target lines, whose texts are in a dump."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.sources.shinra.dump import read_dump
from xlt_flax.data.sources.shinra.pages import Page, read_pages
from xlt_flax.data.sources.shinra.source import TEXTS
from xlt_flax.errors import UserError
from xlt_flax.prediction.spool import Spool
from xlt_flax.prediction.table_in import Columns, Row, TableIn, state_of

log = logging.getLogger("xlt_flax")


@dataclass(frozen=True)
class TargetIn(TableIn):
    """Target lines that were looked at: a row is a page. One without a text has empty ones.

    Attributes:
      dump: that has the texts.
      text: one of TEXTS: what of a page is read.
      folder: the texts of the rows that are asked for are kept there meanwhile.
    """

    dump: Path = Path()
    text: str = "text"
    folder: Path = Path()

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """
        Raises:
          UserError: the dump is not as it should be, or has none of the pages; at once.
        """
        spool = Spool(self.folder, self.facts() | {"rows": [start, stop]})
        if not spool.is_whole():
            self._fill(spool, start, stop)
        return self._rows(spool, islice(read_pages(self.file.path), start, stop))

    def where(self, row: Row) -> str:
        return f"{self.file.path}: line {row.number}"

    def facts(self) -> dict[str, Any]:
        dump = [str(self.dump), *state_of(self.dump)]
        return {"target": [str(self.file.path), *self.state], "dump": dump, "text": self.text}

    def _rows(self, spool: Spool, pages: Iterator[Page]) -> Iterator[Row]:
        none = ("",) * (1 + self.columns.pair)
        for page, texts in zip(pages, spool.texts(), strict=True):
            yield Row(page.number, page.record, texts or none, page.id, "")

    def _fill(self, spool: Spool, start: int, stop: int | None) -> None:
        pages = islice(read_pages(self.file.path), start, stop)
        row_of = {page.id: row for row, page in enumerate(pages)}
        log.info("reading %s for the texts of %s pages", self.dump, f"{len(row_of):,}")
        spool.fill(len(row_of), self._texts(row_of))

    def _texts(self, row_of: Mapping[str, int]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """(row, texts) of pages in the dump's order, up to the last one that is asked for."""
        found = 0
        for page in read_dump(self.dump, row_of) if row_of else ():
            if page.text.strip():
                yield row_of[page.id], TEXTS[self.text](page)
                found += 1
                if found == len(row_of):
                    return
        if row_of and not found:
            raise UserError(
                f"{self.dump}: has the text of no page of {self.file.path}: is it the dump of the "
                "same Wikipedia?"
            )


def look_at_target(target: DataFile, dump: Path, text: str, folder: Path) -> TargetIn:
    """Reads target lines to their end; arguments as of `TargetIn`.

    Raises:
      UserError: a line is not as it should be.
    """
    state = state_of(target.path)
    count = sum(1 for _ in read_pages(target.path))
    columns = Columns(pair="," in text)
    return TargetIn(target, (), {}, count, {}, Reading(), columns, state, None, dump, text, folder)
