"""What is said of each document: its label, how probable that is, and the other classes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xlt_flax.data.examples import LabelSet
from xlt_flax.errors import UserError
from xlt_flax.prediction.classify import Classified

ABSTAIN = "abstain"


@dataclass(frozen=True)
class Asked:
    """How much is to be said.

    Attributes:
      top_k: so many of the most probable classes, in place of all; None: all.
      threshold: where no class is as probable, the label is ABSTAIN; None: never.
    """

    top_k: int | None = None
    threshold: float | None = None

    def require_possible(self) -> None:
        """
        Raises:
          UserError: a number cannot be.
        """
        if self.top_k is not None and self.top_k < 1:
            raise UserError(f"--top_k={self.top_k}: give a number of classes, from 1")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise UserError(f"--threshold={self.threshold}: give a probability above 0, up to 1")

    def require_fitting(self, labels: LabelSet) -> None:
        """
        Raises:
          UserError: the model's classes do not go with it.
        """
        if self.top_k is not None and self.top_k > len(labels):
            raise UserError(f"--top_k={self.top_k}: the model has {len(labels)} classes: give less")
        if self.threshold is not None and ABSTAIN in labels.names:
            raise UserError(
                f"--threshold: the model has a class that is called {ABSTAIN!r}, as a document "
                "would be that has none: leave it out"
            )


class Answer(NamedTuple):
    """Of one document.

    Attributes:
      labels: names, one unless the model says several; (): it put out no numbers.
      probability: of the most probable class; None: it put out no numbers.
      classes: (name, probability) of each in the model's order, or of the most probable.
    """

    labels: tuple[str, ...]
    probability: float | None
    classes: tuple[tuple[str, float | None], ...]


def answers(part: Classified, labels: LabelSet, asked: Asked) -> Iterator[Answer]:
    """One for each document, in order."""
    finite, unsure = np.isfinite(part.probabilities).all(-1), abstained(part, asked)
    order = _order(part.probabilities, asked)
    for row, probabilities in enumerate(part.probabilities):
        names = labels.named(order[row].tolist())
        if not finite[row]:
            yield Answer((), None, tuple((name, None) for name in names))
            continue
        said = (ABSTAIN,) if unsure[row] else labels.named(np.flatnonzero(part.said[row]).tolist())
        values = probabilities[order[row]].tolist()
        yield Answer(
            tuple(said), float(probabilities.max()), tuple(zip(names, values, strict=True))
        )


def abstained(part: Classified, asked: Asked) -> np.ndarray:
    """bool[documents]: of which no class is probable enough."""
    if asked.threshold is None:
        return np.zeros(len(part), bool)
    return part.probabilities.max(-1) < asked.threshold  # what is no number is not below


def _order(probabilities: np.ndarray, asked: Asked) -> np.ndarray:
    """int64[documents, classes that are shown]; of equals, the earlier first."""
    if asked.top_k is None:
        return np.broadcast_to(np.arange(probabilities.shape[1]), probabilities.shape)
    return np.argsort(-probabilities, axis=-1, kind="stable")[:, : asked.top_k]
