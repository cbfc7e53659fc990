"""Times the packed forward: one layer's parts, and whole training steps on the music mixture.

    python benchmarks/packed_layer.py --parts                 # a layer with and without each part
    python benchmarks/packed_layer.py --data=SHARED/data   # steps; torch_step.py's own batches
    python benchmarks/packed_layer.py                         # steps on made-up lengths like them

BERT base's shape, 26,000 vocabulary rows, random weights, fp32, dropout on, AdamW. The last line is
JSON; run it in turn with SHARED/peers/torch_step.py, which draws the same batches with the same
--steps (its --pad=max and --pad=batch). The first two are not timed, there as here.
"""

import argparse
import functools
import html
import json
import pathlib
import statistics
import time
import xml.etree.ElementTree as ET

import jax
import jax.numpy as jnp
import numpy as np
import optax
from transformers import BertConfig
from transformers.models.bert.modeling_flax_bert import FlaxBertForSequenceClassificationModule

from xlt_flax.data.layout.packed import lay_out
from xlt_flax.data.layout.placing import Shape
from xlt_flax.data.layout.shapes import choose_shapes
from xlt_flax.modeling.encoders import bert
from xlt_flax.modeling.packed_encoder import packed_logits

VOCABULARY = 26_000


def random_parameters(config):
    module = FlaxBertForSequenceClassificationModule(config)
    ids = jnp.ones((1, 8), jnp.int32)
    tree = jax.eval_shape(lambda: module.init(jax.random.key(0), ids, ids, ids, ids, None))
    rng = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: jnp.asarray(0.02 * rng.standard_normal(leaf.shape, np.float32)), tree["params"]
    )


def music_lengths(data):
    """Token lengths of torch_step.py's 3,000 documents, and its order of them."""
    from tokenizers import BertWordPieceTokenizer

    vocabulary = data / "bert-base-multilingual-cased/vocab.txt"
    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=False, strip_accents=False)
    tokenizer.enable_truncation(512)
    rng, texts = np.random.default_rng(0), []
    for language in ("en", "de", "fr"):
        folder = data / f"webis-cls-10/cls-acl10-unprocessed/{language}/music"
        items = [
            i for split in ("train", "test") for i in ET.parse(folder / f"{split}.review").getroot()
        ]
        chosen = rng.choice(len(items), 1000, replace=False)
        texts += [html.unescape(items[i].findtext("text") or "") for i in chosen]
    lengths = np.array([len(e.ids) for e in tokenizer.encode_batch(texts)])
    return lengths, rng


def made_up_lengths():
    rng = np.random.default_rng(0)
    return np.minimum(np.exp(rng.normal(4.88, 0.76, 3000)).astype(int) + 2, 512), rng


def batches(lengths, rng, batch_size, steps):
    """The lengths of each batch's documents: torch_step.py's --pad=max and --pad=batch."""
    order = rng.permutation(len(lengths))
    cut = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return [lengths[cut[i]] for i in rng.permutation(len(cut))[: steps + 2]]


def filled(lengths, shape):
    rng = np.random.default_rng(0)
    batch = lay_out([rng.integers(1, VOCABULARY, n) for n in lengths], shape)
    document = np.arange(shape.documents, dtype=np.int32)
    return batch | {"document": document, "labels": document % 2}


def loss_of(params, batch, key, config, **options):
    logits = packed_logits(params, batch, bert.anatomy(config), dropout_rng=key, **options)
    return optax.softmax_cross_entropy_with_integer_labels(logits, batch["labels"]).mean()


def time_steps(args):
    config = BertConfig(vocab_size=VOCABULARY, num_hidden_layers=args.layers)
    data = args.data and pathlib.Path(args.data)
    lengths, rng = music_lengths(data) if data else made_up_lengths()
    drawn = batches(lengths, rng, args.batch_size, args.steps)
    choose = functools.partial(choose_shapes, steps=3750, limit=args.shapes)
    if args.attention == "rows":
        choose = functools.partial(choose, row_lengths=(512,), row_cost=2e-4)
    plan = choose(lengths, args.batch_size)
    optimizer = optax.adamw(2e-5, eps=1e-6, weight_decay=0.0)

    def step(params, state, batch, key):
        loss, gradients = jax.value_and_grad(loss_of)(
            params, batch, key, config, attention=args.attention
        )
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, loss

    jitted = jax.jit(step, donate_argnums=(0, 1))
    params = random_parameters(config)
    state = jax.jit(optimizer.init)(params)
    compiled, compile_seconds, seconds = {}, [], []
    for n, documents in enumerate(drawn):
        shape = plan.shape_for([documents])
        batch, key = filled(documents, shape), jax.random.key(n)
        if shape not in compiled:
            start = time.perf_counter()
            compiled[shape] = jitted.lower(params, state, batch, key).compile()
            compile_seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        params, state, loss = compiled[shape](params, state, batch, key)
        loss.block_until_ready()
        seconds.append(time.perf_counter() - start)
    tokens = sum(int(d.sum()) for d in drawn[2:])
    computed = sum(plan.shape_for([d]).tokens for d in drawn[2:])
    timed = seconds[2:]
    print(
        json.dumps(
            dict(
                attention=args.attention,
                steps=len(timed),
                shapes=[(s.rows, s.row_length) for s in plan.shapes],
                median_seconds=round(statistics.median(timed), 3),
                mean_seconds=round(statistics.mean(timed), 3),
                tokens_per_second=round(tokens / sum(timed), 1),
                padding_fraction=round(1 - tokens / computed, 3),
                compile_seconds=round(statistics.mean(compile_seconds), 1),
                device=jax.default_backend(),
                jax=jax.__version__,
            )
        )
    )


def time_parts(args):
    """Gradients of two layers and the last, one part changed at a time; least of all turns."""
    config = BertConfig(vocab_size=VOCABULARY, num_hidden_layers=3)
    params = random_parameters(config)
    lengths = [512, 300, 180, 140, 110, 90, 60, 40]
    key = jax.random.key(0)
    one_row, rows = filled(lengths, Shape(1, 1472, 8)), filled(lengths, Shape(3, 512, 8))
    relu = BertConfig(vocab_size=VOCABULARY, num_hidden_layers=3, hidden_act="relu")
    cases = {
        "documents, 1 x 1472": (one_row, key, config, {}),
        "documents, 3 x 512": (rows, key, config, {}),
        "rows, 3 x 512": (rows, key, config, {"attention": "rows"}),
        "relu for gelu": (one_row, key, relu, {}),
        "no dropout": (one_row, None, config, {}),
        "no full layer (embedding, last layer)": (
            one_row,
            key,
            BertConfig(vocab_size=VOCABULARY, num_hidden_layers=1),
            {},
        ),
    }
    runs = {}
    for name, (batch, case_key, config, options) in cases.items():
        gradient = jax.jit(jax.grad(lambda p, b, k, c=config, o=options: loss_of(p, b, k, c, **o)))
        start = time.perf_counter()
        compiled = gradient.lower(params, batch, case_key).compile()
        compile_seconds = time.perf_counter() - start
        jax.block_until_ready(compiled(params, batch, case_key))
        runs[name] = (lambda c=compiled, b=batch, k=case_key: c(params, b, k)), compile_seconds
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(args.steps):
        for name, (run, _) in runs.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            best[name] = min(best[name], time.perf_counter() - start)
    for name, seconds in best.items():
        print(f"{name:40s}{seconds * 1e3:9.1f} ms   compiled in {runs[name][1]:.1f} s")
    print(json.dumps({name: round(seconds, 4) for name, seconds in best.items()}))


def main():
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--parts", action="store_true")
    flags.add_argument("--data", default="")
    flags.add_argument("--steps", type=int, default=12)
    flags.add_argument("--batch_size", type=int, default=8)
    flags.add_argument("--layers", type=int, default=12)
    flags.add_argument("--shapes", type=int, default=6)
    flags.add_argument("--attention", choices=("documents", "rows"), default="documents")
    args = flags.parse_args()
    (time_parts if args.parts else time_steps)(args)


if __name__ == "__main__":
    main()
