"""The rows of the word embedding that a run holds.

A mixture's texts use about a fifth of a multilingual vocabulary. The gradient of every other row is
zero, so AdamW leaves it as it is, but for weight decay, which is known in closed form. Training
holds the rows in use alone, and the table is made whole again where it is asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import jax
import numpy as np

_Tree = TypeVar("_Tree")

_MULTIPLE = 1024  # of rows held: runs on like data then share compiled programs
_TABLE = "['word_embeddings']['embedding']"  # so the library calls it in every encoder


@dataclass(frozen=True)
class Vocabulary:
    """Which rows of the full table are held.

    Attributes:
      ids: int32[rows], token ids, ascending.
      full_size: rows of the full table.
    """

    ids: np.ndarray
    full_size: int

    @cached_property
    def row_of(self) -> np.ndarray:
        """int32[full_size]: the row of each token id, -1 where it is not held."""
        rows = np.full(self.full_size, -1, np.int32)
        rows[self.ids] = np.arange(len(self.ids), dtype=np.int32)
        return rows

    @property
    def is_whole(self) -> bool:
        """Whether it is the full table."""
        return len(self.ids) == self.full_size

    def holds(self, other: "Vocabulary") -> bool:
        return bool(np.isin(other.ids, self.ids).all())

    def select(self, params: _Tree) -> _Tree:
        """The tree with the held rows in place of the full table."""
        return _with_table(params, lambda table: np.asarray(table)[self.ids])

    def rebuild(self, params: _Tree, full_table: np.ndarray) -> _Tree:
        """The tree with the full table: the held rows as in `params`, others as in `full_table`.

        Args:
          params: a tree with the held rows.
          full_table: float32[full_size, hidden].
        """

        def fill(rows: np.ndarray) -> np.ndarray:
            table = np.array(full_table)
            table[self.ids] = rows
            return table

        return _with_table(params, fill)

    def move(self, tree: _Tree, to: "Vocabulary", full_table: np.ndarray) -> _Tree:
        """A tree of held rows as `to` holds them; rows that are new come from `full_table`."""
        return to.select(self.rebuild(tree, full_table))


def full_vocabulary(size: int) -> Vocabulary:
    """All rows of the table."""
    return Vocabulary(np.arange(size, dtype=np.int32), size)


def active_vocabulary(
    tokens: Sequence[np.ndarray], always: Sequence[int], full_size: int, multiple: int = _MULTIPLE
) -> Vocabulary:
    """The rows that documents use, and a few more to make a round number of them.

    Args:
      tokens: int arrays of token ids, of all documents that a run will see.
      always: ids to hold in any case (special tokens).
      full_size: rows of the full table.
      multiple: what the number of rows is rounded up to; 1 leaves it.
    """
    used = np.zeros(full_size, bool)
    used[list(always)] = True
    for ids in tokens:
        used[ids] = True
    wanted = min(-(-int(used.sum()) // multiple) * multiple, full_size)
    used[np.flatnonzero(~used)[: wanted - int(used.sum())]] = True
    return Vocabulary(np.flatnonzero(used).astype(np.int32), full_size)


def join(first: Vocabulary, second: Vocabulary) -> Vocabulary:
    """What either holds."""
    return Vocabulary(np.union1d(first.ids, second.ids).astype(np.int32), first.full_size)


def word_embedding(params: dict[str, Any]) -> Any:
    """The table of a model's tree, as it is there: float32[rows, hidden] or what describes it.

    Raises:
      ValueError: the tree has not one.
    """
    _, table = _only_table(params)
    return table


def word_embedding_path(params: dict[str, Any]) -> str:
    """Where the table is in a model's tree, names joined by "/"."""
    path, _ = _only_table(params)
    return "/".join(str(entry.key) for entry in path)


def _only_table(params: dict[str, Any]) -> tuple[Any, Any]:
    (found,) = ((path, leaf) for path, leaf in jax.tree.leaves_with_path(params) if _is_table(path))
    return found


def _is_table(path: tuple[Any, ...]) -> bool:
    return jax.tree_util.keystr(path).endswith(_TABLE)


def _with_table(tree: _Tree, change: Callable[[Any], np.ndarray]) -> _Tree:
    """Applies `change` to every word embedding in a tree: the model's, or its moments'."""

    def visit(path: tuple[Any, ...], leaf: Any) -> Any:
        return change(leaf) if _is_table(path) else leaf

    return jax.tree_util.tree_map_with_path(visit, tree)
