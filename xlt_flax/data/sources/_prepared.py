"""A dataset that TFDS prepares from raw files: once, whoever asks for it, and again if damaged.

TensorFlow is imported when rows are read, or a dataset is prepared, and not before.
"""

import contextlib
import importlib
import io
import json
import logging
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from xlt_flax.errors import UserError
from xlt_flax.locks import locked

log = logging.getLogger("xlt_flax")

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class PreparedDataset:
    """A dataset of TFDS, whose builder keeps {what: sha256} of its raw files as metadata "sha256".

    Attributes:
      name: of the dataset, and of its config if it has several, such as "webis_cls10/ja_music".
      version: of the dataset.
      builders: the module that registers its builder.
      data_dir: where it is kept.
      manual_dir: where its raw files are, for messages.
      raw_place: gives the folder of the raw files as TFDS wants to be told, or says in a UserError
        what to get; asked when the dataset is made.
    """

    name: str
    version: str
    builders: str
    data_dir: Path
    manual_dir: Path
    raw_place: Callable[[], Path]

    @property
    def folder(self) -> Path:
        return self.data_dir / self.name / self.version

    def metadata(self) -> dict[str, Any] | None:
        """What the builder noted; None if the dataset is not there, or not whole."""
        try:
            json.loads((self.folder / "dataset_info.json").read_text("utf-8"))
            noted = json.loads((self.folder / "metadata.json").read_text("utf-8"))
            dict(noted["sha256"])
            return noted
        except PermissionError:  # it may well be whole: not to be deleted and made again
            raise
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def digests(self) -> dict[str, str] | None:
        """{what: digest of its raw file}; None as of `metadata`."""
        noted = self.metadata()
        return None if noted is None else dict(noted["sha256"])

    def prepare_once(self) -> dict[str, str]:
        """Prepares the dataset unless another run has meanwhile; its digests.

        Raises:
          UserError: the raw files are not there, or not as they should be.
        """
        with self._lock():
            digests = self.digests()
            return self._prepare() if digests is None else digests

    def read(
        self, split: str, made_of: Mapping[str, str], convert: Callable[[dict[str, Any]], _Row]
    ) -> Iterator[_Row]:
        """A split's rows in their order. A cache that does not read to its end is prepared again on
        the way.

        Args:
          split: of the dataset.
          made_of: digests of the raw files that the rows are to be of.
          convert: makes of a row what is given.

        Raises:
          UserError: as `prepare_once`, or the raw files are others than `made_of`.
        """
        given = 0
        if self.digests() is None:
            self._require_same(self.prepare_once(), made_of)
        with self._lock():
            tfds = self._tfds()  # what fails here is not the cache
            try:
                for row in self._rows(tfds, split):
                    yield convert(row)
                    given += 1
                return
            except Exception as error:  # TensorFlow's, TFDS's, and those of json and protobuf
                reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                log.info("%s is damaged (%s)", self.folder, reason)
            self._require_same(self._prepare(), made_of)
            yield from map(convert, islice(self._rows(tfds, split), given, None))

    def _rows(self, tfds: ModuleType, split: str) -> Iterator[dict[str, Any]]:
        yield from tfds.as_numpy(self._builder(tfds).as_dataset(split=split))

    def _require_same(self, digests: Mapping[str, str], made_of: Mapping[str, str]) -> None:
        if any(digests.get(what) != digest for what, digest in made_of.items()):
            raise UserError(
                f"{self.folder} was damaged, and has been prepared again from other files, now in "
                f"{self.manual_dir}: give the same command again to use them"
            )

    def _prepare(self) -> dict[str, str]:
        """Prepares the dataset anew, and returns its digests."""
        place = self.raw_place()
        for left in (self.folder, *self.folder.parent.glob(f"incomplete.*_{self.version}")):
            if left.exists():  # of a kill
                shutil.rmtree(left)
        tfds = self._tfds()
        _prepare_quietly(tfds, self._builder(tfds), place)
        return self.digests() or {}

    def _tfds(self) -> ModuleType:
        import tensorflow_datasets as tfds

        importlib.import_module(self.builders)
        return tfds

    def _builder(self, tfds: ModuleType) -> Any:  # TFDS ships no types
        return tfds.builder(f"{self.name}:{self.version}", data_dir=self.data_dir)

    def _lock(self) -> AbstractContextManager[None]:
        """Runs that start at the same moment wait for the one that prepares."""
        return locked(self.data_dir / f".{self.name.replace('/', '_')}.lock")


def _prepare_quietly(tfds: ModuleType, builder: Any, manual_dir: Path) -> None:
    """TFDS prints to stdout, and draws its bars where nobody sees them; its bars are kept, on a
    terminal."""
    log.info("preparing %s in %s", builder.info.full_name, builder.data_dir)
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(manual_dir=str(manual_dir))
        )
