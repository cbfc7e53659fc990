"""The pmapped step against a plain loop, and what its batches may not change."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from transformers import BertConfig, FlaxBertForSequenceClassification

from xlt_flax.config import base
from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.shapes import choose_shapes
from xlt_flax.data.order import DatasetOrder
from xlt_flax.modeling.encoders import bert
from xlt_flax.modeling.packed_encoder import packed_forward
from xlt_flax.modeling.padded import padded_forward
from xlt_flax.modeling.weights import random_weights
from xlt_flax.training.optimizer import make_optimizer
from xlt_flax.training.step import make_eval_step, make_train_step, new_state, put_on_devices

STEPS = 20
BATCH = 6


@pytest.fixture(scope="module")
def model_config():
    return BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=2,
    )


@pytest.fixture(scope="module")
def documents():
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 17, 40)
    return Documents.from_arrays(
        ids=[f"d{i}" for i in range(40)],
        labels=rng.integers(0, 2, 40).astype(np.int32),
        digests=np.array([f"{i:032}" for i in range(40)], "S32"),
        tokens=rng.integers(1, 50, lengths.sum()).astype(np.int32),
        offsets=np.cumsum([0, *lengths]),
    )


def order_of(documents):
    languages = ("en",) * len(documents)
    return DatasetOrder(documents.ids, languages, BATCH, "shuffle", seed=3)


def plain_losses(model_config, documents, train):
    """A loop as anybody would write it: jit, optax, transformers' model, batches by hand."""
    model = FlaxBertForSequenceClassification(model_config, _do_init=False)
    params = random_weights(model_config, seed=7)
    optimizer = optax.adamw(train.learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0)
    opt_state = optimizer.init(params)

    @jax.jit
    def step(params, opt_state, ids, mask, labels):
        def loss_of(params):
            logits = model(ids, mask, params=params, train=False).logits
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        loss, gradients = jax.value_and_grad(loss_of)(params)
        updates, opt_state = optimizer.update(gradients, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, loss

    losses = []
    for number in range(STEPS):
        chosen = order_of(documents).batch(number)
        ids = np.zeros((len(chosen), 16), np.int32)
        for row, index in enumerate(chosen):
            tokens = documents.document_tokens(index)
            ids[row, : len(tokens)] = tokens
        labels = documents.labels[chosen]
        params, opt_state, loss = step(params, opt_state, ids, (ids > 0).astype(np.int32), labels)
        losses.append(float(loss))
    return losses


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["padded", "packed"])
def test_losses_equal_a_plain_loop(kind, model_config, documents):
    train = base().train
    train.learning_rate = 1e-3
    optimizer = make_optimizer(train, optax.constant_schedule(train.learning_rate))
    if kind == "padded":
        forward = padded_forward(bert, model_config, "float32")
        layout = PaddedLayout(16, BATCH, jax.device_count(), pad_token_id=0)
    else:
        forward = packed_forward(bert.anatomy(model_config), "float32", "shared")
        plan = choose_shapes(documents.lengths, BATCH, steps=STEPS, compile_tokens=1e9)
        layout = PackedLayout(plan, 64, None, jax.device_count(), pad_token_id=0)
    step = make_train_step(forward, optimizer, seed=0)
    state = put_on_devices(new_state(random_weights(model_config, seed=7), optimizer))
    losses = []
    for number in range(STEPS):
        batch = layout.collate(documents, order_of(documents).batch(number))
        state, metrics = step(state, batch)
        losses.append(float(metrics["loss"]))
    # 40 documents in batches of 6: the epoch's last batch of 4 is padded to 6 and must not count.
    np.testing.assert_allclose(losses, plain_losses(model_config, documents, train), atol=1e-4)
    assert int(state.step) == STEPS


def test_each_shape_compiles_once(model_config, documents):
    compiled = []

    def counting_forward(params, batch, key):
        compiled.append(batch["input_ids"].shape)
        return padded_forward(bert, model_config, "float32")(params, batch, key)

    optimizer = make_optimizer(base().train, optax.constant_schedule(1e-3))
    step = make_train_step(counting_forward, optimizer, seed=0)
    state = put_on_devices(new_state(random_weights(model_config, seed=7), optimizer))
    layout = PaddedLayout(32, BATCH, jax.device_count(), pad_token_id=0)
    short, long = np.arange(2), np.array([int(documents.lengths.argmax())])
    assert documents.lengths[short].max() <= 16
    for indices in (short, short, np.arange(1), short):
        state, _ = step(state, layout.collate(documents, indices))
    assert len(set(compiled)) == len(compiled) == 1
    assert documents.lengths[long] <= 16
    wide = PaddedLayout(32, BATCH, jax.device_count(), pad_token_id=0)
    wide.lengths = [32]
    for _ in range(2):
        state, _ = step(state, wide.collate(documents, long))
    assert len(set(compiled)) == len(compiled) == 2


def test_rows_without_a_document_change_nothing(model_config, documents):
    params = put_on_devices(random_weights(model_config, seed=7))
    step = make_eval_step(padded_forward(bert, model_config, "float32"))
    full = PaddedLayout(16, 4, 1, 0).collate(documents, range(4))
    padded = PaddedLayout(16, 9, 1, 0).collate(documents, range(4))
    logits, losses = jax.device_get(step(params, full))
    padded_logits, padded_losses = jax.device_get(step(params, padded))
    np.testing.assert_allclose(padded_logits[0, :4], logits[0], atol=1e-5)
    np.testing.assert_allclose(padded_losses[0, :4], losses[0], atol=1e-5)
    assert np.all(padded_losses[0, 4:] == 0)
    assert np.all(np.isfinite(padded_logits))


def test_dropout_is_a_function_of_seed_and_step(model_config, documents):
    config = BertConfig(**{**model_config.to_dict(), "hidden_dropout_prob": 0.5})
    optimizer = make_optimizer(base().train, optax.constant_schedule(0.0))
    layout = PaddedLayout(16, BATCH, jax.device_count(), pad_token_id=0)
    batch = layout.collate(documents, range(BATCH))

    def losses(seed):
        step = make_train_step(padded_forward(bert, config, "float32"), optimizer, seed)
        state = put_on_devices(new_state(random_weights(config, seed=7), optimizer))
        found = []
        for _ in range(2):
            state, metrics = step(state, batch)
            found.append(float(metrics["loss"]))
        return found

    first, second = losses(1)
    assert losses(1) == [first, second]
    assert first != second  # another step, another mask
    assert losses(2) != [first, second]


@pytest.mark.parametrize("dtype", ["float32", pytest.param("bfloat16", marks=pytest.mark.slow)])
def test_training_learns(model_config, documents, dtype):
    store = documents.stores[0]
    learnable = Documents.from_arrays(
        ids=documents.ids,
        labels=(store.tokens[store.offsets[:-1]] > 25).astype(np.int32),
        digests=documents.digests,
        tokens=store.tokens,
        offsets=store.offsets,
    )
    train = base().train
    train.clip_norm = 1.0
    optimizer = make_optimizer(train, optax.constant_schedule(5e-3))
    step = make_train_step(padded_forward(bert, model_config, dtype), optimizer, seed=0)
    state = put_on_devices(new_state(random_weights(model_config, seed=7), optimizer))
    batch = PaddedLayout(16, 40, jax.device_count(), 0).collate(learnable, range(40))
    for _ in range(60):
        state, metrics = step(state, batch)
    assert float(metrics["accuracy"]) > 0.95
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(state.params))


def lowered(model_config, documents, tf32):
    """The train step's and the eval step's program, before XLA has it."""
    forward = padded_forward(bert, model_config, "float32")
    optimizer = make_optimizer(base().train, optax.constant_schedule(1e-3))
    state = put_on_devices(new_state(random_weights(model_config, seed=7), optimizer))
    batch = PaddedLayout(16, BATCH, jax.device_count(), 0).collate(documents, range(BATCH))
    train_step = make_train_step(forward, optimizer, 0, tf32=tf32)
    eval_step = make_eval_step(forward, tf32=tf32)
    programs = (train_step, state), (eval_step, state.params)
    return [step.lower(first, batch).as_text() for step, first in programs]


@pytest.mark.parametrize("set_by_the_program", [None, "bfloat16"])
def test_precision_is_the_steps_own(model_config, documents, set_by_the_program):
    """Whatever the importing program has set, forward and backward multiply in full unless TF32 is
    asked for."""
    with jax.default_matmul_precision(set_by_the_program):
        for text in lowered(model_config, documents, tf32=False):
            products = [line for line in text.splitlines() if "dot_general" in line]
            assert products
            assert all("precision = [HIGHEST, HIGHEST]" in line for line in products)
        for text in lowered(model_config, documents, tf32=True):
            assert "dot_general" in text
            assert "HIGHEST" not in text
