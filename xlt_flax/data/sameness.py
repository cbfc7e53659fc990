"""When two documents are the same one: the notion that deduplication, audit and evaluation share.

A document is known by its data set, language, split and id; or by its texts, wherever it lies.
"""

import hashlib
import unicodedata


def normalised(text: str) -> str:
    """A text without what its copies may differ in: NFKC (full-width letters, ligatures, …), case
    folded, each run of white space one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def text_digest(*texts: str) -> str:
    """32 hexadecimal digits, equal for texts that are the same when normalised.

    Args:
      texts: of one document: one, or two that belong together.
    """
    # Normalised texts hold no line break.
    return _blake2b("\n".join(map(normalised, texts))).hexdigest()


def identity(dataset: str, language: str, split: str, document_id: str) -> bytes:
    """16 bytes that stand for one document of one data set; the same id in another language or
    split is another document."""
    return _blake2b("\0".join((dataset, language, split, document_id))).digest()


def _blake2b(text: str) -> hashlib.blake2b:
    return hashlib.blake2b(text.encode(), digest_size=16)
