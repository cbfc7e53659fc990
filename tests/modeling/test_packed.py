"""The packed forward is FlaxBertForSequenceClassification's function, whatever the packing."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from transformers import BertConfig, FlaxBertForSequenceClassification

from xlt_flax.data.layout.packed import lay_out
from xlt_flax.data.layout.placing import Shape, cut
from xlt_flax.modeling.encoders.bert import anatomy, packed_reason
from xlt_flax.modeling.packed_encoder import packed_logits

# Wide initial weights: attention that is far from uniform shows a wrong mask.
CONFIG = BertConfig(
    vocab_size=40,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
    initializer_range=0.3,
    num_labels=3,
)
BERT = anatomy(CONFIG)
SLOTS = 6
ATTENTIONS = ["documents", "rows"]
LONG_ROW, THREE_ROWS = Shape(1, 1600, SLOTS), Shape(3, 576, SLOTS)
# A program is a third of a minute's compilation: each attention has the shape that its backends are
# given, and the slow tests have the other one.
PROGRAMS = [(LONG_ROW, "documents"), (THREE_ROWS, "rows")]
OTHER_PROGRAMS = [(THREE_ROWS, "documents")]
programs_of_tests = pytest.mark.parametrize(
    "programs", [PROGRAMS, pytest.param(OTHER_PROGRAMS, marks=pytest.mark.slow)]
)


@cache
def model():
    return FlaxBertForSequenceClassification(CONFIG, seed=3)


def loss_of(logits, labels):
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, jnp.maximum(labels, 0))
    return jnp.where(labels >= 0, losses, 0).sum(), logits


@jax.jit
def expected(params, input_ids, mask, labels):
    def loss(params):
        return loss_of(model()(input_ids, mask, params=params).logits, labels)

    gradients, logits = jax.grad(loss, has_aux=True)(params)
    return logits, gradients


@partial(jax.jit, static_argnames="attention")
def packed(params, batch, labels, attention):
    def loss(params):
        return loss_of(packed_logits(params, batch, BERT, attention=attention), labels)

    gradients, logits = jax.grad(loss, has_aux=True)(params)
    return logits, gradients


def padded(documents, rows, length=512):
    input_ids = np.zeros((rows, length), np.int32)
    mask = np.zeros((rows, length), np.int32)
    mask[:, 0] = 1
    for row, tokens in enumerate(documents):
        input_ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return input_ids, mask


def scattered(documents, shape, rng):
    """Any packing: documents in any order, with gaps between them that hold random tokens.

    Returns the documents that found a place, in the order of the slots, and the batch.
    """
    batch = {
        "input_ids": rng.integers(0, CONFIG.vocab_size, (shape.rows, shape.row_length), np.int32),
        "segment_ids": np.zeros((shape.rows, shape.row_length), np.int32),
        "position_ids": rng.integers(0, 512, (shape.rows, shape.row_length), np.int32),
        "cls_index": np.zeros(shape.documents, np.int32),
        "document": np.full(shape.documents, -1, np.int32),
    }
    end, count = [0] * shape.rows, [0] * shape.rows
    placed, places = [], []
    for index in rng.permutation(len(documents)):
        size = len(documents[index])
        open_rows = [r for r in range(shape.rows) if shape.row_length - end[r] >= size]
        if not open_rows:
            continue
        row = rng.choice(open_rows)
        start = end[row] + int(rng.integers(0, min(50, shape.row_length - end[row] - size) + 1))
        count[row] += 1
        batch["input_ids"][row, start : start + size] = documents[index]
        batch["segment_ids"][row, start : start + size] = count[row]
        batch["position_ids"][row, start : start + size] = np.arange(size)
        places.append(row * shape.row_length + start)
        end[row] = start + size
        placed.append(index)
    order = rng.permutation(len(placed))
    batch["cls_index"][: len(placed)] = np.array(places)[order]
    batch["document"][: len(placed)] = np.array(placed)[order]
    return [documents[placed[i]] for i in order], batch


def random_documents(lengths, rng):
    return [rng.integers(0, CONFIG.vocab_size, n, np.int32) for n in lengths]


def assert_same_gradients(actual, wanted):
    norm = float(optax.tree.norm(wanted))
    for (path, a), w in zip(
        jax.tree.leaves_with_path(actual), jax.tree.leaves(wanted), strict=True
    ):
        # The gradient of a key's bias is 0 but for rounding, hence the second term.
        allowed = 1e-5 * max(float(jnp.linalg.norm(w)), 1e-2 * norm)
        assert float(jnp.linalg.norm(a - w)) <= allowed, jax.tree_util.keystr(path)


# No shrinking: every example costs half a second, and the seed tells all.
@programs_of_tests
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    lengths=st.lists(st.integers(2, 512), min_size=1, max_size=SLOTS),
    which=st.integers(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_logits_and_gradients_are_flax_berts_in_any_packing(programs, lengths, which, seed):
    shape, attention = programs[which % len(programs)]
    rng = np.random.default_rng(seed)
    documents, batch = scattered(random_documents(lengths, rng), shape, rng)
    labels = np.full(SLOTS, -1)
    labels[: len(documents)] = rng.integers(0, CONFIG.num_labels, len(documents))
    wanted, wanted_gradients = expected(model().params, *padded(documents, SLOTS), labels)
    logits, gradients = packed(model().params, batch, labels, attention)
    assert logits.dtype == jnp.float32
    used = slice(len(documents))
    np.testing.assert_allclose(logits[used], wanted[used], rtol=0, atol=1e-5)
    assert_same_gradients(gradients, wanted_gradients)


@pytest.mark.parametrize("apart", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_every_length_has_flax_berts_logits(apart):
    """Every seventh from the shortest to the longest, or every one."""
    rng = np.random.default_rng(0)
    documents = random_documents(range(2, 513, apart), rng)
    documents += random_documents([512] * (-len(documents) % 74), rng)
    forward = jax.jit(lambda *batch: model()(*batch).logits)
    wanted = np.concatenate(
        [forward(*padded(documents[i : i + 74], 74)) for i in range(0, len(documents), 74)]
    )
    shape = Shape(1, 4096, 100)
    logits = jax.jit(lambda b: packed_logits(model().params, b, BERT, attention="documents"))
    seen = []
    for rows in cut(np.array([len(d) for d in documents]), shape):
        (indices,) = rows
        ours = logits(lay_out([documents[i] for i in indices], shape))[: len(indices)]
        np.testing.assert_allclose(ours, wanted[indices], rtol=0, atol=1e-5)
        seen += indices.tolist()
    assert sorted(seen) == list(range(len(documents)))


@pytest.mark.parametrize("kind", ["shared", pytest.param("each", marks=pytest.mark.slow)])
@programs_of_tests
def test_dropout_is_the_same_in_any_packing(programs, kind):
    """For every document, wherever it lies: at either end of a row, alone, among others."""
    rng = np.random.default_rng(1)
    documents = random_documents([270, 40, 100, 390], rng)
    labels, key = np.arange(10) % CONFIG.num_labels, jax.random.key(7)

    @partial(jax.jit, static_argnames="attention")
    def gradients(params, key, batch, labels, attention):
        def loss(params):
            logits = packed_logits(
                params,
                batch,
                BERT,
                dropout_rng=key,
                attention_dropout=kind,
                attention=attention,
            )
            return loss_of(logits, labels)

        return jax.grad(loss, has_aux=True)(params)

    def packed_as(batch, attention, key=key):
        order = batch["document"][:4]
        slots = np.full(len(batch["document"]), -1)
        slots[:4] = labels[order]
        found, logits = gradients(model().params, key, batch, slots, attention)
        return found, logits[np.argsort(order)]

    model()  # its weights are not to be made within a trace
    numbers = np.array([0, 1, 2, 3, -1, -1])
    dense = lay_out(documents, LONG_ROW) | {"document": numbers}
    wanted, logits = packed_as(dense, "documents")
    for shape, attention in programs:
        placed, batch = scattered(documents, shape, rng)
        assert len(placed) == 4
        found, same_logits = packed_as(batch, attention)
        np.testing.assert_allclose(same_logits, logits, rtol=0, atol=2e-5)
        assert_same_gradients(found, wanted)
    _, other = packed_as(dense, "documents", jax.random.key(8))
    assert float(jnp.abs(other - logits).max(axis=1).min()) > 1e-2
    _, other = packed_as(dense | {"document": np.where(numbers == 3, 9, numbers)}, "documents")
    assert float(jnp.abs(other - logits)[:3].max()) < 1e-5
    assert float(jnp.abs(other - logits)[3].max()) > 1e-2


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("kind", ["shared", "each"])
def test_whether_equal_documents_share_attentions_mask(kind, attention):
    """Nothing else is dropped, so that documents that differ in their numbers alone tell."""
    config = BertConfig(**CONFIG.to_diff_dict() | {"hidden_dropout_prob": 0.0})
    document = random_documents([40], np.random.default_rng(3))[0]
    batch = lay_out([document] * 3, Shape(1, 128, 3)) | {"document": np.array([5, 6, 5])}
    forward = jax.jit(
        partial(packed_logits, anatomy=anatomy(config), attention_dropout=kind),
        static_argnames="attention",
    )
    logits = forward(model().params, batch, dropout_rng=jax.random.key(0), attention=attention)
    np.testing.assert_allclose(logits[2], logits[0], atol=1e-5)
    assert (float(jnp.abs(logits[1] - logits[0]).max()) > 1e-2) == (kind == "each")


def test_bfloat16_is_near_and_its_logits_are_float32():
    config = BertConfig(
        **CONFIG.to_diff_dict() | {"initializer_range": 0.05, "num_hidden_layers": 2}
    )
    params = FlaxBertForSequenceClassification(config, seed=1).params
    shape = Shape(2, 64, 4)
    documents = random_documents([30, 64, 20, 5], np.random.default_rng(2))
    batch = lay_out(documents, shape)
    forward = jax.jit(
        partial(packed_logits, anatomy=anatomy(config)), static_argnames=("dtype", "attention")
    )
    wide = forward(params, batch, attention="rows")
    for attention in ATTENTIONS:
        narrow = forward(params, batch, dtype=jnp.bfloat16, attention=attention)
        assert narrow.dtype == jnp.float32
        np.testing.assert_allclose(narrow, wide, atol=2e-2)


def test_says_what_it_cannot_pack():
    assert packed_reason(CONFIG) is None
    assert "relative_key" in packed_reason(BertConfig(position_embedding_type="relative_key"))
    assert "mish" in packed_reason(BertConfig(hidden_act="mish"))
    assert "decoder" in packed_reason(BertConfig(is_decoder=True))
