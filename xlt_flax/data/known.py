"""Documents that others are compared with: what a run, or the runs before it, have had.

Two documents are the same if they are the same one of one data set, or if their texts are the same
(data/sameness). The same id in another language is another document: it may well be a translation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.sameness import identity


@dataclass(frozen=True, eq=False)
class Known:
    """Documents that others are compared with.

    Attributes:
      identities: S16[…], of documents of any data sets (data/sameness).
      digests: S32[…], of their texts.
    """

    identities: np.ndarray = field(default_factory=lambda: np.zeros(0, "S16"))
    digests: np.ndarray = field(default_factory=lambda: np.zeros(0, "S32"))

    @classmethod
    def of(cls, *parts: Documents) -> "Known":
        """All documents of all parts."""
        return cls.all_of(cls(part.identities, part.digests) for part in parts)

    @classmethod
    def named(
        cls, ids: Iterable[str], dataset: str, language: str, splits: Sequence[str]
    ) -> "Known":
        """Documents of which no more than the id is left, in whichever of the splits they were."""
        found = [identity(dataset, language, split, one) for one in ids for split in splits]
        return cls(identities=np.array(found, "S16"))

    @classmethod
    def all_of(cls, parts: Iterable["Known"]) -> "Known":
        """What any of the parts knows."""
        parts = [cls(), *parts]
        return cls(
            np.concatenate([part.identities for part in parts]),
            np.concatenate([part.digests for part in parts]),
        )

    def marks(self, documents: Documents) -> np.ndarray:
        """bool[documents]: which are the same as one of these."""
        same = np.isin(documents.identities, self.identities)
        return same | np.isin(documents.digests, self.digests)
