"""Predicting as a stream: batches in, predictions out, in the documents' order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # what predictions are is asked for before anything is predicted
    import jax

    from xlt_flax.training.phases import Phase

# Documents that follow each other and are put into batches together: of so many, nearly as well as
# of all; and whoever needs results in the documents' order holds those of so many. (Of long ones,
# windows.)
_WINDOW = 65_536


@dataclass(frozen=True)
class Predictions:
    """What a model says of some documents that follow each other, and what they are.

    Attributes:
      ids: the documents'.
      true: bool[documents, labels], what each is labelled with; a row of False: with nothing.
      none_is_known: whether a row of False says that a document has none of the labels, instead of
        nothing.
      said: bool[documents, labels], what is predicted: nothing where the model put out no numbers.
      probabilities: float64[documents, labels]; not numbers where the model put out none.
      losses: float32[documents]; of no meaning where there is no label.
    """

    ids: Sequence[str]
    true: np.ndarray
    said: np.ndarray
    probabilities: np.ndarray
    losses: np.ndarray
    none_is_known: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def labelled(self) -> np.ndarray:
        """bool[documents]: which can be judged."""
        return np.any(self.true, axis=-1) | self.none_is_known

    @property
    def finite(self) -> np.ndarray:
        """bool[documents]: of which there is a prediction."""
        return np.all(np.isfinite(self.probabilities), axis=-1)


def predict(
    phase: Phase, params: dict, progress: Callable[[int], object] = lambda documents: None
) -> Iterator[Predictions]:
    """Runs a model over documents, as they are asked for; each is predicted once, whatever the
    batch size and the number of devices.

    Memory is bounded, however many documents there are: what is held is the predictions of those
    that are put into batches together.

    Args:
      phase: an evaluation's: documents, the layout of their batches, and the step.
      params: on the devices.
      progress: is told how many documents each batch held, or the beginnings of how many long
        ones, when it is done.

    Yields:
      The predictions, part after part; together, one for each document, in their order.
    """
    begins = phase.documents.windows.begins
    for start, stop in _stretches(begins):
        first = int(begins[start])
        windows = np.arange(first, begins[stop])
        logits = np.full((len(windows), len(phase.labels)), np.nan, np.float32)
        losses = np.full(len(windows), np.nan, np.float32)
        begins_one = np.isin(windows, begins[start:stop], assume_unique=True)
        for numbers, batch_logits, batch_losses in _outputs(phase, params, windows):
            logits[numbers - first], losses[numbers - first] = batch_logits, batch_losses
            progress(int(begins_one[numbers - first].sum()))
        yield _predictions(phase, np.arange(start, stop), logits, losses)


def _stretches(begins: np.ndarray) -> Iterator[tuple[int, int]]:
    """Documents that follow each other, from and up to, of about so many windows together.

    Args:
      begins: int64[documents + 1], the window that each begins with.
    """
    start, total = 0, len(begins) - 1
    while start < total:
        stop = int(np.searchsorted(begins, begins[start] + _WINDOW, side="right")) - 1
        yield start, (stop := max(stop, start + 1))
        start = stop


_Outputs = tuple[np.ndarray, np.ndarray, np.ndarray]


def _outputs(phase: Phase, params: dict, windows: np.ndarray) -> Iterator[_Outputs]:
    """Of each batch: int32[n] which windows it holds; float32[n, labels] logits; float32[n]
    losses. They are fetched one batch late: the next is at work meanwhile."""
    running = None
    for batch in phase.layout.evaluation_batches(phase.documents.windows.documents, windows):
        outputs = phase.step(params, batch)
        if running:
            yield _fetched(*running)
        running = batch["document"], outputs
    if running:
        yield _fetched(*running)


def _fetched(slots: np.ndarray, outputs: tuple[jax.Array, jax.Array]) -> _Outputs:
    import jax

    logits, losses = jax.device_get(outputs)
    held = slots >= 0
    return slots[held], logits[held], losses[held]


def _predictions(
    phase: Phase, which: np.ndarray, logits: np.ndarray, losses: np.ndarray
) -> Predictions:
    """Of documents, int64[documents], and the outputs of their windows, one after the other."""
    documents, count = phase.documents.take(which), len(phase.labels)
    true = documents.label_matrix(np.arange(len(documents)), count) > 0
    probabilities = np.full(logits.shape, np.nan)
    finite = np.isfinite(logits).all(-1)
    probabilities[finite] = phase.objective.probabilities(logits[finite])
    if len(documents) < len(logits):
        counts = documents.window_counts
        probabilities, alone = _means(probabilities, counts), counts == 1
        own = losses_of(probabilities, true, phase.labels.several)
        own[alone] = losses[np.repeat(alone, counts)]
        losses = own
    finite = np.isfinite(probabilities).all(-1)
    said = np.zeros(probabilities.shape, bool)
    said[finite] = as_rows(phase.objective.predicted(probabilities[finite]), count)
    none_is_known = phase.labels.several and bool(phase.documents.label_counts.any())
    return Predictions(documents.ids, true, said, probabilities, losses, none_is_known)


def _means(probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """float64[documents, labels]: the mean of each one's windows, which follow each other; not
    numbers where one of them is none."""
    return np.add.reduceat(probabilities, np.cumsum(counts) - counts) / counts[:, None]


def losses_of(probabilities: np.ndarray, true: np.ndarray, several: bool) -> np.ndarray:
    """float32[documents]: cross-entropy, of several labels the mean over labels, as the objectives
    have it of logits.

    Args:
      probabilities: float64[documents, labels].
      true: bool[documents, labels]; a row of False: not known.
      several: whether a document may have several labels.
    """
    least = np.finfo(np.float32).tiny
    sure = np.log(np.clip(probabilities, least, 1))
    if not several:
        return -np.where(true, sure, 0).sum(-1).astype(np.float32)
    against = np.log(np.clip(1 - probabilities, least, 1))
    return -np.where(true, sure, against).mean(-1).astype(np.float32)


def as_rows(said: np.ndarray, labels: int) -> np.ndarray:
    """bool[documents, labels] of what an objective predicts: that, or the number of one label."""
    return said if said.ndim == 2 else said[:, None] == np.arange(labels)
