"""The dataset as runs see it: for each language and split, a token store, made on first use.

Nothing here imports TensorFlow until a dataset must be prepared or a store built from its texts, so
a benchmark on a machine without TensorFlow reads the stores that are there.
"""

import contextlib
import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from xlt_flax.data.languages import DOMAINS, LANGUAGES
from xlt_flax.data.raw_files import RawFiles
from xlt_flax.data.token_store import Document, TokenStore, open_or_build, store_key
from xlt_flax.errors import UserError

log = logging.getLogger("xlt_flax")

DATASETS = ("webis_cls10", "webis_cls10_sample")
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
    """

    dataset: str
    domain: str
    manual_dir: Path
    data_dir: Path
    tokenizer: object
    max_length: int
    _opened: dict = field(default_factory=dict, repr=False)

    def store(self, language: str, split: str) -> TokenStore:
        """The documents of `train`, `test` or `unlabeled` in a language.

        Raises:
          UserError: the language, the split or the raw data is not there, or the data is malformed.
        """
        if (language, split) not in self._opened:
            self._opened[language, split] = self._open(language, split)
        return self._opened[language, split]

    def _open(self, language: str, split: str) -> TokenStore:
        if language not in LANGUAGES or self.domain not in DOMAINS:
            raise UserError(
                f"{self.dataset} has no {language}_{self.domain}: languages are "
                f"{', '.join(LANGUAGES)}, domains are {', '.join(DOMAINS)}"
            )
        digests = self._prepared_digests(language)
        if split not in digests:
            raise UserError(f"{self.dataset}/{language}_{self.domain} has no split {split!r}")
        source = {
            "dataset": f"{self.dataset}/{language}_{self.domain}/{_VERSION}",
            "split": split,
            "sha256": digests[split],
        }
        key, made_from = store_key(source, self.tokenizer, self.max_length)
        return open_or_build(
            self.data_dir / "xlt_flax_tokens",
            key,
            made_from,
            lambda: self._documents(language, split),
            self.tokenizer,
            f"{language} {self.domain} {split}",
        )

    def _prepared_digests(self, language: str) -> dict:
        """{split: digest of its raw file}, of the prepared dataset; prepares it if need be."""
        folder = self.data_dir / self.dataset / f"{language}_{self.domain}" / _VERSION
        if not (folder / "dataset_info.json").exists():
            self._prepare(language)
        return json.loads((folder / "metadata.json").read_text("utf-8"))["sha256"]

    def _prepare(self, language: str) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        lock = self.data_dir / f".{self.dataset}_{language}_{self.domain}.lock"
        with FileLock(lock):  # runs that start at the same moment wait for the one that prepares
            builder = self._builder(language)
            if builder.is_prepared():
                return
            manual_dir = None
            if self.dataset == "webis_cls10":
                RawFiles(self.manual_dir)  # says what to get and where to put it, if there is none
                manual_dir = self.manual_dir if self.manual_dir.is_dir() else self.manual_dir.parent
            _prepare_quietly(builder, manual_dir)

    def _builder(self, language: str):
        import tensorflow_datasets as tfds

        import xlt_flax.data.webis_cls10  # noqa: F401  (registers the builders)

        return tfds.builder(
            f"{self.dataset}/{language}_{self.domain}:{_VERSION}", data_dir=self.data_dir
        )

    def _documents(self, language: str, split: str) -> Iterator[Document]:
        import tensorflow_datasets as tfds

        for example in tfds.as_numpy(self._builder(language).as_dataset(split=split)):
            yield Document(example["id"].decode(), example["text"].decode(), int(example["label"]))


def _prepare_quietly(builder, manual_dir: Path | None) -> None:
    """TFDS prints to stdout, and draws its bars where nobody sees them; its bars are kept, on a
    terminal."""
    import tensorflow_datasets as tfds

    log.info("preparing %s in %s", builder.info.full_name, builder.data_dir)
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(
                manual_dir=str(manual_dir) if manual_dir else None
            )
        )
