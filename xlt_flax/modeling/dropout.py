"""Dropout that depends on what is dropped, and not on where it lies.

jax.random and flax.linen.Dropout draw one mask for an array, so the same document has another mask
in another row, batch shape or number of devices. Here every draw is a hash of (key, call, number of
what is dropped, unit): training is the same function of (config, step) in any packing, on any
number of devices, but for rounding. Threefry (Salmon et al. 2011, "Parallel random numbers: as easy
as 1, 2, 3") is made for being used so: its counter is the two numbers.
"""

import jax
import jax.numpy as jnp
from jax.extend.random import threefry_2x32

Keep = tuple[jax.Array, float]  # bool mask of what is kept, and the rate


class Dropout:
    """Drops by numbers; every call draws from a stream of its own. Without a key, drops nothing.

    Args:
      key: of this step.
      rate: where a call's own is None.
    """

    def __init__(self, key: jax.Array | None, rate: float):
        self._key, self._rate, self._calls = key, rate, 0

    def __call__(
        self, x: jax.Array, numbers: jax.Array | None, rate: float | None = None
    ) -> jax.Array:
        """`x`, [n, units], with units of what has these numbers, int[n], dropped; None: of none."""
        return drop(x, self.keep(numbers, x.shape[1], self._rate if rate is None else rate))

    @jax.named_scope("dropout")
    def keep(self, numbers: jax.Array | None, units: int, rate: float) -> Keep | None:
        """(bool[n, units], rate); None where nothing is dropped.

        Whether a unit is kept depends on its own number alone, and not on how many there are.
        """
        key = self.next_key(rate)
        if key is None or numbers is None:
            return None
        draws = _draws(key, jnp.arange(-(-units // 4)), numbers[:, None]).reshape(len(numbers), -1)
        return _is_kept(draws[:, :units], rate), rate

    def next_key(self, rate: float) -> jax.Array | None:
        """uint32[2] for the masks of one call, drawn where they are used; None where nothing is
        dropped."""
        if self._key is None or rate == 0.0:
            return None
        self._calls += 1
        return jax.random.key_data(jax.random.fold_in(self._key, self._calls))


@jax.named_scope("dropout")
def keep_pairs(
    key: jax.Array, queries: jax.Array, keys: jax.Array, heads: int, rate: float
) -> jax.Array:
    """bool[heads, ...]: which weights of attention are kept.

    Whether one is depends on the numbers of its query and key and on its head alone.

    Args:
      key: from `Dropout.next_key`.
      queries, keys: whole numbers, of shapes that broadcast to [...], such as [queries, 1] and
        [1, keys].
      heads: of attention; their count is part of the numbering.
    """
    hashes = -(-heads // 4)  # of a pair
    blocks = jnp.expand_dims(jnp.arange(hashes), range(1, 1 + max(queries.ndim, keys.ndim)))
    draws = _draws(key, keys[None] * hashes + blocks, queries[None])
    draws = jnp.moveaxis(draws, -1, 1)
    return _is_kept(draws.reshape(-1, *draws.shape[2:])[:heads], rate)


def _draws(key: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
    """uint16[..., 4]: four draws for each pair of counters, [...] by broadcasting.

    A hash is two words of 32 bits: 1/65536 is fine enough for a rate.
    """
    counters = jnp.broadcast_arrays(low.astype(jnp.uint32), high.astype(jnp.uint32))
    words = jnp.stack(list(threefry_2x32((key[0], key[1]), jnp.stack(counters))), axis=-1)
    draws = jax.lax.bitcast_convert_type(words, jnp.uint16)  # [..., 2 words, 2 halves]
    return draws.reshape(*draws.shape[:-2], 4)


def _is_kept(draws: jax.Array, rate: float) -> jax.Array:
    return draws >= round(rate * 65536)


def drop(x: jax.Array, keep: Keep | None) -> jax.Array:
    """`x` with what is not kept 0, and the rest scaled up for it."""
    if keep is None:
        return x
    mask, rate = keep
    return jnp.where(mask, x / (1.0 - rate), 0).astype(x.dtype)
