"""FlaxBertForSequenceClassification's logits for documents packed several to a row.

The same function of the same parameter tree as transformers' module, computed over packed rows:
attention stays inside each document, positions count from 0 in each, and [CLS] is gathered per
document. What a padded batch spends on padding is not computed at all.

Tokens are one flat list here, [rows * row_length, hidden]; only attention knows documents or rows.
Dropout goes by document and position, so that it too is the same in any packing.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from transformers import BertConfig

from xlt_flax.modeling.attention_dropout import draw_mask
from xlt_flax.modeling.dropout import Dropout, drop

ACTIVATIONS = {
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_new": partial(jax.nn.gelu, approximate=True),
    "gelu_pytorch_tanh": partial(jax.nn.gelu, approximate=True),
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "swish": jax.nn.silu,
}
# On the CPU a document is attended to in the smallest of these windows that holds it. Each costs
# a few tenths of a second of compilation.
WINDOWS = (64, 128, 192, 256, 384)


def supported(config) -> str | None:
    """Why this architecture cannot be packed, or None when it can."""
    if config.model_type != "bert":
        return f"model_type is {config.model_type!r}, not 'bert'"
    if config.hidden_act not in ACTIVATIONS:
        return f"hidden_act is {config.hidden_act!r}, not one of {', '.join(ACTIVATIONS)}"
    if getattr(config, "position_embedding_type", "absolute") != "absolute":
        return f"position_embedding_type is {config.position_embedding_type!r}, not 'absolute'"
    if config.is_decoder or config.add_cross_attention:
        return "it is a decoder, or has cross attention"
    return None


def packed_logits(
    params,
    batch,
    config: BertConfig,
    *,
    dtype=jnp.float32,
    dropout_rng=None,
    attention_dropout="shared",
    attention=None,
):
    """Logits, float32[documents, num_labels], of one device's packed batch.

    Args:
      params: FlaxBertForSequenceClassification's own tree.
      batch: `input_ids`, `segment_ids` (0 = padding, 1.. = the document's number in its row) and
        `position_ids`, int32[rows, row_length]; `cls_index` int32[documents], each document's
        first token in the flattened rows (0 in unused slots; their logits mean nothing); for
        dropout, `document` int32[documents], which of all documents each is.
      config: of the model's shape; `supported(config)` must be None.
      dtype: of matrix products and activations; softmax, layer norm and logits are float32.
      dropout_rng: key; None for no dropout.
      attention_dropout: "shared" or "each" (see attention_dropout.py).
      attention: "documents" or "rows" (see the functions); None: what suits the backend.
    """
    batch = {name: jnp.asarray(array) for name, array in batch.items()}
    if attention is None:
        attention = "documents" if jax.default_backend() == "cpu" else "rows"
    spans = _spans(batch)
    dropout = Dropout(dropout_rng, config.hidden_dropout_prob)
    numbers = None if dropout_rng is None else _token_numbers(batch, spans, config)
    of_cls = None if numbers is None else numbers[spans.start]
    limit = min(batch["segment_ids"].shape[1], config.max_position_embeddings)
    next_mask = partial(draw_mask, attention_dropout, dropout, numbers, limit, config)
    attend = {"documents": _document_attention, "rows": _row_attention}[attention]

    bert = params["bert"]
    layers = [bert["encoder"]["layer"][str(i)] for i in range(config.num_hidden_layers)]
    hidden = dropout(_embed(bert["embeddings"], batch, config, dtype), numbers)
    for layer in layers[:-1]:
        qkv = _heads(hidden, layer["attention"]["self"], ("query", "key", "value"), config)
        context = attend(qkv, batch, spans, config, next_mask())
        hidden = _after_attention(layer, context, hidden, numbers, config, dropout)
    # The pooler reads [CLS] alone, so the last layer is computed for those tokens alone.
    context = _cls_attention(layers[-1], hidden, batch, spans, config, next_mask())
    hidden = _after_attention(layers[-1], context, hidden[spans.start], of_cls, config, dropout)

    pooled = jnp.tanh(_dense(hidden, bert["pooler"]["dense"]))
    pooled = dropout(pooled, of_cls, config.classifier_dropout)
    return _dense(pooled.astype(jnp.float32), params["classifier"])


class _Spans(NamedTuple):
    """Where each slot's document lies in the flat list of tokens.

    An unused slot points at token 0 and so repeats the document there, if there is one.
    """

    start: jax.Array
    length: jax.Array


def _spans(batch):
    segments, start = batch["segment_ids"], batch["cls_index"]
    row = start // segments.shape[1]
    segment = segments.reshape(-1)[start]
    length = jnp.sum(segments[row] == segment[:, None], axis=1, dtype=jnp.int32)
    return _Spans(start, jnp.where(segment > 0, length, 0))


def _inside(spans, tokens):
    """bool[documents, tokens]: which of the flat list's tokens are a document's."""
    token, start = jnp.arange(tokens), spans.start[:, None]
    return (token >= start) & (token < start + spans.length[:, None])


def _token_numbers(batch, spans, config):
    """uint32[tokens]: the same number for the same token of the same document, anywhere."""
    position = batch["position_ids"].reshape(-1)
    document = batch["document"][_inside(spans, len(position)).argmax(axis=0)]
    return (document * config.max_position_embeddings + position).astype(jnp.uint32)


def _dense(x, p):
    return x @ p["kernel"].astype(x.dtype) + p["bias"].astype(x.dtype)


def _layer_norm(x, p, config):
    wide = x.astype(jnp.float32)
    centred = wide - jnp.mean(wide, axis=-1, keepdims=True)
    inverse = jax.lax.rsqrt(
        jnp.mean(jnp.square(centred), axis=-1, keepdims=True) + config.layer_norm_eps
    )
    return (centred * (inverse * p["scale"]) + p["bias"]).astype(x.dtype)


def _embed(p, batch, config, dtype):
    word = p["word_embeddings"]["embedding"][batch["input_ids"].reshape(-1)]
    position = p["position_embeddings"]["embedding"][batch["position_ids"].reshape(-1)]
    token_type = p["token_type_embeddings"]["embedding"][0]
    return _layer_norm((word + position + token_type).astype(dtype), p["LayerNorm"], config)


def _after_attention(layer, context, residual, numbers, config, dropout):
    output = layer["attention"]["output"]
    x = dropout(_dense(context.reshape(residual.shape), output["dense"]), numbers)
    x = _layer_norm(x + residual, output["LayerNorm"], config)
    wide = ACTIVATIONS[config.hidden_act](_dense(x, layer["intermediate"]["dense"]))
    wide = dropout(_dense(wide, layer["output"]["dense"]), numbers)
    return _layer_norm(wide + x, layer["output"]["LayerNorm"], config)


def _heads(x, p, names, config):
    """[tokens, len(names), heads, head size]: the named projections in one matrix product."""
    joined = {
        leaf: jnp.concatenate([p[name][leaf] for name in names], axis=-1)
        for leaf in ("kernel", "bias")
    }
    return _dense(x, joined).reshape(x.shape[0], len(names), config.num_attention_heads, -1)


def _attend(query, key, value, mask, keep):
    """Softmax attention: [queries, heads, size] over [keys, heads, size]; mask [queries, keys]."""
    scale = np.float32(1 / np.sqrt(query.shape[-1]))
    scores = jnp.einsum("qhd,khd->hqk", query, key, preferred_element_type=jnp.float32) * scale
    scores = jnp.where(mask, scores, jnp.finfo(jnp.float32).min)
    weights = drop(jax.nn.softmax(scores, axis=-1), keep).astype(value.dtype)
    return jnp.einsum("hqk,khd->qhd", weights, value)


def _cls_attention(layer, hidden, batch, spans, config, dropped):
    """Each document's [CLS] over its own tokens: so few queries that one masked product does."""
    p = layer["attention"]["self"]
    query = _heads(hidden[spans.start], p, ("query",), config)[:, 0]
    pairs = _heads(hidden, p, ("key", "value"), config)
    keep = dropped and dropped.of_first(spans.start, batch["position_ids"].reshape(-1))
    mask = _inside(spans, hidden.shape[0])
    return _attend(query, pairs[:, 0], pairs[:, 1], mask, keep)


def _row_attention(qkv, batch, spans, config, dropped):
    """Whole rows under a block-diagonal mask: for accelerators."""
    segments = batch["segment_ids"]
    rows, length = segments.shape
    query, key, value = (qkv[:, i].reshape(rows, length, *qkv.shape[2:]) for i in range(3))
    mask = segments[:, :, None] == segments[:, None, :]
    if dropped is None:
        # cuDNN takes 16-bit types alone, and jax.nn has no dropout.
        cudnn = jax.default_backend() == "gpu" and qkv.dtype != jnp.float32
        return jax.nn.dot_product_attention(
            query, key, value, mask=mask[:, None], implementation="cudnn" if cudnn else "xla"
        )
    kept, rate = dropped.of_rows(batch["position_ids"])
    return jax.vmap(lambda q, k, v, m, kept: _attend(q, k, v, m, (kept, rate)))(
        query, key, value, mask, kept
    )


def _document_attention(qkv, batch, spans, config, dropped):
    """Each document by itself, in a window of about its own length: for the CPU."""
    limit = min(batch["segment_ids"].shape[1], config.max_position_embeddings)
    windows = (*(w for w in WINDOWS if w < limit), limit)
    return _windowed(windows, qkv, spans, dropped)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _windowed(windows, qkv, spans, dropped):
    def write(window, tokens, context):
        new = _attend_window(window, tokens, dropped)
        return _add(context, jnp.where(window.inside[:, None, None], new, 0), window.start)

    return _over_documents(windows, qkv, spans, write, jnp.zeros_like(qkv[:, 0]))


def _windowed_forward(windows, qkv, spans, dropped):
    return _windowed(windows, qkv, spans, dropped), (qkv, spans, dropped)


def _windowed_backward(windows, saved, gradient):
    qkv, spans, dropped = saved

    def write(window, tokens, result):
        # Computed again from q, k and v: the scores of all documents would not fit a cache.
        _, pull = jax.vjp(lambda tokens: _attend_window(window, tokens, dropped), tokens)
        of_context = jax.lax.dynamic_slice_in_dim(gradient, window.start, len(window.inside))
        (new,) = pull(jnp.where(window.inside[:, None, None], of_context, 0))
        return _add(result, new, window.start)

    return _over_documents(windows, qkv, spans, write, jnp.zeros_like(qkv)), None, None


_windowed.defvjp(_windowed_forward, _windowed_backward)


class _Window(NamedTuple):
    """A stretch of the flat list that holds one document.

    `before` counts its tokens ahead of the document's first; `inside` is bool[size].
    """

    start: jax.Array
    before: jax.Array
    inside: jax.Array


def _attend_window(window, tokens, dropped):
    keep = dropped and dropped.of_window(window.start, window.before, len(window.inside))
    return _attend(tokens[:, 0], tokens[:, 1], tokens[:, 2], window.inside, keep)


def _over_documents(windows, qkv, spans, write, result):
    """Lets write(window, its part of qkv, result) -> result add each document, once, in the
    smallest window that holds it."""
    repeated = jnp.triu(spans.start[:, None] == spans.start, k=1).any(axis=0)
    fits = jnp.searchsorted(jnp.array(windows), spans.length)
    fits = jnp.where((spans.length == 0) | repeated, len(windows), fits)
    order = jnp.argsort(fits)
    bounds = jnp.searchsorted(fits[order], jnp.arange(len(windows) + 1))
    for i, size in enumerate(windows):

        def body(n, result, size=size):
            start, length = spans.start[order[n]], spans.length[order[n]]
            at = jnp.minimum(start, qkv.shape[0] - size)  # the window must not pass the end
            token = at + jnp.arange(size)
            window = _Window(at, start - at, (token >= start) & (token < start + length))
            return write(window, jax.lax.dynamic_slice_in_dim(qkv, at, size), result)

        result = jax.lax.fori_loop(bounds[i], bounds[i + 1], body, result)
    return result


def _add(array, new, at):
    old = jax.lax.dynamic_slice_in_dim(array, at, new.shape[0])
    return jax.lax.dynamic_update_slice_in_dim(array, old + new, at, 0)
