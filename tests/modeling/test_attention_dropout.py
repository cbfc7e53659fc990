"""A layer's mask is the same in each of the three forms in which packed.py asks for it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from xlt_flax.modeling.attention_dropout import draw_mask
from xlt_flax.modeling.dropout import Dropout

RATE, HEADS = 0.3, 6
LENGTH, LIMIT = 24, 16
# One row: a document of 9 tokens from token 2, another of 12 from token 12.
STARTS, LENGTHS, DOCUMENTS = (2, 12), (9, 12), (7, 4)


@pytest.fixture(params=["shared", "each"])
def mask(request):
    numbers, positions = np.zeros(LENGTH, np.uint32), np.zeros(LENGTH, np.int32)
    for start, length, document in zip(STARTS, LENGTHS, DOCUMENTS, strict=True):
        positions[start : start + length] = np.arange(length)
        numbers[start : start + length] = document * LIMIT + np.arange(length)
    dropout = Dropout(jax.random.key(3), 0.1)
    drawn = draw_mask(request.param, dropout, jnp.array(numbers), LIMIT, RATE, HEADS)
    return request.param, drawn, jnp.array(positions)


def test_rows_windows_and_first_tokens_have_the_same_mask(mask):
    _, drawn, positions = mask
    of_row, rate = drawn.of_rows(positions[None])
    assert rate == 0.3
    of_row = np.broadcast_to(of_row[0], (6, LENGTH, LENGTH))
    first = np.broadcast_to(drawn.of_first(jnp.array(STARTS), positions)[0], (6, 2, LENGTH))
    for number, (start, length) in enumerate(zip(STARTS, LENGTHS, strict=True)):
        inside = slice(start, start + length)
        np.testing.assert_array_equal(first[:, number, inside], of_row[:, start, inside])
        for before in (0, 3):  # a window may begin ahead of its document
            if before > start or start - before + 14 > LENGTH:
                continue
            window = drawn.of_window(jnp.array(start - before), jnp.array(before), 14)[0]
            window = np.broadcast_to(window, (6, 14, 14))
            held = slice(before, min(before + length, 14))
            count = held.stop - held.start
            wanted = of_row[:, start : start + count, start : start + count]
            np.testing.assert_array_equal(window[:, held, held], wanted)


def test_heads_and_documents_share_it_or_do_not(mask):
    kind, drawn, positions = mask
    kept = np.broadcast_to(drawn.of_rows(positions[None])[0][0], (6, LENGTH, LENGTH))
    one, other = (kept[:, start : start + 9, start : start + 9] for start in STARTS)
    shared = kind == "shared"
    assert np.array_equal(one, other) == shared
    for head in range(1, 6):
        assert np.array_equal(one[head], one[0]) == shared


@pytest.mark.parametrize("kind", ["shared", "each"])
@pytest.mark.parametrize(("key", "rate"), [(None, 0.3), (jax.random.key(0), 0.0)])
def test_no_mask_without_key_or_rate(kind, key, rate):
    assert draw_mask(kind, Dropout(key, 0.1), None, LIMIT, rate, HEADS) is None
