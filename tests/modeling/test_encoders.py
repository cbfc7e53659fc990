"""Shapes are checked against what a run asks; a new encoder is one new file."""

import subprocess
import sys

import jax
import numpy as np
import pytest
from transformers import (
    FlaxRobertaPreLayerNormForSequenceClassification,
    RobertaPreLayerNormConfig,
)

from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.modeling import encoders
from xlt_flax.modeling.base_model import open_base_model
from xlt_flax.modeling.encoders import find_encoder, load_shape
from xlt_flax.modeling.padded import padded_forward
from xlt_flax.modeling.tokenizers import load_tokenizer

PRE_NORM = '''
"""RoBERTa with norms before each layer: padded alone."""

import jax.numpy as jnp
from transformers import (
    FlaxRobertaPreLayerNormForSequenceClassification,
    RobertaPreLayerNormConfig,
)

from xlt_flax.modeling import bert_family
from xlt_flax.modeling.bert_family import DROPOUTS, SHAPE
from xlt_flax.modeling.heads import Projection

CONFIG = RobertaPreLayerNormConfig
MODEL = FlaxRobertaPreLayerNormForSequenceClassification
HEAD = "classifier/out_proj/kernel"


def positions(shape):
    return shape.max_position_embeddings - shape.pad_token_id - 1


def position_ids(shape, attention_mask):
    return jnp.cumsum(attention_mask, axis=1) * attention_mask + shape.pad_token_id


def projection(shape):
    return Projection(HEAD, bert_family.head_dropout(shape))


def packed_reason(shape):
    return "nobody has written it"
'''
SHAPE = RobertaPreLayerNormConfig(
    vocab_size=3000,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=66,
    type_vocab_size=1,
    initializer_range=0.3,
    num_labels=3,
)
PAD = SHAPE.pad_token_id


@pytest.fixture
def pre_norm(tmp_path, monkeypatch):
    """The encoder that somebody adds by writing one file."""
    (tmp_path / "roberta_prelayernorm.py").write_text(PRE_NORM)
    monkeypatch.setattr(encoders, "__path__", [*encoders.__path__, str(tmp_path)])
    yield find_encoder("roberta-prelayernorm")
    del sys.modules[f"{encoders.__name__}.roberta_prelayernorm"], encoders.roberta_prelayernorm


@pytest.fixture
def pre_norm_folder(pre_norm, tiny_model_folder):
    """A checkpoint as transformers writes it, and the library's model and weights of it."""
    folder = tiny_model_folder("flax")
    model = FlaxRobertaPreLayerNormForSequenceClassification(SHAPE, _do_init=False)
    params = jax.jit(lambda: model.init_weights(jax.random.key(1), (1, 1)))()
    model.save_pretrained(folder, params=params)
    return folder, model, params


def config_of(folder, **model):
    config = base()
    config.model.update({"name": str(folder), **model})
    config.data.max_length = 64
    return config


def test_an_encoder_that_is_added_gives_the_librarys_logits(pre_norm_folder):
    """Also where rows of the word embedding have other numbers, the padding's among them."""
    folder, library, stored = pre_norm_folder
    opened = open_base_model(config_of(folder), num_labels=3)
    params = opened.params(seed=0)
    jax.tree.map(np.testing.assert_array_equal, params, stored)
    rng = np.random.default_rng(0)
    ids = np.full((4, 64), PAD, np.int32)
    for row, length in enumerate((64, 30, 7, 1)):
        ids[row, :length] = rng.integers(PAD + 1, SHAPE.vocab_size, length)
    mask = (ids != PAD).astype(np.int32)
    expected = jax.jit(lambda *batch: library(*batch, params=stored).logits)(ids, mask)
    assert np.ptp(np.asarray(expected)[:, 0]) > 0.1
    forward = jax.jit(padded_forward(opened.adapter, opened.shape, "float32"), static_argnums=2)
    np.testing.assert_allclose(
        forward(params, {"input_ids": ids, "attention_mask": mask}, None), expected, atol=1e-5
    )
    table = params["roberta_prelayernorm"]["embeddings"]["word_embeddings"]
    table["embedding"] = table["embedding"][::-1]
    renumbered = {"input_ids": SHAPE.vocab_size - 1 - ids, "attention_mask": mask}
    np.testing.assert_allclose(forward(params, renumbered, None), expected, atol=1e-5)


def test_an_encoder_that_is_added_is_drawn_and_told_apart(pre_norm_folder):
    folder, _, _ = pre_norm_folder
    drawn = open_base_model(config_of(folder, init="random", head_sd=0.0), num_labels=3)
    head = drawn.params(seed=1)["classifier"]
    assert head["out_proj"]["kernel"].shape == (16, 3)
    assert not head["out_proj"]["kernel"].any()
    assert head["dense"]["kernel"].all()
    assert drawn.digest() != open_base_model(config_of(folder), num_labels=3).digest()


def test_an_encoder_says_how_long_documents_may_be(pre_norm_folder):
    folder, _, _ = pre_norm_folder
    with pytest.raises(UserError, match="has 64 positions"):
        load_shape(str(folder), None, 65, load_tokenizer(str(folder)), "", num_labels=3)


@pytest.mark.parametrize("model_type", ["gpt2", "no-such-thing", "../bert", ""])
def test_an_unknown_type_is_told_those_that_there_are(model_type):
    with pytest.raises(UserError, match=r"type bert, distilbert, electra, roberta, xlm-roberta$"):
        find_encoder(model_type)


@pytest.mark.parametrize(("dropout", "expected"), [(None, 0.1), (0.0, 0.0), (0.3, 0.3)])
def test_dropout_replaces_the_models_own(tiny_model_folder, dropout, expected):
    folder = str(tiny_model_folder("google"))
    shape = load_shape(folder, dropout, 64, load_tokenizer(folder), "", num_labels=2)
    assert shape.hidden_dropout_prob == shape.attention_probs_dropout_prob == expected


@pytest.mark.parametrize("num_labels", [1, 2, 5])
def test_the_head_has_as_many_labels_as_are_asked_for(tiny_model_folder, num_labels):
    config = config_of(tiny_model_folder("pytorch"))
    head = open_base_model(config, num_labels).params(seed=0)["classifier"]
    assert head["kernel"].shape == (16, num_labels)
    assert head["bias"].shape == (num_labels,)


def test_the_real_vocabulary_and_shape(shared_folder):
    folder = str(shared_folder / "data" / "bert-base-multilingual-cased")
    tokenizer = load_tokenizer(folder)
    shape = load_shape(folder, None, 512, tokenizer, "", num_labels=2)
    assert (len(tokenizer), shape.vocab_size, shape.hidden_size) == (119547, 119547, 768)
    assert tokenizer.tokenize("Straße 最高") == ["Straße", "最", "高"]


def test_transformers_is_imported_only_where_a_model_is_read():
    """Else whatever reads no model (a run that is done, the report) waits seconds for it."""
    script = """
import importlib, os, pkgutil, sys
before = dict(os.environ)
import xlt_flax.modeling as room
for module in pkgutil.iter_modules(room.__path__):
    importlib.import_module(f"{room.__name__}.{module.name}")
assert not {"transformers", "tensorflow", "torch", "huggingface_hub"} & sys.modules.keys()
assert os.environ == before
"""
    subprocess.run([sys.executable, "-c", script], check=True)
