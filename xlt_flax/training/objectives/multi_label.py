"""Any number of labels of each document: a yes or no for each label by itself."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

SEVERAL = True


def losses(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Sigmoid cross-entropy, the mean over labels."""
    return optax.sigmoid_binary_cross_entropy(logits, labels).mean(-1)


def correct(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """The whole set."""
    largest = jax.nn.one_hot(logits.argmax(-1), logits.shape[-1], dtype=bool)
    said = jnp.where((logits >= 0).any(-1, keepdims=True), logits >= 0, largest)
    return (said == (labels > 0)).all(-1)


def probabilities(logits: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64)))  # a sigmoid that overflows nowhere


def predicted(probabilities: np.ndarray) -> np.ndarray:
    """Those of a probability of .5 and more; where none has it, the most probable."""
    said = probabilities >= 0.5
    nothing = ~said.any(-1)
    said[nothing, probabilities[nothing].argmax(-1)] = True
    return said
