"""The classification head: which of a model's weights are not its encoder's, their draw, and the
projection that gives the logits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import getitem

import jax
import jax.numpy as jnp

from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.layers import dense

Drop = Callable[[jax.Array], jax.Array]  # of documents' vectors, at the head's rate

_STREAM = 2  # of random keys; training has 1 for dropout


@dataclass(frozen=True)
class Projection:
    """The last layer of a head, of a document's one vector to its logits.

    Attributes:
      kernel: its path in a model's tree, joined by "/".
      dropout: rate at which units of the vector are dropped.
    """

    kernel: str
    dropout: float

    def __call__(self, params: Params, vectors: jax.Array, drop: Drop) -> jax.Array:
        """float32[documents, labels] of [documents, hidden].

        Args:
          params: a model's tree.
          vectors: of documents.
          drop: what drops units of them.
        """
        weights: Params = reduce(getitem, self.kernel.split("/")[:-1], params)
        return dense(drop(vectors).astype(jnp.float32), weights)


def is_of_head(path: str, encoder_name: str) -> bool:
    """Whether a weight is the head's.

    Args:
      path: in a model's tree, joined by "/".
      encoder_name: under which the tree has the encoder (`base_model_prefix` of the library).
    """
    return not path.startswith(f"{encoder_name}/")


def is_optional(path: str, encoder_name: str) -> bool:
    """Whether published weights may lack a path: the head, and the pooler that serves it alone.

    Args:
      path, encoder_name: as of `is_of_head`.
    """
    return is_of_head(path, encoder_name) or path.startswith(f"{encoder_name}/pooler/")


def draw_kernel(key: jax.Array, shape: tuple[int, ...], sd: float) -> jax.Array:
    """float32[hidden, labels]: the head's kernel, normal with standard deviation `sd`.

    Args:
      key: that the model's weights are drawn from.
    """
    return sd * jax.random.normal(jax.random.fold_in(key, _STREAM), shape)
