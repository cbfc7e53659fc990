"""Texts in a file of our own, where they are found by row: whoever has them has another order."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from xlt_flax import files
from xlt_flax.failures import place_named


class Spool:
    """The texts of rows, kept until their predictions are whole; a number a row in memory.

    Args:
      folder: that it lies in.
      made_from: all that it depends on; a value of JSON.
    """

    def __init__(self, folder: Path, made_from: dict[str, Any]):
        self._texts, self._places = folder / "texts.jsonl", folder / "texts.npy"
        self._whole = folder / "texts.json"
        self._made_from = json.loads(json.dumps(made_from))

    def is_whole(self) -> bool:
        """Whether it was filled, from the same."""
        try:
            return bool(json.loads(self._whole.read_text("utf-8")) == self._made_from)
        except (FileNotFoundError, ValueError):
            return False

    def fill(self, rows: int, texts: Iterable[tuple[int, tuple[str, ...]]]) -> None:
        """
        Args:
          rows: how many there are.
          texts: (row from 0, its texts), in any order; each row once at most.
        """
        self._whole.unlink(missing_ok=True)
        places, place = np.full(rows, -1, np.int64), 0
        with place_named(self._texts), files.written_whole(self._texts) as file:
            for row, one in texts:
                line = json.dumps(one, ensure_ascii=False).encode() + b"\n"
                places[row] = place
                place += file.write(line)
        with place_named(self._places), files.written_whole(self._places) as file:
            np.save(file, places)
        files.write_json(self._whole, self._made_from)

    def texts(self) -> Iterator[tuple[str, ...] | None]:
        """Of each row, in order; None: it has none."""
        places = np.load(self._places, allow_pickle=False)
        with open(self._texts, "rb") as file:
            for place in places.tolist():
                if place >= 0:
                    file.seek(place)
                yield tuple(json.loads(file.readline())) if place >= 0 else None
