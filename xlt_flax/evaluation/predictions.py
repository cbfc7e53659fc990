"""Predicting as a stream: batches in, predictions out, in the documents' order."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import numpy as np

from xlt_flax.data.layout.slots import windows
from xlt_flax.training.phases import Phase


@dataclass(frozen=True)
class Predictions:
    """What a model says of some documents that follow each other, and what they are.

    Attributes:
      ids: the documents'.
      true: bool[documents, labels], what each is labelled with; a row of False: with nothing.
      said: bool[documents, labels], what is predicted: nothing where the model put out no numbers.
      probabilities: float64[documents, labels]; not numbers where the model put out none.
      losses: float32[documents]; of no meaning where there is no label.
    """

    ids: Sequence[str]
    true: np.ndarray
    said: np.ndarray
    probabilities: np.ndarray
    losses: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def labelled(self) -> np.ndarray:
        """bool[documents]: which can be judged."""
        return np.any(self.true, axis=-1)

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
    that their layout puts into another order, a window of them.

    Args:
      phase: an evaluation's: documents, the layout of their batches, and the step.
      params: on the devices.
      progress: is told how many documents each batch held, when it is done.

    Yields:
      The predictions, part after part; together, one for each document, in their order.
    """
    to_come = (_Part(window, len(phase.labels)) for window in windows(len(phase.documents)))
    begun: deque[_Part] = deque()
    for numbers, logits, losses in _outputs(phase, params):
        while not begun or begun[-1].stop <= numbers.max():
            begun.append(next(to_come))
        for part in begun:
            part.take(numbers, logits, losses)
        progress(len(numbers))
        while begun and not begun[0].missing:
            yield _predictions(phase, begun.popleft())


class _Part:
    """A window's outputs, as far as they have come."""

    def __init__(self, window: np.ndarray, labels: int):
        self.window = window
        self.start, self.stop = int(window[0]), int(window[-1]) + 1
        self.logits = np.zeros((len(window), labels), np.float32)
        self.losses = np.zeros(len(window), np.float32)
        self.missing = len(window)

    def take(self, numbers: np.ndarray, logits: np.ndarray, losses: np.ndarray) -> None:
        """Keeps those of a batch's outputs that are of this window."""
        own = (numbers >= self.start) & (numbers < self.stop)
        self.logits[numbers[own] - self.start] = logits[own]
        self.losses[numbers[own] - self.start] = losses[own]
        self.missing -= int(own.sum())


_Outputs = tuple[np.ndarray, np.ndarray, np.ndarray]


def _outputs(phase: Phase, params: dict) -> Iterator[_Outputs]:
    """Of each batch: int32[n] which documents it holds; float32[n, labels] logits; float32[n]
    losses. They are fetched one batch late: the next is at work meanwhile."""
    running = None
    for batch in phase.layout.evaluation_batches(phase.documents):
        outputs = phase.step(params, batch)
        if running:
            yield _fetched(*running)
        running = batch["document"], outputs
    if running:
        yield _fetched(*running)


def _fetched(slots: np.ndarray, outputs: tuple[jax.Array, jax.Array]) -> _Outputs:
    logits, losses = jax.device_get(outputs)
    held = slots >= 0
    return slots[held], logits[held], losses[held]


def _predictions(phase: Phase, part: _Part) -> Predictions:
    documents, count = phase.documents.take(part.window), len(phase.labels)
    finite = np.isfinite(part.logits).all(-1)
    probabilities = np.full(part.logits.shape, np.nan)
    probabilities[finite] = phase.objective.probabilities(part.logits[finite])
    said = np.zeros(part.logits.shape, bool)
    said[finite] = _as_rows(phase.objective.predicted(probabilities[finite]), count)
    return Predictions(
        ids=documents.ids,
        true=documents.label_matrix(np.arange(len(documents)), count) > 0,
        said=said,
        probabilities=probabilities,
        losses=part.losses,
    )


def _as_rows(said: np.ndarray, labels: int) -> np.ndarray:
    """bool[documents, labels] of what an objective predicts: that, or the number of one label."""
    return said if said.ndim == 2 else said[:, None] == np.arange(labels)
