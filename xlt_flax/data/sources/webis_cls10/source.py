"""Webis-CLS-10 as a data set of xlt_flax: reviews prepared once by TFDS, and read from there.

TensorFlow is imported when reviews are read, or a dataset is prepared, and not before.
"""

import contextlib
import io
import json
import logging
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from ml_collections import ConfigDict

from xlt_flax.data.examples import Example, LabelSet
from xlt_flax.data.sources.webis_cls10.languages import LABELS, LANGUAGE_OF_LETTER, LANGUAGES
from xlt_flax.data.sources.webis_cls10.raw_files import RawFiles
from xlt_flax.errors import UserError
from xlt_flax.locks import locked
from xlt_flax.places import local_path

log = logging.getLogger("xlt_flax")

_VERSION = "1.0.0"


@dataclass(frozen=True)
class WebisSource:
    """One domain of a TFDS dataset of reviews (data/sources says what a source is).

    Attributes:
      name: of the TFDS dataset.
      domain: of its reviews.
      manual_dir: where the raw files are; read when they are needed only.
      data_dir: where the prepared dataset is kept.
    """

    name: str
    domain: str
    manual_dir: Path = field(compare=False)
    data_dir: Path = field(compare=False)

    @property
    def languages(self) -> tuple[str, ...]:
        return LANGUAGES

    @property
    def labels(self) -> LabelSet:
        return LabelSet(LABELS)

    @property
    def letters(self) -> Mapping[str, str]:
        return LANGUAGE_OF_LETTER

    def splits(self, language: str) -> tuple[str, ...]:
        """Every language has "train" and "test", here or not; "unlabeled" where its file is."""
        prepared = self._prepared_digests(language)
        if prepared is not None:
            return tuple(prepared)
        try:
            unlabeled = RawFiles(self.manual_dir).exists(language, self.domain, "unlabeled")
        except UserError:  # which reading any of them will say
            unlabeled = False
        return ("train", "test", "unlabeled") if unlabeled else ("train", "test")

    def digest(self, language: str, split: str) -> str:
        """The sha256 of the raw file: as it is, or as it was when the dataset was prepared."""
        digests, raw = self._prepared_digests(language), self._raw_digest(language, split)
        if digests is None and raw is not None:
            return raw
        if digests is None:
            digests = self._prepare_once(language)
        if raw and raw != digests.get(split):
            raise UserError(
                f"{self._folder(language)} was prepared from another {split}.review than is now "
                f"in {self.manual_dir}: delete the former, or give the latter's old files"
            )
        if split not in digests:
            raise UserError(f"{self.name}/{language}_{self.domain} has no split {split!r}")
        return digests[split]

    def known_digest(self, language: str, split: str) -> str | None:
        """The same of what is prepared already, or lies unpacked in `manual_dir`; else None."""
        prepared = (self._prepared_digests(language) or {}).get(split)
        return prepared or self._raw_digest(language, split)

    def examples(self, language: str, split: str) -> Iterator[Example]:
        """Reviews in the order of their file. A cache that does not read to its end is prepared
        again on the way."""
        digest, given = self.digest(language, split), 0
        if self._prepared_digests(language) is None:
            self._require_same(self._prepare_once(language), language, split, digest)
        with self._lock(language):
            tfds = _tfds()  # what fails here is not the cache
            try:
                for example in self._read(tfds, language, split):
                    yield example
                    given += 1
                return
            except Exception as error:  # TensorFlow's, TFDS's, and those of json and protobuf
                reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                log.info("%s is damaged (%s)", self._folder(language), reason)
            self._require_same(self._prepare(language), language, split, digest)
            yield from islice(self._read(tfds, language, split), given, None)

    def _read(self, tfds: ModuleType, language: str, split: str) -> Iterator[Example]:
        for review in tfds.as_numpy(self._builder(tfds, language).as_dataset(split=split)):
            label = int(review["label"])
            yield Example(
                id=review["id"].decode(),
                texts=(review["text"].decode(),),
                labels=() if label < 0 else (label,),
                language=language,
            )

    # ---- The dataset that TFDS prepares ------------------------------------------------------

    def _prepared_digests(self, language: str) -> dict[str, str] | None:
        """{split: digest of its raw file}; None if the dataset is not there, or not whole."""
        folder = self._folder(language)
        try:
            json.loads((folder / "dataset_info.json").read_text("utf-8"))
            return dict(json.loads((folder / "metadata.json").read_text("utf-8"))["sha256"])
        except PermissionError:  # it may well be whole: not to be deleted and made again
            raise
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _raw_digest(self, language: str, split: str) -> str | None:
        """The raw file's digest now; None if it is gone, not for this user to read, or in an
        archive (slow to read)."""
        try:
            raw = RawFiles(self.manual_dir)
            if raw.unpacked and raw.exists(language, self.domain, split):
                return raw.sha256(language, self.domain, split)
        except (UserError, PermissionError):
            pass
        return None

    def _require_same(
        self, digests: dict[str, str], language: str, split: str, digest: str
    ) -> None:
        if digests.get(split) != digest:
            raise UserError(
                f"{self._folder(language)} was damaged, and has been prepared again from other "
                f"files, now in {self.manual_dir}: give the same command again to use them"
            )

    def _prepare_once(self, language: str) -> dict[str, str]:
        """Prepares a language's dataset unless another run has meanwhile; its digests."""
        with self._lock(language):
            digests = self._prepared_digests(language)
            return self._prepare(language) if digests is None else digests

    def _prepare(self, language: str) -> dict[str, str]:
        """Prepares a language's dataset anew, and returns its digests."""
        raw = RawFiles(self.manual_dir)  # says what to get and where to put it, if there is none
        folder = self._folder(language)
        for left in (folder, *folder.parent.glob(f"incomplete.*_{folder.name}")):  # of a kill
            if left.exists():
                shutil.rmtree(left)
        tfds = _tfds()
        _prepare_quietly(tfds, self._builder(tfds, language), raw.place)
        return self._prepared_digests(language) or {}

    def _builder(self, tfds: ModuleType, language: str) -> Any:  # TFDS ships no types
        return tfds.builder(
            f"{self.name}/{language}_{self.domain}:{_VERSION}", data_dir=self.data_dir
        )

    def _lock(self, language: str) -> AbstractContextManager[None]:
        """Runs that start at the same moment wait for the one that prepares."""
        return locked(self.data_dir / f".{self.name}_{language}_{self.domain}.lock")

    def _folder(self, language: str) -> Path:
        return self.data_dir / self.name / f"{language}_{self.domain}" / _VERSION


def of_domain(
    name: str, data: ConfigDict, domains: Sequence[str], manual_dir: str | Path
) -> WebisSource:
    """The source of the domain that a config names.

    Args:
      name: of the TFDS dataset.
      data: the config's `data`.
      domains: that the dataset has.
      manual_dir: where its raw files are.

    Raises:
      UserError: it has no such domain, or a folder is a URL or of a home that there is not.
    """
    if data.domain not in domains:
        raise UserError(f"config.data.domain is {data.domain!r}: give one of {', '.join(domains)}")
    return WebisSource(
        name,
        data.domain,
        local_path(manual_dir, "config.data.manual_dir"),
        local_path(data.data_dir, "config.data.data_dir"),
    )


def _tfds() -> ModuleType:
    import tensorflow_datasets as tfds

    import xlt_flax.data.sources.webis_cls10.builder  # noqa: F401  (registers the builders)

    return tfds


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
