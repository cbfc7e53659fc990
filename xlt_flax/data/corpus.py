"""A data set as runs see it: for each language and split, a token store, made on first use.

Nothing here imports TensorFlow, nor does a data set whose stores are there: a benchmark on a
machine without TensorFlow reads them.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.data.long_documents import WINDOWS
from xlt_flax.data.sources import Source, find_source
from xlt_flax.data.token_store import TokenStore, open_or_build, open_store, store_key
from xlt_flax.data.tokenization import Tokenizer
from xlt_flax.errors import UserError


@dataclass
class Corpus:
    """A data set, tokenized.

    Attributes:
      source: the data set.
      tokenizer: that of a model.
      max_length: tokens at which documents are cut.
      data_dir: where the token stores are kept.
      drop_commas: delete all ASCII commas before texts are tokenized.
      windows: longer documents are not cut, but read in windows that overlap.
    """

    source: Source
    tokenizer: Tokenizer
    max_length: int
    data_dir: Path
    drop_commas: bool = False
    windows: bool = False
    _opened: dict[tuple[str, str], TokenStore] = field(default_factory=dict, init=False, repr=False)
    _digests: dict[tuple[str, str], str] = field(default_factory=dict, init=False, repr=False)

    def store(self, language: str, split: str) -> TokenStore:
        """The documents of a split ("train", "test", …) in a language.

        Raises:
          UserError: the language, the split or the raw data is not there, or the data is malformed.
        """
        if (language, split) not in self._opened:
            self._opened[language, split] = self._open(language, split)
        return self._opened[language, split]

    def digest(self, language: str, split: str) -> str:
        """Of what the source makes a split from, by which all made of it is known.

        Raises:
          UserError: as `store`.
        """
        if (language, split) not in self._digests:
            self._require(language)
            self._digests[language, split] = self.source.digest(language, split)
        return self._digests[language, split]

    def known_digest(self, language: str, split: str) -> str | None:
        """The same where it is cheap to know; else None."""
        return self._digests.get((language, split)) or self.source.known_digest(language, split)

    def is_ready(self, language: str, split: str) -> bool:
        """Whether `store` would find all made, and so import no TensorFlow."""
        digest = self.known_digest(language, split)
        return digest is not None and bool(
            open_store(self._root, self._key(language, split, digest)[0])
        )

    def _open(self, language: str, split: str) -> TokenStore:
        key, made_from = self._key(language, split, self.digest(language, split))
        return open_or_build(
            self._root,
            key,
            made_from,
            lambda: self.source.examples(language, split),
            self.tokenizer,
        )

    def _require(self, language: str) -> None:
        if language not in self.source.languages:
            raise UserError(
                f"{self.source.name} has no language {language!r}: give one of "
                f"{', '.join(self.source.languages)}"
            )

    @property
    def _root(self) -> Path:
        return self.data_dir / "xlt_flax_tokens"

    def _key(self, language: str, split: str, digest: str) -> tuple[str, dict]:
        source = {
            "dataset": self.source.name,
            "language": language,
            "split": split,
            "digest": digest,
        }
        limits = self.max_length, self.drop_commas, self.windows
        return store_key(source, self.tokenizer, *limits)

    def reading(self, long: str) -> "Corpus":
        """The same documents, longer ones read as `config.data.long` says."""
        windows = long == WINDOWS
        return self if windows == self.windows else replace(self, windows=windows)


def corpus_of(data: ConfigDict, corpus: Corpus) -> Corpus:
    """A run's own data set, tokenized as `corpus` is, whose stores it may have; ids, labels and
    digests, which a draw depends on, are the same however a text is cut; and `corpus` knows where
    its files are now.

    Args:
      data: the run's config's `data`.
      corpus: of another run, of the same data set mostly.
    """
    source = find_source(data)
    if source != corpus.source:
        corpus = replace(corpus, source=source, data_dir=Path(data.data_dir))
    return corpus.reading(data.long)
