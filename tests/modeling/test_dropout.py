"""Dropout drops its share, and by number, whatever else is dropped beside it."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from xlt_flax.modeling.dropout import Dropout, keep_pairs

KEY = jax.random.key(0)


def kept(numbers, units, key=KEY, rate=0.1):
    return Dropout(key, rate).keep(jnp.array(numbers), units, rate)[0]


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_the_configured_share_is_dropped_and_the_mean_kept(rate):
    x = Dropout(KEY, rate)(jnp.ones((1001, 999)), jnp.arange(1001))
    assert float((x == 0).mean()) == pytest.approx(rate, abs=2e-3)
    assert float(x.mean()) == pytest.approx(1.0, abs=4e-3)
    # Neither a token nor a unit is dropped more often than the others.
    for axis in (0, 1):
        assert float((x == 0).mean(axis=axis).std()) == pytest.approx(
            np.sqrt(rate * (1 - rate) / 1000), rel=0.15
        )


def test_what_is_dropped_depends_on_number_and_unit_alone():
    wanted = kept(range(50), 64)
    numbers = np.array([7, 3, 49, 3])
    np.testing.assert_array_equal(kept(numbers, 64), wanted[numbers])
    np.testing.assert_array_equal(kept(numbers, 13), wanted[numbers, :13])


def test_calls_and_keys_draw_apart():
    dropout = Dropout(KEY, 0.5)
    first, second = (dropout.keep(jnp.arange(100), 100, 0.5)[0] for _ in range(2))
    other = kept(range(100), 100, jax.random.key(1), 0.5)
    for mask in (second, other):
        assert float((first == mask).mean()) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("key", "rate"), [(None, 0.5), (KEY, 0.0)])
def test_nothing_is_dropped_without_key_or_rate(key, rate):
    x = jnp.ones((2, 3))
    assert Dropout(key, rate)(x, jnp.arange(2)) is x


def pairs(queries, keys, heads=5, rate=0.25):
    key = Dropout(KEY, rate).next_key(rate)
    return keep_pairs(key, jnp.array(queries)[:, None], jnp.array(keys)[None], heads, rate)


def test_pairs_are_kept_by_their_numbers_and_their_head_alone():
    wanted = pairs(range(40), range(60))
    assert wanted.shape == (5, 40, 60)
    queries, keys = np.array([7, 3, 39, 3]), np.array([59, 0, 12])
    np.testing.assert_array_equal(pairs(queries, keys), wanted[:, queries][:, :, keys])


def test_the_share_of_pairs_and_no_two_heads_or_queries_alike():
    kept = np.asarray(pairs(range(200), range(200)))
    assert kept.mean() == pytest.approx(0.75, abs=5e-3)
    same = 0.75**2 + 0.25**2  # of two masks that have nothing to do with each other
    for axis in (0, 1, 2):
        flat = np.moveaxis(kept, axis, 0).reshape(kept.shape[axis], -1)
        for first, second in pairwise(flat):
            assert (first == second).mean() == pytest.approx(same, abs=0.08)
        assert not (flat[0] == flat[1]).all()
