"""When two texts are the same one: the notion that deduplication, audit and evaluation share."""

import hashlib
import unicodedata


def normalised(text: str) -> str:
    """A text without what its copies may differ in: NFKC (full-width letters, ligatures, …), case
    folded, each run of white space one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def text_digest(text: str) -> str:
    """32 hexadecimal digits, equal for texts that are the same when normalised."""
    return hashlib.blake2b(normalised(text).encode(), digest_size=16).hexdigest()
