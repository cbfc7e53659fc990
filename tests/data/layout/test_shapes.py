"""Every batch that can come fits one of a few shapes, which compute little padding."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from xlt_flax.data.layout.packed import lay_out
from xlt_flax.data.layout.placing import spread
from xlt_flax.data.layout.shapes import choose_shapes, evaluation_shape


@settings(deadline=None, max_examples=10)
@given(
    lengths=st.lists(st.integers(2, 512), min_size=4, max_size=200),
    batch_size=st.integers(1, 16),
    devices=st.sampled_from([1, 2, 4]),
    row_lengths=st.sampled_from([None, (512,), (128, 256, 512)]),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_batch_fits_some_shape(lengths, batch_size, devices, row_lengths, seed):
    plan = choose_shapes(lengths, batch_size, devices=devices, row_lengths=row_lengths)
    assert len(plan.shapes) <= 6
    assert 0 <= plan.padding_fraction < 1
    rng = np.random.default_rng(seed)
    largest = [max(lengths)] * batch_size
    last = rng.choice(lengths, max(1, batch_size // 2)).tolist()
    for batch in [largest, last, *(rng.choice(lengths, (20, batch_size)).tolist())]:
        shares = [[batch[i] for i in part] for part in spread(batch, devices)]
        shape = plan.shape_for(shares)
        for share in shares:
            lay_out([np.zeros(n) for n in share], shape)


def test_chosen_shapes_compute_little_padding(music):
    lengths = music()
    one_row = choose_shapes(lengths, 8)
    assert one_row.padding_fraction < 0.12
    assert all(shape.rows == 1 for shape in one_row.shapes)
    rows = choose_shapes(lengths, 8, row_lengths=(128, 256, 512), row_cost=3e-4)
    assert rows.padding_fraction < 0.2
    assert choose_shapes(lengths, 8, limit=1).padding_fraction > 0.5
    assert one_row == choose_shapes(lengths, 8)
    # A short run does not pay for many compilations.
    short = choose_shapes(lengths, 8, steps=10)
    assert len(short.shapes) < len(one_row.shapes)


@given(
    lengths=st.lists(st.integers(1, 512), min_size=1, max_size=60),
    tokens=st.integers(1, 5000),
    row_length=st.sampled_from([None, 64, 512]),
)
def test_an_evaluation_shape_has_room_for_every_document_and_few_slots(lengths, tokens, row_length):
    shape = evaluation_shape(lengths, tokens, row_length)
    assert shape.row_length >= max(lengths)
    assert shape.tokens <= max(tokens, row_length or 0, max(lengths)) * 1.5 + 32
    assert shape.rows <= shape.documents <= 2 * shape.tokens
