"""One label of each document: softmax over all labels."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

SEVERAL = False


def losses(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Cross-entropy."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels)


def weighted_losses(
    logits: jax.Array, labels: jax.Array, class_weights: jax.Array, smoothing: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """As torch.nn.CrossEntropyLoss(weight=class_weights, label_smoothing=smoothing) has them: a
    class's term of a document's loss is times the class's weight, and (Szegedy et al. 2016,
    Rethinking the inception architecture) all classes share `smoothing` of the document evenly."""
    terms = -jax.nn.log_softmax(logits) * class_weights
    own = jnp.take_along_axis(terms, labels[:, None], -1)[:, 0]
    return (1 - smoothing) * own + smoothing * terms.mean(-1), class_weights[labels]


def correct(logits: jax.Array, labels: jax.Array) -> jax.Array:
    return logits.argmax(-1) == labels


def probabilities(logits: np.ndarray) -> np.ndarray:
    wide = logits.astype(np.float64)
    shifted = np.exp(wide - wide.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def predicted(probabilities: np.ndarray) -> np.ndarray:
    """The most probable; of equals, the first."""
    return probabilities.argmax(-1)
