"""The dataset as runs see it: for each language and split, a token store, made on first use.

Nothing here imports TensorFlow until a dataset must be prepared or a store built from its texts, so
a benchmark on a machine without TensorFlow reads the stores that are there.
"""

import contextlib
import io
import json
import logging
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from xlt_flax.data.sources.webis_cls10.languages import DOMAINS, LANGUAGES
from xlt_flax.data.sources.webis_cls10.raw_files import SAMPLE_DIR, RawFiles
from xlt_flax.data.token_store import (
    Document,
    TokenStore,
    open_or_build,
    open_store,
    store_key,
)
from xlt_flax.errors import UserError
from xlt_flax.locks import locked

log = logging.getLogger("xlt_flax")

DATASETS = {"webis_cls10": DOMAINS, "webis_cls10_sample": ("music",)}  # and their domains
_VERSION = "1.0.0"


@dataclass
class Corpus:
    """One domain of a dataset, tokenized.

    Attributes:
      dataset: a TFDS name, one of DATASETS.
      domain: one of DOMAINS.
      manual_dir: where the raw files are (webis_cls10 alone needs it); read on first use only.
      data_dir: where the prepared dataset and the token stores are kept.
      tokenizer: a fast tokenizer of transformers.
      max_length: tokens at which documents are cut.
      drop_commas: delete all ASCII commas before texts are tokenized.
    """

    dataset: str
    domain: str
    manual_dir: Path
    data_dir: Path
    tokenizer: object
    max_length: int
    drop_commas: bool = False
    _opened: dict = field(default_factory=dict, repr=False)
    _digests: dict = field(default_factory=dict, repr=False)

    def store(self, language: str, split: str) -> TokenStore:
        """The documents of `train`, `test` or `unlabeled` in a language.

        Raises:
          UserError: the language, the split or the raw data is not there, or the data is malformed.
        """
        if (language, split) not in self._opened:
            self._opened[language, split] = self._open(language, split)
        return self._opened[language, split]

    def digest(self, language: str, split: str) -> str:
        """The sha256 of the raw file that a split comes from, by which all made of it is known.

        Raises:
          UserError: as `store`.
        """
        if (language, split) not in self._digests:
            self._digests[language, split] = self._digest(language, split)
        return self._digests[language, split]

    def known_digest(self, language: str, split: str) -> str | None:
        """The same of what is prepared already, or lies raw in `manual_dir`; else None."""
        if (language, split) in self._digests:
            return self._digests[language, split]
        prepared = (self._prepared_digests(language) or {}).get(split)
        return prepared or self._raw_digest(language, split)

    def is_ready(self, language: str, split: str) -> bool:
        """Whether `store` would find all made, and so import no TensorFlow."""
        digests = self._prepared_digests(language) or {}
        return split in digests and bool(
            open_store(self._root, self._key(language, split, digests[split])[0])
        )

    def _open(self, language: str, split: str) -> TokenStore:
        if language not in LANGUAGES or self.domain not in DATASETS[self.dataset]:
            raise UserError(
                f"{self.dataset} has no {language}_{self.domain}: languages are "
                f"{', '.join(LANGUAGES)}, domains are {', '.join(DATASETS[self.dataset])}"
            )
        digest = self.digest(language, split)
        key, made_from = self._key(language, split, digest)
        return open_or_build(
            self._root,
            key,
            made_from,
            lambda: self._documents(language, split, digest),
            self.tokenizer,
            f"{language} {self.domain} {split}",
        )

    @property
    def _root(self) -> Path:
        return self.data_dir / "xlt_flax_tokens"

    def _key(self, language: str, split: str, digest: str) -> tuple[str, dict]:
        source = {
            "dataset": f"{self.dataset}/{language}_{self.domain}/{_VERSION}",
            "split": split,
            "sha256": digest,
        }
        return store_key(source, self.tokenizer, self.max_length, self.drop_commas)

    def _digest(self, language: str, split: str) -> str:
        """The digest of the raw file that a split was prepared from; prepares it if need be."""
        digests = self._prepared_digests(language)
        if digests is None:
            with self._lock(language):
                digests = self._prepared_digests(language)  # another run may have prepared it
                if digests is None:
                    digests = self._prepare(language)
        raw = self._raw_digest(language, split)
        if raw and raw != digests.get(split):
            raise UserError(
                f"{self._folder(language)} was prepared from another {split}.review than is now "
                f"in {self._manual_dir}: delete the former, or give the latter's old files"
            )
        if split not in digests:
            raise UserError(f"{self.dataset}/{language}_{self.domain} has no split {split!r}")
        return digests[split]

    def _prepared_digests(self, language: str) -> dict | None:
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
            raw = RawFiles(self._manual_dir)
            if raw.unpacked and raw.exists(language, self.domain, split):
                return raw.sha256(language, self.domain, split)
        except (UserError, PermissionError):
            pass
        return None

    def _documents(self, language: str, split: str, digest: str) -> list[Document]:
        """A split's texts; a cache that does not read to its end is prepared again."""
        with self._lock(language):
            tfds = _tfds()  # what fails here is not the cache
            try:
                return self._read(tfds, language, split)
            except Exception as error:  # TensorFlow's, TFDS's, and those of json and protobuf
                reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                log.info("%s is damaged (%s)", self._folder(language), reason)
            if self._prepare(language).get(split) != digest:
                raise UserError(
                    f"{self._folder(language)} was damaged, and has been prepared again from other "
                    f"files, now in {self._manual_dir}: give the same command again to use them"
                )
            return self._read(tfds, language, split)

    def _read(self, tfds, language: str, split: str) -> list[Document]:
        examples = tfds.as_numpy(self._builder(tfds, language).as_dataset(split=split))
        return [Document(e["id"].decode(), e["text"].decode(), int(e["label"])) for e in examples]

    def _prepare(self, language: str) -> dict:
        """Prepares a language's dataset anew, and returns its digests."""
        raw = RawFiles(self._manual_dir)  # says what to get and where to put it, if there is none
        folder = self._folder(language)
        for left in (folder, *folder.parent.glob(f"incomplete.*_{folder.name}")):  # of a kill
            if left.exists():
                shutil.rmtree(left)
        tfds = _tfds()
        _prepare_quietly(tfds, self._builder(tfds, language), raw.place)
        return self._prepared_digests(language)

    def _builder(self, tfds, language: str):
        return tfds.builder(
            f"{self.dataset}/{language}_{self.domain}:{_VERSION}", data_dir=self.data_dir
        )

    def _lock(self, language: str):
        """Runs that start at the same moment wait for the one that prepares."""
        return locked(self.data_dir / f".{self.dataset}_{language}_{self.domain}.lock")

    def _folder(self, language: str) -> Path:
        return self.data_dir / self.dataset / f"{language}_{self.domain}" / _VERSION

    @property
    def _manual_dir(self) -> Path:
        return SAMPLE_DIR if self.dataset == "webis_cls10_sample" else self.manual_dir


def _tfds():
    import tensorflow_datasets as tfds

    import xlt_flax.data.sources.webis_cls10.builder  # noqa: F401  (registers the builders)

    return tfds


def _prepare_quietly(tfds, builder, manual_dir: Path) -> None:
    """TFDS prints to stdout, and draws its bars where nobody sees them; its bars are kept, on a
    terminal."""
    log.info("preparing %s in %s", builder.info.full_name, builder.data_dir)
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(manual_dir=str(manual_dir))
        )
