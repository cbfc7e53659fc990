"""Random order that is the same on every platform and with every library version, for ever.

NumPy promises stable bits but not stable shuffles, so keys are sorted by a digest instead. An order
by digest has a second virtue: taking a key out leaves the others in the order they had.
"""

import hashlib
from collections.abc import Sequence


def hash_order(keys: Sequence[str], *salt: object) -> list[int]:
    """Indices of `keys` in an order drawn by `salt` (a seed and the names of what is ordered)."""
    prefix = hashlib.blake2b(repr(salt).encode(), digest_size=8)

    def digest(index: int) -> bytes:
        drawn = prefix.copy()
        drawn.update(keys[index].encode())
        return drawn.digest()

    return sorted(range(len(keys)), key=digest)
