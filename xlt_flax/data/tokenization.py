"""Texts to tokens: [CLS] text [SEP], or [CLS] text [SEP] text [SEP], as the tokenizer has it."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tokenizers

OVERLAP = 4  # windows of a long text share one token in so many


class Tokenizer(Protocol):
    """What is asked of a tokenizer: a part of transformers' `PreTrainedTokenizerFast`, which others
    have as well (modeling/japanese_tokenizer). These also say what a fast one's backend does:
    `definition()`, `made_with()` and `spread()`."""

    @property
    def all_special_ids(self) -> list[int]: ...

    @property
    def pad_token_id(self) -> Any: ...

    def __call__(
        self,
        text: Any,
        text_pair: Any = None,
        /,
        *,
        truncation: Any,
        max_length: int,
        stride: int,
        return_attention_mask: bool,
        return_token_type_ids: bool,
    ) -> Any:
        """Of lists of texts: `encodings`, with `ids` and `overflowing` of each document, and
        `sequence_ids(index)`."""

    def get_vocab(self) -> dict[str, int]: ...


@dataclass(frozen=True)
class Tokenized:
    """Texts, or pairs of them, as documents.

    Attributes:
      rows: int32[length] of each document.
      second_starts: int32[documents], the token at which a pair's second text begins, 0 without.
      owners: int64[documents], the text that each is of; a long one may be of several windows.
      is_cut: bool[texts], which have more tokens than a document may have.
    """

    rows: list[np.ndarray]
    second_starts: np.ndarray
    owners: np.ndarray
    is_cut: np.ndarray


def tokenize(
    texts: Sequence[tuple[str, ...]],
    tokenizer: Tokenizer,
    max_length: int,
    drop_commas: bool = False,
    windows: bool = False,
) -> Tokenized:
    """
    Args:
      texts: one or two each.
      tokenizer: spreads the work over all cores, a fast one by itself, others within `spread`.
      max_length: tokens at which documents are cut, special tokens counted.
      drop_commas: delete all ASCII commas first.
      windows: a text that is longer becomes several documents that overlap by a quarter, instead of
        its beginning alone. Of single texts only.

    Raises:
      ValueError: windows of pairs.
    """
    found: list[list[np.ndarray]] = [[] for _ in texts]
    second_starts = np.zeros(len(texts), np.int32)
    is_cut = np.zeros(len(texts), bool)
    for size in sorted({len(parts) for parts in texts}):
        if size == 2 and windows:
            raise ValueError("pairs of texts have no windows")
        which = [i for i, parts in enumerate(texts) if len(parts) == size]
        columns = [[_text(texts[i][n], drop_commas) for i in which] for n in range(size)]
        encoded = tokenizer(
            *columns,
            truncation="longest_first",
            max_length=max_length,
            stride=max_length // OVERLAP if windows else 0,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        for at, (i, encoding) in enumerate(zip(which, encoded.encodings, strict=True)):
            overflowing = encoding.overflowing
            is_cut[i] = bool(overflowing)
            found[i] = [_ids(one) for one in (encoding, *(overflowing if windows else ()))]
            if size == 2:
                second_starts[i] = _second_start(encoded.sequence_ids(at))
    owners = np.repeat(np.arange(len(texts)), [len(rows) for rows in found])
    return Tokenized([row for rows in found for row in rows], second_starts[owners], owners, is_cut)


def spread(tokenizer: Any) -> AbstractContextManager[None]:
    """Around calls of `tokenize` that follow each other: processes that help end with it."""
    return tokenizer.spread() if hasattr(tokenizer, "spread") else nullcontext()


def tokenizer_digest(tokenizer: Any) -> str:
    """sha256 of a tokenizer's whole definition."""
    return hashlib.sha256(_definition(tokenizer).encode()).hexdigest()


def made_with(tokenizer: Any) -> str:
    """The version of what computes a tokenizer's numbers, which its definition leaves open."""
    return tokenizer.made_with() if hasattr(tokenizer, "made_with") else tokenizers.__version__


def _definition(tokenizer: Any) -> str:
    if hasattr(tokenizer, "definition"):
        return tokenizer.definition()
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()  # what the last call asked for would show; each call sets it anew
    backend.no_padding()
    return backend.to_str() + tokenizer.truncation_side


def _ids(encoding: Any) -> np.ndarray:
    return np.asarray(encoding.ids, np.int32)


def _text(text: str, drop_commas: bool) -> str:
    return text.replace(",", "") if drop_commas else text


def _second_start(sequence_ids: list[int | None]) -> int:
    """Where the second text begins; of an empty one, its [SEP], which ends the document."""
    return sequence_ids.index(1) if 1 in sequence_ids else len(sequence_ids) - 1
