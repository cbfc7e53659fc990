"""Judges a model on documents, each counted exactly once."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.layout import Layout
from xlt_flax.training.step import Step


@dataclass(frozen=True)
class Predictions:
    """What a model says of documents, in the documents' order.

    Attributes:
      logits: float32[documents, labels].
      losses: float32[documents], cross-entropy.
      labels: int32[documents], the true ones.
    """

    logits: np.ndarray
    losses: np.ndarray
    labels: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """int64[documents]."""
        return self.logits.argmax(-1)

    @property
    def probabilities(self) -> np.ndarray:
        """float64[documents, labels]."""
        shifted = np.exp(self.logits.astype(np.float64) - self.logits.max(-1, keepdims=True))
        return shifted / shifted.sum(-1, keepdims=True)

    @property
    def confusion(self) -> np.ndarray:
        """int64[labels, labels]: rows are true labels, columns predicted ones."""
        size = self.logits.shape[-1]
        pairs = self.labels * size + self.predicted
        return np.bincount(pairs, minlength=size * size).reshape(size, size)

    def scores(self) -> dict:
        """`accuracy`, `loss` (mean cross-entropy) and `macro_f1` of all documents together.

        `macro_f1` is the plain mean of the labels' F1, 0 for a label with neither truth nor guess.
        """
        confusion = self.confusion
        right = confusion.diagonal()
        f1 = 2 * right / np.maximum(confusion.sum(0) + confusion.sum(1), 1)
        return {
            "accuracy": float(right.sum() / confusion.sum()),
            "loss": float(self.losses.astype(np.float64).mean()),
            "macro_f1": float(f1.mean()),
        }


def predict(
    eval_step: Step,
    params: dict,
    documents: Documents,
    layout: Layout,
    progress: Callable[[int], None] = lambda documents: None,
) -> Predictions:
    """Runs a model over documents.

    Args:
      eval_step: from `make_eval_step`.
      params: on the devices.
      documents: each is judged once, whatever the batch size and the number of devices.
      layout: of batches.
      progress: is told how many documents each batch held, when it is done.
    """
    logits = np.full((len(documents), 2), np.nan, np.float32)
    losses = np.full(len(documents), np.nan, np.float32)
    running = None

    def store(slots, outputs):
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
    return Predictions(logits, losses, documents.labels)
