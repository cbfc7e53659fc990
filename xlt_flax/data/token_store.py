"""Documents tokenized once: flat arrays in a folder, memory-mapped, shared by every run.

    <root>/<key>/tokens.npy    int32[total tokens]   all documents, one after the other
                 offsets.npy   int64[documents + 1]  where each begins
                 labels.npy    int32[documents]      0 negative, 1 positive, -1 none
                 digests.npy   S32[documents]        of normalised texts (data/sameness)
                 ids.json      the documents' ids
                 meta.json     what the store was made from, and a checksum of each file

The key is a digest of everything that could change the content, so a store is never out of date.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import tokenizers
from filelock import FileLock
from tqdm import tqdm

from xlt_flax import files
from xlt_flax.data.sameness import text_digest

FORMAT = 2  # raise it when the files below change their meaning
_ARRAYS = ("tokens", "offsets", "labels", "digests")
_TEXTS_PER_CALL = 1000  # the fast tokenizer spreads each call over all cores


@dataclass(frozen=True)
class Document:
    """What a store is made from."""

    id: str
    text: str
    label: int


@dataclass(frozen=True)
class TokenStore:
    """An opened store; arrays are memory-mapped and read-only (see the module's list)."""

    tokens: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    digests: np.ndarray
    ids: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def lengths(self) -> np.ndarray:
        """int64[documents], special tokens counted."""
        return np.diff(self.offsets)

    def document_tokens(self, row: int) -> np.ndarray:
        """int32[length] of one document."""
        return self.tokens[self.offsets[row] : self.offsets[row + 1]]


def store_key(source: dict, tokenizer, max_length: int) -> tuple[str, dict]:
    """The store's name, and the facts that it is a digest of.

    Args:
      source: what tells one set of documents from another (dataset, version, split, file digest).
      tokenizer: a fast tokenizer of transformers; its whole definition counts.
      max_length: tokens at which documents are cut, special tokens counted.
    """
    made_from = {
        "format": FORMAT,
        "source": source,
        "tokenizer": tokenizer_digest(tokenizer),
        "tokenizers": tokenizers.__version__,
        "max_length": max_length,
    }
    return _digest(made_from)[:20], made_from


def tokenizer_digest(tokenizer) -> str:
    """sha256 of a fast tokenizer's whole definition."""
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()  # what the last call asked for would show; each call sets it anew
    backend.no_padding()
    definition = backend.to_str() + tokenizer.truncation_side
    return hashlib.sha256(definition.encode()).hexdigest()


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
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
        ids = json.loads((folder / "ids.json").read_text("utf-8"))
    except PermissionError:  # it may well be whole
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return TokenStore(**arrays, ids=ids)


def open_or_build(
    root: Path, key: str, made_from: dict, documents, tokenizer, description: str
) -> TokenStore:
    """Opens the store, building it first where it is missing or damaged.

    Runs that start at the same moment wait for the one that builds.

    Args:
      documents: called without arguments if the store must be built; returns Documents.
      description: what to call the documents on the progress bar.
    """
    store = open_store(root, key)
    if store is not None:
        return store
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f".{key}.lock"):
        store = open_store(root, key)  # another run may have built it meanwhile
        if store is None:
            _build(root / key, made_from, documents(), tokenizer, description)
            store = open_store(root, key)
    return store


def _build(folder: Path, made_from: dict, documents: Iterable[Document], tokenizer, description):
    documents = list(documents)
    rows = _tokenize([d.text for d in documents], tokenizer, made_from["max_length"], description)
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    arrays = {
        "tokens": np.concatenate(rows) if rows else np.zeros(0, np.int32),
        "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "labels": np.array([d.label for d in documents], np.int32),
        "digests": np.array([text_digest(d.text) for d in documents], "S32"),
    }
    prefix = f".{folder.name}."
    for left in folder.parent.glob(f"{prefix}*/"):  # of a kill; the caller holds the lock
        shutil.rmtree(left, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", array)
        files.write_json(temporary / "ids.json", [d.id for d in documents])
        checksums = {path.name: _sha256(path) for path in sorted(temporary.iterdir())}
        files.write_json(temporary / "meta.json", {"made_from": made_from, "sha256": checksums})
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _tokenize(texts: list[str], tokenizer, max_length: int, description: str) -> list[np.ndarray]:
    """int32[length] a text: [CLS] text [SEP], cut to `max_length`."""
    rows = []
    with tqdm(total=len(texts), desc=f"tokenizing {description}", unit="doc", disable=None) as bar:
        for start in range(0, len(texts), _TEXTS_PER_CALL):
            batch = texts[start : start + _TEXTS_PER_CALL]
            encoded = tokenizer(
                batch,
                truncation=True,
                max_length=max_length,
                return_attention_mask=False,
                return_token_type_ids=False,
            )
            rows.extend(np.asarray(ids, np.int32) for ids in encoded["input_ids"])
            bar.update(len(batch))
    return rows


def _digest(value) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
