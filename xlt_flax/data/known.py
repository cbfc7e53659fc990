"""Documents that others are compared with: what a run, or the runs before it, have had.

Two documents are the same if they are of one data set and have one id (ids are unique in a data set:
those of Webis-CLS-10 hold language, domain and split), or if their texts are (data/sameness). The
same number in another language is another id, so a translation is not a repeat.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from xlt_flax.data.documents import Documents


@dataclass(frozen=True)
class Known:
    """Documents that those of one data set are compared with.

    Attributes:
      ids: of those that are of that data set.
      digests: S32[…], of the texts of all, whatever data set they are of.
    """

    ids: frozenset[str] = frozenset()
    digests: np.ndarray = field(default_factory=lambda: np.zeros(0, "S32"))

    @classmethod
    def of(cls, *parts: Documents, same_dataset: bool = True) -> "Known":
        """All documents of all parts; of another data set than is asked about, their texts alone."""
        return cls(
            frozenset(name for part in parts for name in part.ids) if same_dataset else frozenset(),
            np.concatenate([np.zeros(0, "S32"), *(part.digests for part in parts)]),
        )

    @classmethod
    def all_of(cls, parts: Iterable["Known"]) -> "Known":
        """What any of the parts knows."""
        parts = list(parts)
        return cls(
            frozenset().union(*(part.ids for part in parts)),
            np.concatenate([np.zeros(0, "S32"), *(part.digests for part in parts)]),
        )

    def marks(self, documents: Documents) -> np.ndarray:
        """bool[documents]: which are the same as one of these."""
        by_id = np.fromiter((name in self.ids for name in documents.ids), bool, len(documents))
        return by_id | np.isin(documents.digests, self.digests)
