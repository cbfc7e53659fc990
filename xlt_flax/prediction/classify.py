"""Texts in, probabilities out: a stream of any length, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.errors import UserError
from xlt_flax.evaluation.predictions import Predictions, as_rows
from xlt_flax.training.objectives import find_objective

if TYPE_CHECKING:  # a request is looked at before a model is opened
    from xlt_flax.prediction.trained import Trained

WINDOW = 1024  # texts that are put into batches together, and what a kill costs at most
LONG = ("truncate", "windows")


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

    def judged(self, true: np.ndarray, several: bool) -> Predictions:
        """The same beside what is true, for `scores.Scores`; losses are those of the probabilities.

        Args:
          true: bool[texts, labels]; a row of False: not known.
          several: whether a text may have several labels.
        """
        sure = np.clip(self.probabilities, np.finfo(np.float32).tiny, 1)
        losses = -np.where(true, np.log(sure), 0).sum(-1)
        if several:
            against = np.clip(1 - self.probabilities, np.finfo(np.float32).tiny, 1)
            losses = -np.where(true, np.log(sure), np.log(against)).mean(-1)
        ids = [""] * len(self)
        return Predictions(ids, true, self.said, self.probabilities, losses.astype(np.float32))


def classify(
    model: Trained,
    texts: Iterable[tuple[str, ...]],
    long: str = "truncate",
    progress: Callable[[int], object] = lambda texts: None,
    window: int = WINDOW,
) -> Iterator[Classified]:
    """
    Args:
      model: of `trained`.
      texts: one or two each; read as they are needed.
      long: what becomes of a text that is longer than the model reads: "truncate", its beginning
        counts; "windows", the mean of the probabilities of windows that overlap by a quarter.
      progress: is told how many texts each batch held, when it is done; of windows, each part.
      window: texts of a part; within one, batches go by length.

    Yields:
      Part after part; together a row for each text, in their order, empty ones too.

    Raises:
      UserError: `long` is neither; or windows are asked for of pairs.
    """
    if long not in LONG:
        raise UserError(f"long is {long!r}: give {' or '.join(LONG)}")
    stream, layout = iter(texts), None
    while chunk := list(islice(stream, window)):
        _require_single(chunk, long)
        tokenized = model.tokenize(chunk, windows=long == "windows")
        documents = _documents(tokenized.rows, tokenized.second_starts)
        layout = layout or model.layout(documents.lengths)
        is_one_each = len(documents) == len(chunk)
        parts = model.predict(documents, layout, progress if is_one_each else lambda _: None)
        probabilities = np.concatenate([part.probabilities for part in parts])
        yield _joined(model, probabilities, tokenized.owners, tokenized.is_cut)
        if not is_one_each:
            progress(len(chunk))


def _require_single(chunk: list[tuple[str, ...]], long: str) -> None:
    if long == "windows" and any(len(texts) == 2 for texts in chunk):
        raise UserError("windows are of single texts, and these are pairs: give truncate")


def _documents(rows: list[np.ndarray], second_starts: np.ndarray) -> Documents:
    return Documents.from_arrays(
        ids=[""] * len(rows),
        labels=np.full(len(rows), -1, np.int32),
        digests=np.zeros(len(rows), "S32"),
        tokens=np.concatenate(rows),
        offsets=np.cumsum([0, *map(len, rows)], dtype=np.int64),
        second_starts=second_starts if second_starts.any() else None,
    )


def _joined(
    model: Trained, probabilities: np.ndarray, owners: np.ndarray, is_cut: np.ndarray
) -> Classified:
    """The mean of each text's documents, which follow each other."""
    firsts = np.searchsorted(owners, np.arange(len(is_cut)))
    counts = np.bincount(owners, minlength=len(is_cut))
    means = np.add.reduceat(probabilities, firsts) / counts[:, None]
    objective, finite = find_objective(model.config.train.objective), np.isfinite(means).all(-1)
    said = np.zeros(means.shape, bool)
    said[finite] = as_rows(objective.predicted(means[finite]), means.shape[1])
    return Classified(means, said, is_cut)
