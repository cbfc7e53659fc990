"""Pairs of texts: packed, padded and the library's own logits are the same, of BERT, which has
types of tokens, and of RoBERTa and XLM-R, which tell texts apart by two </s> between them."""

from functools import partial

import jax
import numpy as np
import pytest
from library_checkpoints import open_checkpoint
from transformers import BertConfig, FlaxBertForSequenceClassification

from xlt_flax.config import base
from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import Example
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.placing import Shape
from xlt_flax.data.layout.shapes import PackingPlan
from xlt_flax.data.token_store import open_or_build, store_key
from xlt_flax.modeling.base_model import open_base_model
from xlt_flax.modeling.encoders import bert
from xlt_flax.modeling.packed_encoder import packed_logits
from xlt_flax.modeling.padded import padded_forward
from xlt_flax.modeling.vocabulary import active_vocabulary

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


# ---- Text to logits, without types of tokens -----------------------------------------------------

TEXTS = [
    ("A fine record.", "Play it again!"),
    ("One text alone.",),
    ("Too long, and cut: " + "loud and long, " * 9, "the second text is shorter"),
    ("The second is empty.", ""),
]


@pytest.fixture(
    scope="module", params=["roberta", pytest.param("xlm-roberta", marks=pytest.mark.slow)]
)
def model(request, tmp_path_factory):
    """A checkpoint of the library as a run opens it."""
    config = base()
    folder = open_checkpoint(request.param, tmp_path_factory.mktemp("model")).with_head
    config.model.name, config.data.max_length = str(folder), 40
    return open_base_model(config, num_labels=3)


@pytest.fixture(scope="module")
def stored(model, tmp_path_factory):
    """The texts as a store of tokens has them."""
    examples = [Example(str(i), texts, (), "en") for i, texts in enumerate(TEXTS)]
    source = {"dataset": "pairs", "language": "en", "split": "train", "digest": "d"}
    key, made_from = store_key(source, model.tokenizer, 40)
    root = tmp_path_factory.mktemp("store")
    store = open_or_build(root, key, made_from, lambda: iter(examples), model.tokenizer)
    return Documents.of(store)


@pytest.fixture(scope="module")
def librarys(model):
    """The library's tokens of each document, and its Flax model's logits of all."""
    each = [[[text] for text in texts] for texts in TEXTS]  # an empty second is a text, too
    cut = {"truncation": "longest_first", "max_length": 40}
    tokens = [model.tokenizer(*texts, **cut)["input_ids"][0] for texts in each]
    batch = model.tokenizer.pad({"input_ids": tokens}, return_tensors="np")
    library = model.adapter.MODEL(model.shape, _do_init=False)
    call = jax.jit(lambda params, **batch: library(**batch, params=params).logits)
    return tokens, call(model.params(seed=0), **batch)


def test_pairs_of_text_without_types_are_the_librarys(model, stored, librarys):
    tokens, logits = librarys
    end = model.tokenizer.sep_token_id
    assert [stored.document_tokens(i).tolist() for i in range(len(TEXTS))] == tokens
    ends = [[at for at, number in enumerate(one) if number == end] for one in tokens]
    starts = [one[1] + 1 if len(one) == 3 else 0 for one in ends]
    assert stored.second_starts.tolist() == starts
    assert [bool(start) for start in starts] == [len(texts) == 2 for texts in TEXTS]
    assert all(one[1] == one[0] + 1 for one in ends if len(one) == 3)
    used, special = np.concatenate(tokens), model.tokenizer.all_special_ids
    rows = active_vocabulary([used], special, model.shape.vocab_size, multiple=1)
    params, documents = rows.select(model.params(seed=0)), stored.renumbered(rows.row_of)
    pad = int(rows.row_of[model.tokenizer.pad_token_id])
    padded = device_0(PaddedLayout(40, 4, 1, pad).collate(documents, range(4)))
    forward = jax.jit(padded_forward(model.adapter, model.shape, "float32"), static_argnums=2)
    np.testing.assert_allclose(forward(params, padded, None), logits, rtol=0, atol=1e-5)
    plan = PackingPlan([Shape(2, 80, 5)], 0.0)
    packed = device_0(PackedLayout(plan, 512, None, 1, pad).collate(documents, range(4)))
    forward = jax.jit(partial(packed_logits, anatomy=model.adapter.anatomy(model.shape)))
    np.testing.assert_allclose(
        forward(params, packed)[:4], logits[packed["document"][:4]], rtol=0, atol=1e-5
    )
    assert np.ptp(logits, axis=0).min() > 0.01  # documents differ, so agreement means something
