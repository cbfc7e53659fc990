"""Times the training step on the batches of a run. Imports no TensorFlow."""

import resource
import statistics
import time
from dataclasses import dataclass, replace
from importlib.metadata import version

import jax
import numpy as np
from ml_collections import ConfigDict

from xlt_flax.data import selection
from xlt_flax.data.documents import Documents
from xlt_flax.data.order import Schedule
from xlt_flax.modeling.cost import flops_per_token, peak_flops
from xlt_flax.training.optimizer import make_optimizer
from xlt_flax.training.plan import Setup
from xlt_flax.training.step import make_train_step, new_state, put_on_devices

_VARIANTS = (("padded", "full"), ("padded", "active"), ("packed", "full"), ("packed", "active"))
_SYNTHETIC_DOCUMENTS = 1000
_SYNTHETIC_VOCABULARY = 26000  # rows that a mixture of Webis-CLS-10 and its test set use of mBERT's
_LOGNORMAL_SEED = 0


@dataclass
class _Variant:
    """One way to compute the step, with what was measured of it."""

    forward: str
    vocabulary: str
    step: object
    state: object
    layout: object
    documents: Documents
    compile_seconds: float = 0.0
    seconds: list | None = None
    computed_tokens: int = 0
    shapes: int = 0


def mixture_documents(setup: Setup) -> tuple[Documents, list[Documents]]:
    """The config's training documents, and all that its vocabulary must hold."""
    config = setup.config
    chosen = selection.select(setup.corpus, config.mixture, config.data)
    test = selection.test_documents(setup.corpus, config.data.target_language)
    return chosen.train, [chosen.train, chosen.validation, test]


def synthetic_documents(
    setup: Setup, median: float, mean: float
) -> tuple[Documents, list[Documents]]:
    """Documents of random tokens, of log-normal lengths that are cut at config.data.max_length."""
    rng = np.random.default_rng(_LOGNORMAL_SEED)
    spread = np.sqrt(2 * np.log(mean / median))
    drawn = rng.lognormal(np.log(median), spread, _SYNTHETIC_DOCUMENTS)
    lengths = np.clip(np.rint(drawn), 3, setup.config.data.max_length).astype(np.int64)
    rows = min(_SYNTHETIC_VOCABULARY, setup.model_config.vocab_size)
    documents = Documents(
        ids=[f"synthetic/{i}" for i in range(len(lengths))],
        labels=rng.integers(0, 2, len(lengths)).astype(np.int32),
        digests=np.array([f"{i:032}" for i in range(len(lengths))], "S32"),
        tokens=rng.integers(0, rows, lengths.sum()).astype(np.int32),
        offsets=np.cumsum([0, *lengths]),
    )
    return documents, [documents]


def compare(setup: Setup, documents, steps: int, all_variants: bool) -> list[dict]:
    """Times the config's own variant, or all of them, step by step in turn on the same batches.

    Args:
      setup: of the config.
      documents: from `mixture_documents` or `synthetic_documents`.
      steps: how many to time.
      all_variants: padded and packed forward, each with the full and the active vocabulary.

    Returns:
      For each variant: `documents_per_second`, `tokens_per_second` (of documents, padding does not
      count), `padding_fraction` of the tokens computed, `median_seconds` and `mean_seconds` of a
      step, `compile_seconds` and `shapes` compiled, `parameters` held, `flops_per_step` (of the
      documents' tokens; forward and twice that backward), `peak_fraction` (None where the device's
      peak is not known), `peak_memory_bytes`, `device`, `dtype`, `batch_size`, `versions`.
    """
    own = (setup.config.model.forward, setup.config.model.vocabulary)
    params = setup.initial_params()
    names = _VARIANTS if all_variants else [own]
    variants = [_variant(setup, params, documents, *pair) for pair in names]
    schedule = _schedule(setup, documents[0])
    _compile(variants, schedule, steps)
    for number in range(steps):
        for variant in variants:
            _time_step(variant, schedule.batch(number))
    held = [int(documents[0].lengths[schedule.batch(n)].sum()) for n in range(steps)]
    return [_result(setup, variant, held) for variant in variants]


def table(results: list[dict]) -> str:
    """The results for people."""
    lines = ["forward  vocabulary  ms/step  documents/s  tokens/s  padding  compile  shapes"]
    for r in results:
        lines.append(
            f"{r['forward']:<7}  {r['vocabulary']:<10}  {1000 * r['median_seconds']:7.1f}  "
            f"{r['documents_per_second']:11.2f}  {r['tokens_per_second']:8.0f}  "
            f"{100 * r['padding_fraction']:6.1f}%  {r['compile_seconds']:6.1f}s  {r['shapes']:6d}"
        )
    return "\n".join(lines)


def _variant(setup: Setup, params: dict, documents, forward: str, vocabulary: str) -> _Variant:
    config = ConfigDict(setup.config.to_dict())
    config.model.update({"forward": forward, "vocabulary": vocabulary})
    setup = replace(setup, config=config)
    train, seen = documents
    held = setup.vocabulary(seen)
    optimizer = make_optimizer(config.train, setup.learning_rate())
    numbered = train.renumbered(held.row_of)
    return _Variant(
        forward=forward,
        vocabulary=vocabulary,
        step=make_train_step(setup.forward(), optimizer, config.seed),
        state=put_on_devices(new_state(held.select(params), optimizer)),
        layout=setup.layout(numbered, int(held.row_of[setup.tokenizer.pad_token_id])),
        documents=numbered,
        seconds=[],
    )


def _schedule(setup: Setup, documents: Documents) -> Schedule:
    size = min(setup.config.train.batch_size, len(documents))
    return Schedule(tuple(documents.ids), ("",) * len(documents), size, "shuffle", 0)


def _compile(variants: list[_Variant], schedule: Schedule, steps: int) -> None:
    """Runs each shape that the timed steps will need, once, and counts that as compilation."""
    for variant in variants:
        seen = set()
        for number in range(steps):
            batch = variant.layout.build(variant.documents, schedule.batch(number))
            if batch["input_ids"].shape not in seen:
                seen.add(batch["input_ids"].shape)
                started = time.perf_counter()
                variant.state, metrics = variant.step(variant.state, batch)
                jax.block_until_ready(metrics)
                variant.compile_seconds += time.perf_counter() - started
        variant.shapes = len(seen)


def _time_step(variant: _Variant, indices: np.ndarray) -> None:
    batch = variant.layout.build(variant.documents, indices)
    started = time.perf_counter()
    variant.state, metrics = variant.step(variant.state, batch)
    jax.block_until_ready((variant.state, metrics))
    variant.seconds.append(time.perf_counter() - started)
    variant.computed_tokens += batch["input_ids"].size


def _result(setup: Setup, variant: _Variant, held_tokens: list[int]) -> dict:
    seconds, device = sum(variant.seconds), jax.devices()[0]
    steps, tokens = len(variant.seconds), sum(held_tokens)
    batch_size = min(setup.config.train.batch_size, len(variant.documents))
    flops = flops_per_token(setup.model_config, variant.documents.lengths) * tokens / steps
    median = statistics.median(variant.seconds)
    model = setup.config.model
    peak = peak_flops(device.device_kind, model.dtype, model.tf32)
    return {
        "forward": variant.forward,
        "vocabulary": variant.vocabulary,
        "documents_per_second": round(batch_size * steps / seconds, 3),
        "tokens_per_second": round(tokens / seconds, 1),
        "padding_fraction": round(1 - tokens / variant.computed_tokens, 4),
        "median_seconds": round(median, 5),
        "mean_seconds": round(seconds / steps, 5),
        "compile_seconds": round(variant.compile_seconds, 2),
        "shapes": variant.shapes,
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(variant.state.params)),
        "flops_per_step": round(flops),
        "peak_fraction": peak and round(flops / median / (peak * jax.device_count()), 4),
        "peak_memory_bytes": _peak_memory(device),
        "device": f"{jax.device_count()} x {device.device_kind}",
        "dtype": setup.config.model.dtype,
        "batch_size": batch_size,
        "steps": steps,
        "versions": {name: version(name) for name in ("jax", "jaxlib", "flax", "transformers")},
    }


def _peak_memory(device) -> int:
    """Of the device where it tells, else of the process on the host (in all variants together)."""
    statistics_of_device = device.memory_stats() or {}
    on_host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return statistics_of_device.get("peak_bytes_in_use", on_host)
