"""Documents tokenized once: flat arrays in a folder, memory-mapped, shared by every run.

    <root>/<key>/tokens.npy         int32[total tokens]   all windows of all documents, one after
                                                          the other; of a document that is cut, or
                                                          is no longer than the model reads, one
                 offsets.npy        int64[windows + 1]    where each begins
                 window_offsets.npy int64[documents + 1]  only where documents have several: the
                                                          window that each document begins with
                 is_cut.npy         bool[documents]       which have more tokens than a window; not
                                                          in stores of older versions
                 label_values.npy   int32[total labels]   numbers of the data set's LabelSet
                 label_offsets.npy  int64[documents + 1]  where those of each begin
                 digests.npy        S32[documents]        of normalised texts (data/sameness)
                 identities.npy     S16[documents]        of data set, language, split and id
                 id_bytes.npy       uint8[total bytes]    the documents' ids in UTF-8
                 id_offsets.npy     int64[documents + 1]  where each begins
                 second_starts.npy  int32[documents]      only where there are pairs: the token at
                                                          which the second text begins, 0 without
                 meta.json          what the store was made from, and a checksum of each file

The key is a digest of everything that could change the content, so a store is never out of date.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from xlt_flax import files
from xlt_flax.data.examples import Example
from xlt_flax.data.ids import Ids, IdTable
from xlt_flax.data.store_writer import write_arrays
from xlt_flax.data.tokenization import OVERLAP, Tokenizer, made_with, tokenizer_digest
from xlt_flax.locks import locked

FORMAT = 3  # raise it when the files below change their meaning
_ARRAYS = (
    "tokens",
    "offsets",
    "label_values",
    "label_offsets",
    "digests",
    "identities",
    "id_bytes",
    "id_offsets",
)
_OPTIONAL = ("window_offsets", "is_cut", "second_starts")


@dataclass(frozen=True, eq=False)
class TokenStore:
    """An opened store; arrays are memory-mapped and read-only (see the module's list).

    Attributes:
      language: of all its documents.
      window_offsets: None where each document has one window.
      is_cut: None where it is not known.
      second_starts: None where no document is a pair.
    """

    language: str
    tokens: np.ndarray
    offsets: np.ndarray
    label_values: np.ndarray
    label_offsets: np.ndarray
    digests: np.ndarray
    identities: np.ndarray
    id_bytes: np.ndarray
    id_offsets: np.ndarray
    window_offsets: np.ndarray | None = None
    is_cut: np.ndarray | None = None
    second_starts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def id_table(self) -> IdTable:
        return IdTable(self.id_bytes, self.id_offsets)

    @property
    def ids(self) -> Ids:
        return Ids([self.id_table], np.zeros(len(self), np.uint8), np.arange(len(self)))

    @cached_property
    def lengths(self) -> np.ndarray:
        """int64[windows], special tokens counted."""
        return np.diff(self.offsets)

    @property
    def window_counts(self) -> np.ndarray:
        """int64[documents]"""
        if self.window_offsets is None:
            return np.broadcast_to(np.int64(1), len(self))
        return np.diff(self.window_offsets)

    def first_windows(self, rows: np.ndarray) -> np.ndarray:
        """int64[rows]: the window that each document begins with; the number of documents stands
        for the end."""
        return rows if self.window_offsets is None else self.window_offsets[rows]

    @cached_property
    def _views(self) -> tuple[np.ndarray, np.ndarray]:
        """Tokens and offsets as plain arrays: slices of a memmap are memmaps, and slow to make."""
        return np.asarray(self.tokens), np.asarray(self.offsets)

    def document_tokens(self, row: int, window: int = 0) -> np.ndarray:
        """int32[length] of one window of a document."""
        tokens, offsets = self._views
        at = window + (row if self.window_offsets is None else self.window_offsets[row])
        return tokens[offsets[at] : offsets[at + 1]]


def store_key(
    source: dict[str, str],
    tokenizer: Tokenizer,
    max_length: int,
    drop_commas: bool = False,
    windows: bool = False,
) -> tuple[str, dict]:
    """The store's name, and the facts that it is a digest of.

    Args:
      source: `dataset`, `language` and `split` of the documents, and their `digest`.
      tokenizer: its whole definition counts.
      max_length: tokens at which documents are cut, special tokens counted.
      drop_commas: delete all ASCII commas of a text before it is tokenized; its digest stays the
        original text's.
      windows: documents are not cut, but read in windows that overlap.
    """
    made_from: dict[str, Any] = {
        "format": FORMAT,
        "source": source,
        "tokenizer": tokenizer_digest(tokenizer),
        "tokenizers": made_with(tokenizer),
        "max_length": max_length,
        "drop_commas": drop_commas,
    }
    if windows:  # no word of it where there are none: older stores are found again
        made_from["windows"] = {"overlap": OVERLAP}
    return _digest(made_from)[:20], made_from


def open_store(root: Path, key: str) -> TokenStore | None:
    """Opens a finished store; None if there is none, or if any file of it is cut or changed.

    Raises:
      PermissionError: this user may not read it.
    """
    folder = root / key
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
        if _digest(meta["made_from"])[:20] != key:
            return None
        for name, checksum in meta["sha256"].items():
            if _sha256(folder / name) != checksum:
                return None
        names = [*_ARRAYS, *(name for name in _OPTIONAL if f"{name}.npy" in meta["sha256"])]
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names}
        return TokenStore(language=meta["made_from"]["source"]["language"], **arrays)
    except PermissionError:  # it may well be whole
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def open_or_build(
    root: Path,
    key: str,
    made_from: dict,
    examples: Callable[[], Iterable[Example]],
    tokenizer: Tokenizer,
) -> TokenStore:
    """Opens the store, building it first where it is missing or damaged.

    Runs that start at the same moment wait for the one that builds.

    Args:
      key, made_from: from `store_key`.
      examples: called without arguments if the store must be built; read as a stream.
    """
    store = open_store(root, key)
    if store is not None:
        return store
    with locked(root / f".{key}.lock"):
        store = open_store(root, key)  # another run may have built it meanwhile
        if store is None:
            with _closed(examples()) as stream:
                _build(root / key, made_from, stream, tokenizer)
            store = open_store(root, key)
    if store is None:
        raise OSError(f"{root / key} was written, and does not read as it was written")
    return store


@contextmanager
def _closed(stream: Iterable[Example]) -> Iterator[Iterable[Example]]:
    """Ends a generator that was not read to its end: it may hold a lock."""
    try:
        yield stream
    finally:
        if isinstance(stream, Generator):
            stream.close()


def _build(
    folder: Path,
    made_from: dict,
    examples: Iterable[Example],
    tokenizer: Tokenizer,
) -> None:
    for left in folder.parent.glob(f".{folder.name}.*/"):  # of a kill; the caller holds the lock
        shutil.rmtree(left, ignore_errors=True)
    temporary = folder.with_name(f".{folder.name}.tmp")
    temporary.mkdir()  # unlike tempfile's, for whoever may read the folder around it
    try:
        write_arrays(temporary, made_from, examples, tokenizer)
        checksums = {path.name: _sha256(path) for path in sorted(temporary.iterdir())}
        files.write_json(temporary / "meta.json", {"made_from": made_from, "sha256": checksums})
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _digest(value: dict) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
