"""Predicting as a stream: batches in, predictions out, in the documents' order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.layout.slots import Layout
from xlt_flax.training.step import Step

# Documents whose predictions are held at a time. Layouts put documents of like length together;
# of so many, nearly as well as of all.
_WINDOW = 16_384


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
        return self.true.any(-1)

    @property
    def finite(self) -> np.ndarray:
        """bool[documents]: of which there is a prediction."""
        return np.all(np.isfinite(self.probabilities), axis=-1)


def predict(
    eval_step: Step,
    params: dict,
    documents: Documents,
    layout: Layout,
    labels: LabelSet,
    progress: Callable[[int], object] = lambda documents: None,
) -> Iterator[Predictions]:
    """Runs a model over documents, as they are asked for.

    Memory is bounded, however many there are: that of the predictions of one part.

    Args:
      eval_step: from `make_eval_step`.
      params: on the devices.
      documents: each is predicted once, whatever the batch size and the number of devices.
      layout: of batches.
      labels: the model's outputs.
      progress: is told how many documents each batch held, when it is done.

    Yields:
      The predictions, part after part; together, one for each document, in their order.
    """
    for start in range(0, len(documents), _WINDOW):
        part = documents.take(range(start, min(start + _WINDOW, len(documents))))
        logits, losses = _outputs(eval_step, params, part, layout, len(labels), progress)
        yield _predictions(part, logits, losses, labels)


def _outputs(
    eval_step: Step,
    params: dict,
    documents: Documents,
    layout: Layout,
    size: int,
    progress: Callable[[int], object],
) -> tuple[np.ndarray, np.ndarray]:
    """float32[documents, size] logits and float32[documents] losses."""
    logits = np.full((len(documents), size), np.nan, np.float32)
    losses = np.full(len(documents), np.nan, np.float32)
    running = None

    def store(slots: np.ndarray, outputs: tuple[jax.Array, jax.Array]) -> None:
        batch_logits, batch_losses = jax.device_get(outputs)
        held = slots >= 0
        logits[slots[held]] = batch_logits[held]
        losses[slots[held]] = batch_losses[held]
        progress(int(held.sum()))

    for batch in layout.evaluation_batches(documents):
        outputs = eval_step(params, batch)
        if running:  # fetched one batch late: the next is at work meanwhile
            store(*running)
        running = batch["document"], outputs
    if running:
        store(*running)
    return logits, losses


def _predictions(
    documents: Documents, logits: np.ndarray, losses: np.ndarray, labels: LabelSet
) -> Predictions:
    finite = np.isfinite(logits).all(-1, keepdims=True)
    probabilities = _softmax(np.where(finite, logits, np.nan).astype(np.float64))
    numbers = np.arange(len(labels))
    return Predictions(
        ids=documents.ids,
        true=documents.labels[:, None] == numbers,
        said=(probabilities.argmax(-1)[:, None] == numbers) & finite,
        probabilities=probabilities,
        losses=losses,
    )


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)
