"""Invariant 5: padding never changes logits."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from transformers import BertConfig

from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.modeling.encoders import bert
from xlt_flax.modeling.padded import padded_forward

CONFIG = BertConfig(
    vocab_size=130,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
    max_position_embeddings=64,
    num_labels=2,
)
TEXTS = ["fine record", "never again", "a", "the best of them all, buy"]


@pytest.fixture(scope="module")
def params(wide_weights):
    return wide_weights(CONFIG)


@cache
def forward(dtype="float32"):
    return jax.jit(padded_forward(bert, CONFIG, dtype), static_argnums=2)


@pytest.fixture(scope="module")
def documents(make_documents):
    return make_documents(TEXTS)


@pytest.fixture(scope="module")
def unpadded(documents, params):
    """The logits of each document alone, without a padding token."""
    rows = []
    for index in range(len(documents)):
        tokens = documents.document_tokens(index)[None]
        batch = {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
        rows.append(forward()(params, batch, None)[0])
    return np.stack(rows)


@pytest.mark.parametrize("max_length", [25, 32, 64])
@pytest.mark.parametrize("pad_token_id", [0, 99])
def test_padding_never_changes_logits(params, documents, unpadded, max_length, pad_token_id):
    layout = PaddedLayout(max_length, 6, 1, pad_token_id)
    layout.lengths = [max_length]
    for order in ([0, 1, 2, 3], [3, 2, 0]):
        built = layout.collate(documents, order)
        batch = {name: array[0] for name, array in built.items()}
        assert batch["input_ids"].shape == (6, max_length)
        logits = np.asarray(forward()(params, batch, None))
        assert logits.dtype == np.float32
        assert np.isfinite(logits).all()  # also of the rows that hold no document
        np.testing.assert_allclose(logits[: len(order)], unpadded[order], atol=1e-5, rtol=0)
    assert np.ptp(unpadded[:, 0]) > 0.1  # documents differ, so agreement means something


def test_dropout_is_drawn_from_its_key_alone(params, documents):
    batch = {k: v[0] for k, v in PaddedLayout(32, 4, 1, 0).collate(documents, range(4)).items()}
    run = jax.jit(padded_forward(bert, CONFIG, "float32"))
    first, again, other = (run(params, batch, jax.random.key(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_bfloat16_computes_about_the_same_and_returns_float32(params, documents, unpadded):
    batch = {k: v[0] for k, v in PaddedLayout(32, 4, 1, 0).collate(documents, range(4)).items()}
    logits = forward("bfloat16")(params, batch, None)
    assert logits.dtype == jnp.float32
    assert 0 < np.abs(logits - unpadded).max() < 0.2
