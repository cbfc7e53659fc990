"""What a model is trained for: each module of this folder is one, of the name that
`config.train.objective` gives. A new objective is a new file here."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol

from xlt_flax.errors import UserError

if TYPE_CHECKING:  # names that are read where nothing is trained
    import jax
    import numpy as np


class Objective(Protocol):
    """A module with these names. One that knows class weights and label smoothing also has
    `weighted_losses`, a `WeightedLosses`.

    Attributes:
      SEVERAL: whether a document may have any number of labels, so that a batch's `labels` are
        float32[documents, labels], 1 where it has one; else they are int32[documents].
    """

    SEVERAL: bool

    def __hash__(self) -> int:
        """Of the module itself: programs are looked up by it."""

    def losses(self, logits: "jax.Array", labels: "jax.Array") -> "jax.Array":
        """float32[documents], of logits float32[documents, labels]; their mean is trained on."""

    def correct(self, logits: "jax.Array", labels: "jax.Array") -> "jax.Array":
        """bool[documents]: whether all that is said of a document is true."""

    def probabilities(self, logits: "np.ndarray") -> "np.ndarray":
        """float64[documents, labels]; not numbers where the logits are not."""

    def predicted(self, probabilities: "np.ndarray") -> "np.ndarray":
        """What is said of documents, whose probabilities are numbers: int64[documents], or with
        several labels bool[documents, labels]."""


class WeightedLosses(Protocol):
    """What an objective trains on where classes have weights, or labels are smoothed."""

    def __call__(
        self,
        logits: "jax.Array",
        labels: "jax.Array",
        class_weights: "jax.Array",
        smoothing: "jax.Array",
    ) -> "tuple[jax.Array, jax.Array]":
        """Of logits float32[documents, labels], float32[labels] and float32[]: the losses and the
        weights of documents, float32[documents] both. The sum of the losses, divided by that of
        the weights, is trained on."""


def weighted_losses_of(objective: Objective) -> WeightedLosses | None:
    """None where the objective knows neither class weights nor smoothing."""
    return getattr(objective, "weighted_losses", None)


def find_objective(name: str) -> Objective:
    """The objective of that name.

    Raises:
      UserError: there is none.
    """
    require_objective(name)
    return importlib.import_module(f"{__name__}.{name}")


def require_objective(name: str) -> None:
    """Imports nothing.

    Raises:
      UserError: there is no objective of that name.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    if name not in names:
        raise UserError(f"config.train.objective is {name!r}: give one of {', '.join(names)}")
