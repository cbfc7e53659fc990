"""Documents of given lengths, for all layouts."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def documents_of():
    """documents_of(lengths, labels=0s, second_starts=None): Documents of random tokens above 0."""
    from xlt_flax.data.documents import Documents

    def make(lengths, labels=None, second_starts=None):
        offsets = np.cumsum([0, *lengths], dtype=np.int64)
        tokens = np.random.default_rng(0).integers(1, 1000, offsets[-1], np.int32)
        names = [f"d{i}" for i in range(len(lengths))]
        return Documents.from_arrays(
            ids=names,
            labels=np.zeros(len(lengths), np.int32) if labels is None else labels,
            digests=np.array(names, "S32"),
            tokens=tokens,
            offsets=offsets,
            second_starts=None if second_starts is None else np.array(second_starts, np.int32),
        )

    return make


@pytest.fixture(scope="session")
def music():
    """music(documents): lengths distributed about as the music reviews' are."""

    def make(documents=2000):
        rng = np.random.default_rng(0)
        return np.minimum(np.exp(rng.normal(4.9, 0.75, documents)).astype(int) + 2, 512)

    return make
