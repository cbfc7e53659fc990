"""The classification head: which of a model's weights are not its encoder's, and their draw."""

import jax

_STREAM = 2  # of random keys; training has 1 for dropout


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
