"""Development data: lines of a page's id, a tab, and Japanese names of classes joined by ":"."""

from collections.abc import Iterator
from pathlib import Path

from xlt_flax.data.sources.shinra.class_list import ClassList
from xlt_flax.data.sources.shinra.lines import each_id_once, id_of, numbered_lines
from xlt_flax.errors import UserError

_HEADER = ("page_id", "pageid")


def read_development(path: Path, classes: ClassList) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """(line, page's id, ids of its classes, each once) of each page.

    Args:
      path: of the TSV, plain or packed; a line of column names is passed over.
      classes: whose Japanese names they are.

    Raises:
      UserError: a line has not two columns, a name is no class's, or an id comes twice; names file
        and line.
    """
    return each_id_once(lambda: _rows(path, classes), path)


def _rows(path: Path, classes: ClassList) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    for number, line in numbered_lines(path):
        where = f"{path}: line {number}"
        columns = _text(line, where).rstrip("\r\n").split("\t")
        if len(columns) != 2:
            raise UserError(
                f"{where}: has {len(columns)} columns: give a page's id, a tab, and names of "
                'classes joined by ":"'
            )
        if number == 1 and columns[0].strip() in _HEADER:
            continue
        names = [name for name in columns[1].split(":") if name.strip()]
        ids = dict.fromkeys(classes.id_of_name(name, where) for name in names)
        yield number, id_of(columns[0], where), tuple(ids)


def _text(line: bytes, where: str) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{where}: is no UTF-8: save the file as UTF-8") from None
