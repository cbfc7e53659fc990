"""Judges a model on documents, each counted exactly once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.slots import Layout
from xlt_flax.data.sources.webis_cls10.languages import LABELS
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

    @cached_property
    def finite(self) -> np.ndarray:
        """bool[documents]: whose logits are numbers. The model says nothing of the others."""
        return np.isfinite(self.logits).all(-1)

    @property
    def predicted(self) -> np.ndarray:
        """int64[documents]; -1, which is no label, where the logits are not numbers."""
        return np.where(self.finite, self.logits.argmax(-1), -1)

    @property
    def right(self) -> np.ndarray:
        """bool[documents]; what has no prediction is wrong."""
        return self.predicted == self.labels

    @property
    def probabilities(self) -> np.ndarray:
        """float64[documents, labels]; not numbers where the logits are not."""
        logits = np.where(self.finite[:, None], self.logits, np.nan).astype(np.float64)
        shifted = np.exp(logits - logits.max(-1, keepdims=True))
        return shifted / shifted.sum(-1, keepdims=True)

    @property
    def confusion(self) -> np.ndarray:
        """int64[labels, labels]: rows are true labels, columns predicted ones. Documents without a
        prediction are in no column, so that a row may hold fewer than there are of its label."""
        size = self.logits.shape[-1]
        pairs = (self.labels * size + self.predicted)[self.finite]
        return np.bincount(pairs, minlength=size * size).reshape(size, size)

    @property
    def majority(self) -> float:
        """The share of the most frequent true label: what a model that says no other gets right."""
        return float(np.bincount(self.labels).max() / len(self.labels))

    def scores(self) -> dict:
        """`accuracy`, `loss` (mean cross-entropy) and `macro_f1` of all documents together.

        `macro_f1` is the plain mean of the labels' F1, 0 for a label with neither truth nor guess.
        A document without a prediction is one that every label missed. `loss` is not a number if
        that of one document is none.
        """
        confusion = self.confusion
        true = np.bincount(self.labels, minlength=len(confusion))
        f1 = 2 * confusion.diagonal() / np.maximum(true + confusion.sum(0), 1)
        return {
            "accuracy": float(self.right.mean()),
            "loss": float(self.losses.astype(np.float64).mean()),
            "macro_f1": float(f1.mean()),
        }

    def problems(self) -> list[str]:
        """What makes the scores no measure of a model, a plain sentence each; empty if nothing."""
        found, documents = [], f"{len(self.labels):,} documents"
        said = self.predicted[self.finite]
        if len(said) < len(self.labels):
            found.append(
                f"the model's output is not a number for {len(self.labels) - len(said):,} of "
                f"{documents}, which count as wrong"
            )
            documents = f"other {len(said):,} documents"
        if len(said) > 1 and len(np.unique(said)) == 1 and len(np.unique(self.labels)) > 1:
            found.append(f"all {documents} were given one class, {LABELS[said[0]]}")
        return found


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
