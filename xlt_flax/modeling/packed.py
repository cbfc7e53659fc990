"""FlaxBertForSequenceClassification's logits for documents packed several to a row.

The same function of the same parameter tree as transformers' module, computed over packed rows:
attention stays inside each document, positions count from 0 in each, and [CLS] is gathered per
document. What a padded batch spends on padding is not computed at all.

Tokens are one flat list here, [rows * row_length, hidden]; only attention knows documents or rows.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from transformers import BertConfig

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
    params, batch, config: BertConfig, *, dtype=jnp.float32, dropout_rng=None, attention=None
):
    """Logits, float32[documents, num_labels], of one device's packed batch.

    Args:
      params: FlaxBertForSequenceClassification's own tree.
      batch: `input_ids`, `segment_ids` (0 = padding, 1.. = the document's number in its row) and
        `position_ids`, int32[rows, row_length]; `cls_index` int32[documents], each document's
        first token in the flattened rows (0 in unused slots; their logits mean nothing).
      config: of the model's shape; `supported(config)` must be None.
      dtype: of matrix products and activations; softmax, layer norm and logits are float32.
      dropout_rng: key; None for no dropout.
      attention: "documents" or "rows" (see the functions); None: what suits the backend.
    """
    batch = {name: jnp.asarray(array) for name, array in batch.items()}
    if attention is None:
        attention = "documents" if jax.default_backend() == "cpu" else "rows"
    spans = _spans(batch)
    dropout = _Dropout(dropout_rng, config.hidden_dropout_prob)
    attend = {"documents": _document_attention, "rows": _row_attention}[attention]

    bert = params["bert"]
    layers = [bert["encoder"]["layer"][str(i)] for i in range(config.num_hidden_layers)]
    hidden = dropout(_embed(bert["embeddings"], batch, config, dtype))
    for layer in layers[:-1]:
        qkv = _heads(hidden, layer["attention"]["self"], ("query", "key", "value"), config)
        context = attend(qkv, batch, spans, config, dropout)
        hidden = _after_attention(layer, context, hidden, config, dropout)
    # The pooler reads [CLS] alone, so the last layer is computed for those tokens alone.
    context = _cls_attention(layers[-1], hidden, spans, config, dropout)
    hidden = _after_attention(layers[-1], context, hidden[spans.start], config, dropout)

    pooled = jnp.tanh(_dense(hidden, bert["pooler"]["dense"]))
    pooled = dropout(pooled, config.classifier_dropout)
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


class _Dropout:
    """Dropout whose every call draws from a key of its own; without a key it does nothing.

    `rate` stands in where a call's own is None. Attention draws one mask for all heads and
    documents of a layer, as FlaxBert does.
    """

    def __init__(self, rng, rate):
        self.rng, self.rate, self.calls = rng, rate, 0

    def __call__(self, x, rate=None):
        rate = self.rate if rate is None else rate
        return _drop(x, self.keep(x.shape, rate))

    def keep(self, shape, rate):
        """(bool mask of what is kept, rate); None where nothing is dropped."""
        if self.rng is None or rate == 0.0:
            return None
        self.calls += 1
        key = jax.random.fold_in(self.rng, self.calls)
        size = int(np.prod(shape))
        # Two 16-bit draws from each 32-bit word: 1/65536 is fine enough for a rate.
        words = jax.random.bits(key, (-(-size // 2),), jnp.uint32)
        bits = jax.lax.bitcast_convert_type(words, jnp.uint16).reshape(-1)[:size]
        return (bits >= round(rate * 65536)).reshape(shape), rate


def _drop(x, keep):
    if keep is None:
        return x
    mask, rate = keep
    return jnp.where(mask, x / (1.0 - rate), 0).astype(x.dtype)


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


def _after_attention(layer, context, residual, config, dropout):
    output = layer["attention"]["output"]
    x = dropout(_dense(context.reshape(residual.shape), output["dense"]))
    x = _layer_norm(x + residual, output["LayerNorm"], config)
    wide = ACTIVATIONS[config.hidden_act](_dense(x, layer["intermediate"]["dense"]))
    return _layer_norm(
        dropout(_dense(wide, layer["output"]["dense"])) + x, layer["output"]["LayerNorm"], config
    )


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
    weights = _drop(jax.nn.softmax(scores, axis=-1), keep).astype(value.dtype)
    return jnp.einsum("hqk,khd->qhd", weights, value)


def _cls_attention(layer, hidden, spans, config, dropout):
    """Each document's [CLS] over its own tokens: so few queries that one masked product does."""
    p = layer["attention"]["self"]
    query = _heads(hidden[spans.start], p, ("query",), config)[:, 0]
    pairs = _heads(hidden, p, ("key", "value"), config)
    token = jnp.arange(hidden.shape[0])
    first, past = spans.start[:, None], (spans.start + spans.length)[:, None]
    keep = dropout.keep((len(spans.start), hidden.shape[0]), config.attention_probs_dropout_prob)
    return _attend(query, pairs[:, 0], pairs[:, 1], (token >= first) & (token < past), keep)


def _row_attention(qkv, batch, spans, config, dropout):
    """Whole rows under a block-diagonal mask: for accelerators."""
    segments = batch["segment_ids"]
    rows, length = segments.shape
    keep = dropout.keep((length, length), config.attention_probs_dropout_prob)
    query, key, value = (qkv[:, i].reshape(rows, length, *qkv.shape[2:]) for i in range(3))
    mask = segments[:, :, None] == segments[:, None, :]
    if keep is None:
        # cuDNN takes 16-bit types alone, and jax.nn has no dropout.
        cudnn = jax.default_backend() == "gpu" and qkv.dtype != jnp.float32
        return jax.nn.dot_product_attention(
            query, key, value, mask=mask[:, None], implementation="cudnn" if cudnn else "xla"
        )
    return jax.vmap(partial(_attend, keep=keep))(query, key, value, mask)


def _document_attention(qkv, batch, spans, config, dropout):
    """Each document by itself, in a window of about its own length: for the CPU."""
    limit = min(batch["segment_ids"].shape[1], config.max_position_embeddings)
    windows = (*(w for w in WINDOWS if w < limit), limit)
    keep, rate = dropout.keep((limit, limit), config.attention_probs_dropout_prob) or (None, 0.0)
    return _windowed(windows, rate, qkv, spans, keep)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _windowed(windows, rate, qkv, spans, kept):
    def write(size, window, at, inside, context):
        new = _attend_window(window, inside, size, rate, kept)
        return _add(context, jnp.where(inside[:, None, None], new, 0), at)

    return _over_documents(windows, qkv, spans, write, jnp.zeros_like(qkv[:, 0]))


def _windowed_forward(windows, rate, qkv, spans, kept):
    return _windowed(windows, rate, qkv, spans, kept), (qkv, spans, kept)


def _windowed_backward(windows, rate, saved, gradient):
    qkv, spans, kept = saved

    def write(size, window, at, inside, result):
        # Computed again from q, k and v: the scores of all documents would not fit a cache.
        _, pull = jax.vjp(lambda w: _attend_window(w, inside, size, rate, kept), window)
        of_context = jax.lax.dynamic_slice_in_dim(gradient, at, size)
        (new,) = pull(jnp.where(inside[:, None, None], of_context, 0))
        return _add(result, new, at)

    return _over_documents(windows, qkv, spans, write, jnp.zeros_like(qkv)), None, None


_windowed.defvjp(_windowed_forward, _windowed_backward)


def _attend_window(window, inside, size, rate, kept):
    keep = None if kept is None else (kept[:size, :size], rate)
    return _attend(window[:, 0], window[:, 1], window[:, 2], inside, keep)


def _over_documents(windows, qkv, spans, write, result):
    """Lets `write` add each document to `result`, once, in the window size that it needs.

    write(size, window of qkv, the window's start, bool[size] which of its tokens are the
    document's, result) -> result
    """
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
            inside = (token >= start) & (token < start + length)
            return write(size, jax.lax.dynamic_slice_in_dim(qkv, at, size), at, inside, result)

        result = jax.lax.fori_loop(bounds[i], bounds[i + 1], body, result)
    return result


def _add(array, new, at):
    old = jax.lax.dynamic_slice_in_dim(array, at, new.shape[0])
    return jax.lax.dynamic_update_slice_in_dim(array, old + new, at, 0)
