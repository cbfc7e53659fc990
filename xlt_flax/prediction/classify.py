"""Texts in, probabilities out: a stream of any length, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.long_documents import LONG, WINDOWS
from xlt_flax.data.tokenization import Tokenized, spread
from xlt_flax.errors import UserError
from xlt_flax.evaluation.predictions import Predictions, losses_of

if TYPE_CHECKING:  # a request is looked at before a model is opened
    from xlt_flax.prediction.trained import Trained

WINDOW = 1024  # texts that are put into batches together, and what a kill costs at most


@dataclass(frozen=True)
class Classified:
    """What a model says of some texts that follow each other.

    Attributes:
      probabilities: float64[texts, labels]; not numbers where the model put out none.
      said: bool[texts, labels], what is predicted: nothing where the model put out no numbers.
      is_cut: bool[texts], which have more tokens than the model reads at once.
    """

    probabilities: np.ndarray
    said: np.ndarray
    is_cut: np.ndarray

    def __len__(self) -> int:
        return len(self.is_cut)

    def judged(self, true: np.ndarray, several: bool, none_is_known: bool = False) -> Predictions:
        """The same beside what is true, for `scores.Scores`; losses are those of the probabilities.

        Args:
          true: bool[texts, labels]; a row of False: not known, or none where `none_is_known`.
          several: whether a text may have several labels.
          none_is_known: as of `Predictions`.
        """
        ids, losses = [""] * len(self), losses_of(self.probabilities, true, several)
        return Predictions(ids, true, self.said, self.probabilities, losses, none_is_known)


def classify(
    model: Trained,
    texts: Iterable[tuple[str, ...]],
    long: str | None = None,
    progress: Callable[[int], object] = lambda texts: None,
    window: int = WINDOW,
) -> Iterator[Classified]:
    """
    Args:
      model: of `trained`.
      texts: one or two each; read as they are needed.
      long: what becomes of a text that is longer than the model reads: "truncate", its beginning
        counts; "windows", the mean of the probabilities of windows that overlap by a quarter; None:
        as the model was trained.
      progress: is told how many texts each batch held, when it is done; of windows, how many
        texts' first ones.
      window: texts of a part; within one, batches go by length.

    Yields:
      Part after part; together a row for each text, in their order, empty ones too.

    Raises:
      UserError: `long` is neither; or windows are asked for of pairs.
    """
    long = long or model.long
    if long not in LONG:
        raise UserError(f"long is {long!r}: give {' or '.join(LONG)}")
    stream, layout = iter(texts), None
    with spread(model.tokenizer):
        while chunk := list(islice(stream, window)):
            _require_single(chunk, long)
            tokenized = model.tokenize(chunk, windows=long == WINDOWS)
            documents = _documents(tokenized)
            layout = layout or model.layout(documents.windows.documents.lengths)
            parts = model.predict(documents, layout, progress)
            probabilities = np.concatenate([part.probabilities for part in parts])
            said = np.concatenate([part.said for part in parts])
            yield Classified(probabilities, said, tokenized.is_cut)


def _require_single(chunk: list[tuple[str, ...]], long: str) -> None:
    if long == WINDOWS and any(len(texts) == 2 for texts in chunk):
        raise UserError("windows are of single texts, and these are pairs: give truncate")


def _documents(tokenized: Tokenized) -> Documents:
    rows, texts = tokenized.rows, len(tokenized.is_cut)
    begins = np.searchsorted(tokenized.owners, np.arange(texts + 1))
    second_starts = tokenized.second_starts[begins[:-1]]
    return Documents.from_arrays(
        ids=[""] * texts,
        labels=np.full(texts, -1, np.int32),
        digests=np.zeros(texts, "S32"),
        tokens=np.concatenate(rows),
        offsets=np.cumsum([0, *map(len, rows)], dtype=np.int64),
        second_starts=second_starts if second_starts.any() else None,
        window_offsets=begins,
    )
