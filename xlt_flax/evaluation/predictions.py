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
# of all; and whoever needs results in the documents' order holds those of so many.
_WINDOW = 65_536


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
    that are put into batches together.

    Args:
      phase: an evaluation's: documents, the layout of their batches, and the step.
      params: on the devices.
      progress: is told how many documents each batch held, when it is done.

    Yields:
      The predictions, part after part; together, one for each document, in their order.
    """
    total = len(phase.documents)
    for start in range(0, total, _WINDOW):
        window = np.arange(start, min(start + _WINDOW, total))
        logits = np.full((len(window), len(phase.labels)), np.nan, np.float32)
        losses = np.full(len(window), np.nan, np.float32)
        for numbers, batch_logits, batch_losses in _outputs(phase, params, window):
            logits[numbers - start], losses[numbers - start] = batch_logits, batch_losses
            progress(len(numbers))
        yield _predictions(phase, window, logits, losses)


_Outputs = tuple[np.ndarray, np.ndarray, np.ndarray]


def _outputs(phase: Phase, params: dict, window: np.ndarray) -> Iterator[_Outputs]:
    """Of each batch: int32[n] which documents it holds; float32[n, labels] logits; float32[n]
    losses. They are fetched one batch late: the next is at work meanwhile."""
    running = None
    for batch in phase.layout.evaluation_batches(phase.documents, window):
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
    phase: Phase, window: np.ndarray, logits: np.ndarray, losses: np.ndarray
) -> Predictions:
    documents, count = phase.documents.take(window), len(phase.labels)
    finite = np.isfinite(logits).all(-1)
    probabilities = np.full(logits.shape, np.nan)
    probabilities[finite] = phase.objective.probabilities(logits[finite])
    said = np.zeros(logits.shape, bool)
    said[finite] = as_rows(phase.objective.predicted(probabilities[finite]), count)
    return Predictions(
        ids=documents.ids,
        true=documents.label_matrix(np.arange(len(documents)), count) > 0,
        said=said,
        probabilities=probabilities,
        losses=losses,
    )


def as_rows(said: np.ndarray, labels: int) -> np.ndarray:
    """bool[documents, labels] of what an objective predicts: that, or the number of one label."""
    return said if said.ndim == 2 else said[:, None] == np.arange(labels)
