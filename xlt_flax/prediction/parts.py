"""What is predicted already, kept beside the output until that is whole: a killed prediction goes
on where it stopped."""

import json
import logging
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from xlt_flax import files
from xlt_flax.failures import place_named
from xlt_flax.locks import held_alone
from xlt_flax.prediction.classify import Classified

log = logging.getLogger("xlt_flax")

FORM = 1  # raise it when what is kept is another thing


class Parts:
    """The results of an output that is not whole yet, a file a part, in a hidden folder beside it.

    Args:
      output: the file that is to be.
    """

    def __init__(self, output: Path):
        self.output = output
        self.folder = output.with_name(f".{output.name}.parts")
        self._made_from = self.folder / "made_from.json"
        self._lock, self._holder = self.folder / "lock", self.folder / "holder.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the output as its only writer.

        Raises:
          UserError: another process writes it.
        """
        with held_alone(self._lock, self._holder, self.output, "--output"):
            try:
                for left in self.folder.glob(".*.tmp"):  # what a killed writer was about to rename
                    left.unlink()
                yield
            finally:
                if not self._made_from.exists():  # there is nothing to go on with
                    shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, made_from: dict[str, Any]) -> None:
        """Keeps what was made from the same, and removes all else.

        Args:
          made_from: all that results depend on; a value of JSON.
        """
        made_from = json.loads(json.dumps(made_from | {"form": FORM}))
        if self._made_from.exists():
            if _read(self._made_from) == made_from:
                return
            log.info("%s was begun with another input, model or options: begins anew", self.output)
        for old in self.folder.glob("*.npz"):
            old.unlink()
        files.write_json(self._made_from, made_from)

    def stored(self) -> Iterator[Classified]:
        """Those that are there, from the first on."""
        number = 0
        while part := self._load(number):
            yield part
            number += 1

    def store(self, number: int, part: Classified) -> None:
        """Keeps a part, from 0."""
        path = self._path(number)
        with place_named(path), files.written_whole(path) as file:
            np.savez(
                file,
                probabilities=part.probabilities,
                said=np.packbits(part.said, axis=-1),
                is_cut=part.is_cut,
            )

    @contextmanager
    def whole(self) -> Iterator[BinaryIO]:
        """The output, to be written: at the end it is in its place, and nothing beside it."""
        written = self.folder / "output"
        with place_named(self.output), files.written_whole(written) as file:
            yield file
        written.replace(self.output)
        self._made_from.unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}.npz"

    def _load(self, number: int) -> Classified | None:
        try:
            with np.load(self._path(number), allow_pickle=False) as held:
                probabilities = held["probabilities"]
                said = np.unpackbits(held["said"], axis=-1, count=probabilities.shape[1])
                return Classified(probabilities, said.astype(bool), held["is_cut"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
            log.warning("%s is damaged, and made again", self._path(number))
            return None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError:
        return None
