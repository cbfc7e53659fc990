"""The layers that encoders are made of, as functions of their weights."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from xlt_flax.modeling.encoders import Params

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_new": partial(jax.nn.gelu, approximate=True),
    "gelu_pytorch_tanh": partial(jax.nn.gelu, approximate=True),
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "swish": jax.nn.silu,
}


@jax.named_scope("dense")
def dense(x: jax.Array, p: Params) -> jax.Array:
    """[..., outputs] of [..., inputs], in the type of `x`."""
    return x @ p["kernel"].astype(x.dtype) + p["bias"].astype(x.dtype)


@jax.named_scope("norm")
def layer_norm(x: jax.Array, p: Params, epsilon: float) -> jax.Array:
    """`x` normalised over its last axis in float32, in the type of `x`."""
    wide = x.astype(jnp.float32)
    centred = wide - jnp.mean(wide, axis=-1, keepdims=True)
    inverse = jax.lax.rsqrt(jnp.mean(jnp.square(centred), axis=-1, keepdims=True) + epsilon)
    return (centred * (inverse * p["scale"]) + p["bias"]).astype(x.dtype)
