"""Pairs of texts: packed, padded and the library's own logits are the same."""

from functools import partial

import jax
import numpy as np
import pytest
from transformers import BertConfig, FlaxBertForSequenceClassification

from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.placing import Shape
from xlt_flax.data.layout.shapes import PackingPlan
from xlt_flax.modeling.encoders import bert
from xlt_flax.modeling.packed_encoder import packed_logits
from xlt_flax.modeling.padded import padded_forward

FIELDS = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "num_labels": 3,
}
CONFIG = BertConfig(**FIELDS)
LENGTHS, SECONDS = (30, 64, 9, 20), (12, 40, 0, 19)  # 0: one text


@pytest.fixture(scope="module")
def documents():
    rng = np.random.default_rng(0)
    return Documents.from_arrays(
        ids=list("abcd"),
        labels=np.zeros(4, np.int32),
        digests=np.array([b"a", b"b", b"c", b"d"], "S32"),
        tokens=rng.integers(0, 40, sum(LENGTHS)).astype(np.int32),
        offsets=np.cumsum([0, *LENGTHS]),
        second_starts=np.array(SECONDS, np.int32),
    )


@pytest.fixture(scope="module")
def padded(documents):
    return device_0(PaddedLayout(64, 4, 1, 0).collate(documents, range(4)))


@pytest.fixture(scope="module")
def packed(documents):
    plan = PackingPlan([Shape(2, 96, 5)], 0.0)
    return device_0(PackedLayout(plan, 512, None, 1, 0).collate(documents, range(4)))


def device_0(batch):
    return {name: array[0] for name, array in batch.items()}


@pytest.fixture(scope="module")
def params(wide_weights):
    return wide_weights(CONFIG)


@pytest.fixture(scope="module")
def expected(padded, params):
    library = FlaxBertForSequenceClassification(CONFIG, _do_init=False)
    arrays = [padded[name] for name in ("input_ids", "attention_mask", "token_type_ids")]
    return np.asarray(jax.jit(lambda *batch: library(*batch, params=params).logits)(*arrays))


def test_padded_logits_are_the_librarys(padded, params, expected):
    logits = jax.jit(lambda batch: padded_forward(bert, CONFIG, "float32")(params, batch, None))
    np.testing.assert_allclose(logits(padded), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("attention", ["documents", "rows"])
def test_packed_logits_are_the_librarys(packed, params, expected, attention):
    forward = jax.jit(partial(packed_logits, anatomy=bert.anatomy(CONFIG), attention=attention))
    logits = forward(params, packed)[:4]
    np.testing.assert_allclose(logits, expected[packed["document"][:4]], rtol=0, atol=1e-5)


def test_a_model_of_one_type_has_it_for_both_texts(packed, padded, wide_weights):
    """As RoBERTa and XLM-R do, and encoders in BERT's form that were made of them."""
    config = BertConfig(**FIELDS | {"type_vocab_size": 1, "num_hidden_layers": 1})
    params = jax.device_put(wide_weights(config))
    for forward, batch in [
        (lambda batch: packed_logits(params, batch, bert.anatomy(config)), packed),
        (lambda batch: padded_forward(bert, config, "float32")(params, batch, None), padded),
    ]:
        single = {name: array for name, array in batch.items() if name != "token_type_ids"}
        np.testing.assert_array_equal(jax.jit(forward)(batch), jax.jit(forward)(single))
