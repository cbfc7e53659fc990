"""The texts of a data set's documents, for reports: runs themselves keep none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from ml_collections import ConfigDict

from xlt_flax.analysis.results import Run
from xlt_flax.config import base
from xlt_flax.data.corpus import Corpus
from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import Example
from xlt_flax.data.sameness import text_digest
from xlt_flax.data.selection import Selection, select
from xlt_flax.data.sources import Source
from xlt_flax.data.token_store import TokenStore


def data_of(runs: Sequence[Run]) -> ConfigDict:
    """The `data` of a config that is not missing; that of `base` where all are."""
    config = base()
    known = next((run.record.config for run in runs if run.record.config), {})
    of_data = {name: value for name, value in known.items() if name.startswith("data.")}
    config.update_from_flattened_dict(of_data)
    return config.data


@dataclass
class TextCorpus:
    """A data set with its texts in memory, and no tokens: the same documents in the same order as
    `data.corpus.Corpus` has, so the same draws.

    Attributes:
      source: the data set.
    """

    source: Source
    _stores: dict[tuple[str, str], TokenStore] = field(default_factory=dict)
    _texts: dict[int, list[str]] = field(default_factory=dict)  # by the id of a store in `_stores`

    def store(self, language: str, split: str) -> TokenStore:
        """The documents of a split, each of no tokens.

        Raises:
          UserError: the data is not there, or not as it should be.
        """
        if (language, split) not in self._stores:
            examples = list(self.source.examples(language, split))
            (store,) = _without_tokens(examples, self.source.name, language, split).stores
            self._stores[language, split] = store
            self._texts[id(store)] = [" ".join(example.texts) for example in examples]
        return self._stores[language, split]

    def select(self, mixture: str, data: ConfigDict) -> Selection:
        """What a run on the mixture trains and validates on; arguments and errors of
        `data.selection.select`."""
        return select(cast(Corpus, self), mixture, data)

    def texts(self, documents: Documents) -> list[str]:
        """The text of each document, two texts of one joined by a space."""
        of_store = [self._texts[id(store)] for store in documents.stores]
        places = zip(documents.which.tolist(), documents.rows.tolist(), strict=True)
        return [of_store[which][row] for which, row in places]

    def test_documents(self, language: str) -> Documents:
        """The test set of a language, whole and in the file's order."""
        return Documents.of(self.store(language, "test"))

    def by_id(self, documents: Documents) -> dict[str, str]:
        """{id: text} of documents of one split."""
        return dict(zip(documents.ids, self.texts(documents), strict=True))


def _without_tokens(examples: list[Example], dataset: str, language: str, split: str) -> Documents:
    return Documents.from_arrays(
        ids=[example.id for example in examples],
        labels=[example.labels for example in examples],
        digests=np.array([text_digest(*example.texts) for example in examples], "S32"),
        tokens=np.zeros(0, np.int32),
        offsets=np.zeros(len(examples) + 1, np.int64),
        language=language,
        dataset=dataset,
        split=split,
    )
