"""One label of each document: softmax over all labels."""

import jax
import numpy as np
import optax

SEVERAL = False


def losses(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Cross-entropy."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels)


def correct(logits: jax.Array, labels: jax.Array) -> jax.Array:
    return logits.argmax(-1) == labels


def probabilities(logits: np.ndarray) -> np.ndarray:
    wide = logits.astype(np.float64)
    shifted = np.exp(wide - wide.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def predicted(probabilities: np.ndarray) -> np.ndarray:
    """The most probable; of equals, the first."""
    return probabilities.argmax(-1)
