"""Every encoder is the library's own, from the library's own checkpoints: packed and padded, with
the full and the active vocabulary, single texts and pairs."""

from dataclasses import dataclass
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from library_checkpoints import MODEL_TYPES, open_checkpoint

from xlt_flax.config import base
from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.placing import Shape
from xlt_flax.data.layout.shapes import PackingPlan
from xlt_flax.errors import UserError
from xlt_flax.modeling import vocabulary
from xlt_flax.modeling.base_model import open_base_model
from xlt_flax.modeling.encoders import find_encoder
from xlt_flax.modeling.packed_encoder import packed_forward, packed_logits
from xlt_flax.modeling.padded import padded_forward

LABELS = np.array([0, 2, 1, 0])
# Two rows, one with three documents and a gap: the longest documents have 24 and 17 tokens.
PACKED_SHAPE = Shape(2, 40, 5)
every_encoder = pytest.mark.parametrize("model_type", MODEL_TYPES)


@dataclass(frozen=True)
class Opened:
    """A checkpoint as a run opens it, and its documents.

    Attributes:
      base, params: the model, and its whole tree.
      documents: the checkpoint's batch.
      rows: the active vocabulary.
      logits, mean: what PyTorch computes of the batch.
    """

    base: object
    params: dict
    documents: Documents
    rows: vocabulary.Vocabulary
    logits: np.ndarray
    mean: np.ndarray


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """opened(model_type, part="with_head")"""
    folder = tmp_path_factory.mktemp("checkpoints")

    @cache
    def open_one(model_type, part="with_head"):
        found = open_checkpoint(model_type, folder / part)
        config = base()
        config.model.name, config.data.max_length = str(found.folder / part), 40
        model = open_base_model(config, num_labels=3)
        documents = as_documents(found.batch)
        special = model.tokenizer.all_special_ids
        used = [documents.document_tokens(i) for i in range(len(documents))]
        rows = vocabulary.active_vocabulary(used, special, model.shape.vocab_size, multiple=1)
        params = model.params(seed=0)
        return Opened(model, params, documents, rows, found.logits, found.mean)

    return open_one


def as_documents(batch):
    lengths = batch["attention_mask"].sum(axis=1)
    types = batch["token_type_ids"]
    return Documents.from_arrays(
        ids=list("abcd"),
        labels=LABELS.astype(np.int32),
        digests=np.array([b"a", b"b", b"c", b"d"], "S32"),
        tokens=np.concatenate([r[:n] for r, n in zip(batch["input_ids"], lengths, strict=True)]),
        offsets=np.cumsum([0, *lengths]),
        second_starts=np.where(types.any(axis=1), types.argmax(axis=1), 0).astype(np.int32),
    )


def device_0(batch):
    return {name: array[0] for name, array in batch.items()}


def padded_batch(one, rows):
    """Padded further than any document needs; the padding token numbered as its row."""
    pad = int(rows.row_of[one.base.tokenizer.pad_token_id])
    layout = PaddedLayout(40, 4, 1, pad)
    layout.lengths = [40]
    return device_0(layout.collate(one.documents.renumbered(rows.row_of), range(4)))


def packed_batch(one, rows):
    """Slots in the documents' order; gaps between documents hold another document's token."""
    pad = int(rows.row_of[one.documents.document_tokens(0)[3]])
    layout = PackedLayout(PackingPlan([PACKED_SHAPE], 0.0), 512, None, 1, pad)
    return device_0(layout.collate(one.documents.renumbered(rows.row_of), range(4)))


def loss_and_logits(forward, params, batch, order):
    def loss(params):
        logits = forward(params, batch, None)[: len(order)]
        labels = jnp.asarray(LABELS)[order]
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        return losses.sum(), logits

    gradients, logits = jax.grad(loss, has_aux=True)(params)
    return logits[jnp.argsort(order)], gradients


compute = jax.jit(loss_and_logits, static_argnums=0)
logits_of = jax.jit(lambda forward, *arguments: forward(*arguments, None), static_argnums=0)


def librarys(one):
    """The library's Flax model by its own call: logits and gradients."""
    library = one.base.adapter.MODEL(one.base.shape, _do_init=False)
    batch = padded_batch(one, vocabulary.full_vocabulary(one.base.shape.vocab_size))
    names = ["input_ids", "attention_mask"]
    if one.base.shape.model_type != "distilbert":
        batch.setdefault("token_type_ids", np.zeros_like(batch["input_ids"]))
        names += ["token_type_ids"]
    if getattr(one.base.shape, "type_vocab_size", 0) == 1:
        batch["token_type_ids"] = np.zeros_like(batch["input_ids"])

    def forward(params, batch, key):
        return library(**{name: batch[name] for name in names}, params=params).logits

    return compute(forward, one.params, batch, np.arange(4))


def ways(one):
    """(name, forward, rows, batch, the slots' documents) of each way to compute."""
    full = vocabulary.full_vocabulary(one.base.shape.vocab_size)
    adapter, shape = one.base.adapter, one.base.shape
    padded = padded_forward(adapter, shape, "float32")

    def packed(attention):
        def forward(params, batch, key):
            anatomy = adapter.anatomy(shape)
            return packed_logits(params, batch, anatomy, dropout_rng=key, attention=attention)

        return forward

    yield "padded", padded, one.rows, padded_batch(one, one.rows)
    for attention, rows in (("documents", full), ("rows", one.rows)):
        yield attention, packed(attention), rows, packed_batch(one, rows)


@every_encoder
def test_logits_and_gradients_are_the_librarys(opened, model_type):
    one = opened(model_type)
    assert len(one.rows.ids) < 100 < one.base.shape.vocab_size
    assert np.ptp(one.logits, axis=0).max() > 0.1  # documents differ, so agreement means something
    wanted, wanted_gradients = librarys(one)
    np.testing.assert_allclose(wanted, one.logits, rtol=0, atol=1e-5)
    for name, forward, rows, batch in ways(one):
        order = batch["document"][:4] if "document" in batch else np.arange(4)
        logits, gradients = compute(forward, rows.select(one.params), batch, order)
        np.testing.assert_allclose(logits, one.logits, rtol=0, atol=1e-5, err_msg=name)
        assert_same_gradients(gradients, rows.select(wanted_gradients))


def assert_same_gradients(actual, wanted):
    norm = float(optax.tree.norm(wanted))
    wanted = dict(jax.tree.leaves_with_path(wanted))
    for path, a in jax.tree.leaves_with_path(actual):
        # The gradient of a key's bias is 0 but for rounding, hence the second term.
        allowed = 1e-5 * max(float(jnp.linalg.norm(wanted[path])), 1e-2 * norm)
        assert float(jnp.linalg.norm(a - wanted[path])) <= allowed, jax.tree_util.keystr(path)


@every_encoder
def test_the_mean_of_the_last_states_is_the_librarys(opened, model_type):
    """From a published encoder: its names have no prefix, its head is drawn."""
    one = opened(model_type, "without_head")
    adapter, shape = one.base.adapter, one.base.shape
    *path, _ = adapter.HEAD.split("/")
    head = one.params
    for name in path:
        head = head[name]
    wanted = one.mean @ head["kernel"] + head["bias"]
    assert np.ptp(wanted, axis=0).max() > 0.03
    padded = padded_forward(adapter, shape, "float32", "mean")
    batch = padded_batch(one, one.rows)
    logits = logits_of(padded, one.rows.select(one.params), batch)
    np.testing.assert_allclose(logits, wanted, rtol=0, atol=1e-5)
    packed = packed_forward(adapter.anatomy(shape), "float32", "shared", "mean")
    batch = packed_batch(one, one.rows)
    logits = logits_of(packed, one.rows.select(one.params), batch)
    np.testing.assert_allclose(logits[:4], wanted[batch["document"][:4]], rtol=0, atol=1e-5)


@pytest.mark.parametrize("model_type", ["electra", pytest.param("bert", marks=pytest.mark.slow)])
def test_weights_held_in_bfloat16_are_multiplied_in_float32(opened, model_type):
    """They lose what rounding them loses, and nothing in the sums: the library's own ELECTRA would
    add its embeddings in bfloat16."""
    one = opened(model_type)
    held = jax.tree.map(lambda array: np.asarray(array, jnp.bfloat16), one.params)
    rounded = jax.tree.map(lambda array: array.astype(np.float32), held)
    for name, forward, rows, batch in list(ways(one))[:2]:
        logits, wanted = (logits_of(forward, rows.select(p), batch) for p in (held, rounded))
        assert logits.dtype == jnp.float32
        np.testing.assert_allclose(logits[:4], wanted[:4], rtol=0, atol=1e-5, err_msg=name)
        order = batch["document"][:4] if "document" in batch else np.arange(4)
        assert np.abs(wanted[:4] - one.logits[order]).max() > 1e-4


@pytest.mark.parametrize(
    "model_type",
    [m if m == "distilbert" else pytest.param(m, marks=pytest.mark.slow) for m in MODEL_TYPES],
)
def test_dropout_is_the_same_in_any_packing(opened, model_type):
    """And on: another key drops others."""
    one = opened(model_type)
    adapter, shape = one.base.adapter, one.base.shape
    rows = vocabulary.full_vocabulary(shape.vocab_size)
    forward = jax.jit(packed_forward(adapter.anatomy(shape), "float32", "each"))
    pad = int(one.base.tokenizer.pad_token_id)
    found = []
    for placed, key in ((PACKED_SHAPE, 1), (Shape(1, 80, 5), 1), (Shape(1, 80, 5), 2)):
        layout = PackedLayout(PackingPlan([placed], 0.0), 512, None, 1, pad)
        batch = device_0(layout.collate(one.documents.renumbered(rows.row_of), range(4)))
        logits = forward(one.params, batch, jax.random.key(key))[:4]
        found.append(np.asarray(logits)[np.argsort(batch["document"][:4])])
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=2e-5)
    assert np.abs(found[2] - found[1]).max(axis=1).min() > 1e-3


# {model_type: (fields of a shape that cannot be packed, what is said of it)}
PADDED_ALONE = {
    "bert": ({"position_embedding_type": "relative_key"}, "'relative_key', not 'absolute'"),
    "roberta": ({"is_decoder": True}, "it is a decoder"),
    "electra": ({"hidden_act": "mish"}, "hidden_act is 'mish'"),
    "distilbert": ({"sinusoidal_pos_embds": True}, "its positions are sinusoids"),
}


@pytest.mark.parametrize("model_type", PADDED_ALONE)
def test_what_cannot_be_packed_says_why(model_type):
    adapter = find_encoder(model_type)
    assert adapter.packed_reason(adapter.CONFIG()) is None
    fields, said = PADDED_ALONE[model_type]
    assert said in adapter.packed_reason(adapter.CONFIG(**fields))


@pytest.mark.parametrize("pad_token_id", [None, -1, "one"])
def test_positions_need_the_padding_tokens_id(pad_token_id):
    adapter = find_encoder("xlm-roberta")
    shape = adapter.CONFIG()
    shape.pad_token_id = pad_token_id
    with pytest.raises(UserError, match=f"says pad_token_id {pad_token_id!r}, from which"):
        adapter.positions(shape)


# ---- Activations computed again ------------------------------------------------------------------


def loss_of(form, one, pooling, remat):
    """(params -> the loss of a training step with dropout) of a form."""
    adapter, shape = one.base.adapter, one.base.shape
    rows = vocabulary.full_vocabulary(shape.vocab_size)
    if form == "packed":
        forward = packed_forward(adapter.anatomy(shape), "float32", "shared", pooling, remat)
        batch = packed_batch(one, rows)
    else:
        forward = padded_forward(adapter, shape, "float32", pooling, remat)
        batch = padded_batch(one, rows) | {"document": np.arange(4)}

    def loss(params):
        logits = forward(params, batch, jax.random.key(3))
        return optax.softmax_cross_entropy_with_integer_labels(logits[:4], LABELS).sum()

    return loss


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize(
    ("form", "model_type"),
    [
        *(("packed", model_type) for model_type in MODEL_TYPES),
        *(("padded", model_type) for model_type in MODEL_TYPES if model_type != "distilbert"),
    ],
)
def test_remat_is_around_each_layer(opened, form, model_type, pooling):
    one = opened(model_type)
    for remat, layers in ((False, 0), (True, 2)):
        traced = jax.make_jaxpr(loss_of(form, one, pooling, remat))(one.params)
        assert [e.primitive.name for e in traced.eqns].count("remat2") == layers


@pytest.mark.slow
@pytest.mark.parametrize(("form", "pooling"), [("packed", "cls"), ("padded", "mean")])
def test_remat_gives_the_same_losses_and_gradients(opened, form, pooling):
    """Dropout drops the same again."""
    one = opened("xlm-roberta")
    (loss, gradients), (same_loss, same_gradients) = (
        jax.jit(jax.value_and_grad(loss_of(form, one, pooling, remat)))(one.params)
        for remat in (False, True)
    )
    np.testing.assert_allclose(same_loss, loss, rtol=1e-6)
    assert_same_gradients(same_gradients, gradients)


@pytest.mark.parametrize("model_type", ["bert", "electra", "roberta", "xlm-roberta"])
def test_the_librarys_module_has_remat(model_type):
    adapter = find_encoder(model_type)
    padded_forward(adapter, adapter.CONFIG(), "float32", "cls", True)


def test_the_librarys_distilbert_has_no_remat():
    adapter = find_encoder("distilbert")
    with pytest.raises(UserError, match=r"^config.train.remat is True, .*give False"):
        padded_forward(adapter, adapter.CONFIG(), "float32", "cls", True)
