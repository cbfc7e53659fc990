"""transformers' `BertJapaneseTokenizer`, called as a fast tokenizer is.

MeCab finds the words, which WordPiece, or a cut at each character, turns into pieces. The library's
own is Python, and has no encodings, windows or threads; numbers here are its own, document for
document.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlt_flax.modeling.pretrained import quiet
from xlt_flax.modeling.tokenizer_workers import Spreading

if TYPE_CHECKING:
    from transformers import BertJapaneseTokenizer

_VOCABULARY = "vocab.txt"
_DEFAULTS = {"mecab_dic": "unidic_lite", "normalize_text": True}  # the library's
_SETTINGS = (
    *("word_tokenizer_type", "subword_tokenizer_type", "do_word_tokenize", "do_subword_tokenize"),
    *("do_lower_case", "never_split", "split_special_tokens", "truncation_side"),
    "special_tokens_map",
)
_WORDS = 2**17  # whose pieces are remembered


@dataclass(frozen=True)
class Encoding:
    """A document, by the names of tokenizers.Encoding.

    Attributes:
      ids: with special tokens.
      sequence_ids: which text each token is of, 0 or 1; None of special ones.
      overflowing: the windows that follow; of a pair, what did not fit.
    """

    ids: list[int]
    sequence_ids: list[int | None]
    overflowing: list[Encoding] = field(default_factory=list)


@dataclass(frozen=True)
class Encodings:
    """Documents, by the names of transformers.BatchEncoding."""

    encodings: list[Encoding]

    def sequence_ids(self, index: int) -> list[int | None]:
        return self.encodings[index].sequence_ids


class JapaneseTokenizer:
    """What of a fast tokenizer's interface is asked for.

    Args:
      library: the library's own.
      vocabulary: its file, of which `save_pretrained` writes a copy.

    Attributes:
      all_special_ids, pad_token_id, model_max_length, truncation_side: the library's.
    """

    def __init__(self, library: BertJapaneseTokenizer, vocabulary: bytes):
        self._library, self._vocabulary = library, vocabulary
        self._pieces = Spreading(_Pieces(library))
        self.all_special_ids: list[int] = library.all_special_ids
        self.pad_token_id: int = library.pad_token_id
        self.model_max_length: int = library.model_max_length
        self.truncation_side: str = library.truncation_side

    def __call__(
        self, *texts: Sequence[str], max_length: int, stride: int = 0, **_: object
    ) -> Encodings:
        """Documents, cut as "longest_first" has it.

        Args:
          texts: of documents, or the first and the second texts of pairs.
          max_length: tokens of a document, special ones counted.
          stride: tokens that the windows of a single text share.
        """
        pieces = self._pieces([text for column in texts for text in column])
        count = len(texts[0])
        if len(texts) == 1:
            return Encodings([self._single(one, max_length, stride) for one in pieces])
        pairs = zip(pieces[:count], pieces[count:], strict=True)
        with quiet():  # the library warns of each pair that it cuts
            return Encodings([self._pair(*pair, max_length) for pair in pairs])

    def get_vocab(self) -> dict[str, int]:
        return self._library.get_vocab()

    def spread(self) -> AbstractContextManager[None]:
        """While in here, processes help where texts are many."""
        return self._pieces.within()

    def save_pretrained(self, folder: Path) -> None:
        """Writes its files, which the library opens to the same numbers."""
        self._library.save_pretrained(folder)
        (folder / _VOCABULARY).write_bytes(self._vocabulary)  # theirs moves what follows a repeat

    def definition(self) -> str:
        """All that its numbers depend on, besides `made_with`."""
        library = self._library
        added = [f"{number} {token!r}" for number, token in library.added_tokens_decoder.items()]
        facts = {name: getattr(library, name) for name in _SETTINGS} | {"added": added}
        facts["never_split"] = library.never_split or []
        facts["vocabulary"] = hashlib.sha256(self._vocabulary).hexdigest()
        if self._has_mecab:
            mecab = _DEFAULTS | (library.mecab_kwargs or {})
            facts |= {"mecab": mecab, "dictionary": metadata.version(mecab["mecab_dic"])}
        return json.dumps(facts, sort_keys=True)

    def made_with(self) -> str:
        """The libraries that its numbers come from, with their versions."""
        packages = ("transformers", *(["fugashi"] if self._has_mecab else []))
        return ", ".join(f"{name} {metadata.version(name)}" for name in packages)

    @property
    def _has_mecab(self) -> bool:
        return self._library.do_word_tokenize and self._library.word_tokenizer_type == "mecab"

    def _single(self, pieces: list[int], max_length: int, stride: int) -> Encoding:
        room = max_length - self._library.num_special_tokens_to_add()
        first, *others = _windows(pieces, room, stride, from_end=self.truncation_side == "left")
        return self._encoding(first, overflowing=[self._encoding(one) for one in others])

    def _pair(self, first: list[int], second: list[int], max_length: int) -> Encoding:
        special = self._library.num_special_tokens_to_add(pair=True)
        extra = max(0, len(first) + len(second) + special - max_length)
        kept = self._library.truncate_sequences(first, second, extra, "longest_first")[:2]
        rest = [self._encoding(first, second)] if extra else []
        return self._encoding(*kept, overflowing=rest)

    def _encoding(self, *texts: list[int], overflowing: Sequence[Encoding] = ()) -> Encoding:
        ids = self._library.build_inputs_with_special_tokens(*texts)
        owners: list[int | None] = [None]
        for number, text in enumerate(texts):
            owners += [*[number] * len(text), None]
        return Encoding(ids, owners, [*overflowing])


def _windows(pieces: list[int], room: int, stride: int, from_end: bool) -> list[list[int]]:
    """At least one; each but the last is full, and they begin, or end, `room - stride` apart."""
    if from_end:
        return [one[::-1] for one in _windows(pieces[::-1], room, stride, from_end=False)]
    starts = range(0, max(len(pieces) - stride, 1), room - stride)
    return [pieces[start : start + room] for start in starts]


class _Pieces:
    """Texts to the numbers of their pieces, without special tokens."""

    def __init__(self, library: Any):
        if library.do_subword_tokenize:
            library.subword_tokenizer = _Remembering(library.subword_tokenizer)
        self._library, self._numbers = library, library.get_vocab()
        self._unknown = library.unk_token_id

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        return [self._of(text) for text in texts]

    def _of(self, text: str) -> list[int]:
        """`convert_tokens_to_ids(tokenize(text))`; that asks for [UNK] anew at each piece."""
        return [self._numbers.get(one, self._unknown) for one in self._library.tokenize(text)]


class _Remembering:
    """The library's word to pieces, which is most of the time; most words come again."""

    def __init__(self, tokenizer: Any):
        self._tokenizer = tokenizer
        self.tokenize = functools.lru_cache(_WORDS)(tokenizer.tokenize)

    def __reduce__(self) -> tuple[type, tuple]:
        return _Remembering, (self._tokenizer,)
