"""The classes of the Extended Named Entity hierarchy (Sekine; SHINRA releases it as JSON lines).

{"ENE_id": "1.1", "name": {"en": "Person", "ja": "人名"}, "children_category": [], …} a line.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
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


class ClassNode(NamedTuple):
    """A class.

    Attributes:
      id: its number, such as "1.7.19.13".
      english, japanese: names.
      children: ids of the classes below; a leaf has none.
      parent: id of the class above; "" if the list has none.
    """

    id: str
    english: str
    japanese: str
    children: tuple[str, ...]
    parent: str


@dataclass(frozen=True)
class ClassList:
    """All classes; leaves are what pages are classified into, 0 (CONCEPT) and 9 (IGNORED) too.

    Attributes:
      nodes: {id: class}, in the order of the file.
    """

    nodes: Mapping[str, ClassNode]

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Ids in the order of their numbers: 1.2 before 1.10."""
        return tuple(sorted(filter(self.is_leaf, self.nodes), key=_numbers))

    def is_leaf(self, id: str) -> bool:
        """
        Raises:
          KeyError: there is no such class.
        """
        return not self.nodes[id].children

    def require(self, ids: Iterable[str], where: str) -> None:
        """
        Args:
          where: the classes stand, for the message.

        Raises:
          UserError: one is none of the list.
        """
        for id in ids:
            if id not in self.nodes:
                raise UserError(
                    f"{where}: the class list has no class {id!r}: correct it, or give the list of "
                    "its release"
                )

    def id_of_name(self, japanese: str, where: str) -> str:
        """The class of a Japanese name, in letters of whatever width (NFKC).

        Args:
          where: the name stands, for the message.

        Raises:
          UserError: there is no such class.
        """
        try:
            return self._ids_of_names[_normalised(japanese)]
        except KeyError:
            raise UserError(
                f"{where}: the class list has no class named {japanese!r}: correct it, or give the "
                "list of its release"
            ) from None

    @cached_property
    def _ids_of_names(self) -> dict[str, str]:
        return {_normalised(node.japanese): id for id, node in self.nodes.items()}


def branch_of(id: str) -> str:
    """The id of the class at the top above one: "1" of "1.7.19.13"."""
    return id.partition(".")[0]


def read_class_list(path: Path) -> ClassList:
    """
    Args:
      path: of JSON lines, plain or packed.

    Raises:
      UserError: a line is no class, an id or a Japanese name comes twice, a class that is named as
        a child has no line, or there is no class; names file and line.
    """
    nodes, names = dict[str, ClassNode](), dict[str, int]()
    lines = dict[str, int]()
    for number, id, node in each_id_once(lambda: _nodes(path), path):
        name = _normalised(node.japanese)
        if name in names:
            raise UserError(
                f"{path}: line {number}: the name {node.japanese!r} is that of line {names[name]}"
            )
        names[name], nodes[id], lines[id] = number, node, number
    if not nodes:
        raise UserError(f"{path}: holds no class: give the class list")
    _require_lines(nodes, lines, path)
    return ClassList(nodes)


def _require_lines(nodes: Mapping[str, ClassNode], lines: Mapping[str, int], path: Path) -> None:
    for node in nodes.values():
        for child in node.children:
            if child not in nodes:
                raise UserError(
                    f"{path}: line {lines[node.id]}: {node.id} has the child {child}, which has no "
                    "line: is the file whole?"
                )


def _nodes(path: Path) -> Iterator[tuple[int, str, ClassNode]]:
    for number, line in numbered_lines(path):
        where = f"{path}: line {number}"
        record = record_of(line, where)
        id = id_of(record.get("ENE_id"), f'{where}: "ENE_id"')
        names = record.get("name")
        if not isinstance(names, dict):
            raise UserError(f'{where}: "name" is no {{"en": "…", "ja": "…"}}')
        english, japanese = (text_of(names, language, where).strip() for language in ("en", "ja"))
        if not japanese:
            raise UserError(f"{where}: {id} has no Japanese name")
        children = tuple(_ids(record.get("children_category"), where))
        parent = next(_ids(record.get("parent_category"), where), "")
        yield number, id, ClassNode(id, english, japanese, children, parent)


def _ids(value: Any, where: str) -> Iterator[str]:
    """Of one class or several, by id or as objects that have one."""
    for one in value if isinstance(value, list) else [value]:
        if one not in (None, "", {}):
            yield id_of(one.get("ENE_id") if isinstance(one, dict) else one, where)


def _normalised(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip()


def _numbers(id: str) -> tuple[tuple[int, int, str], ...]:
    """Each number as a number; what is none, behind them."""
    parts = id.split(".")
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts)
