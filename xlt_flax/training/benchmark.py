"""Times the training step on the batches of a run. Imports no TensorFlow."""

import copy
import resource
import statistics
import time
from dataclasses import dataclass, field
from importlib.metadata import version

import jax
import numpy as np
import optax
from ml_collections import ConfigDict

from xlt_flax.data import selection
from xlt_flax.data.documents import Documents
from xlt_flax.data.order import DatasetOrder
from xlt_flax.modeling.cost import flops_per_token, peak_flops
from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.modeling.weights import weight_shapes
from xlt_flax.training.initial_weights import initial_params
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.length import length_of
from xlt_flax.training.optimizer import optimizer_of
from xlt_flax.training.phases import Phase, training_phase
from xlt_flax.training.plan import plan_run
from xlt_flax.training.stages import starting_point
from xlt_flax.training.step import TrainState, new_state, put_on_devices

_SPEED = (
    "documents_per_second",
    "tokens_per_second",
    "padding_fraction",
    "median_seconds",
    "mean_seconds",
    "peak_fraction",
)
_VARIANTS = (("padded", "full"), ("padded", "active"), ("packed", "full"), ("packed", "active"))
_SYNTHETIC_DOCUMENTS = 1000
_SYNTHETIC_VOCABULARY = 26000  # rows that a mixture of Webis-CLS-10 and its test set use of mBERT's
_LOGNORMAL_SEED = 0


@dataclass
class _Variant:
    """One way to compute the step, with what was measured of it; the state is described alone where
    nothing is run."""

    forward: str
    vocabulary: str
    phase: Phase
    state: TrainState
    compile_seconds: float = 0.0
    seconds: list[float] = field(default_factory=list)
    computed_tokens: int = 0
    shapes: int = 0
    memory: int = 0
    temporary: int = 0


@dataclass(frozen=True)
class TimedDocuments:
    """What batches are taken of.

    Attributes:
      train: the documents of the batches.
      others: what the vocabulary must hold besides.
    """

    train: Documents
    others: list[Documents]


def mixture_documents(config: ConfigDict, inputs: Inputs) -> TimedDocuments:
    """The config's training documents, with all that a run on them must hold."""
    chosen = selection.select(inputs.corpus, config.mixture, config.data)
    test = selection.test_documents(inputs.corpus, config.data.target_language)
    return TimedDocuments(chosen.train, [chosen.validation, test])


def synthetic_documents(
    config: ConfigDict, inputs: Inputs, median: float, mean: float
) -> TimedDocuments:
    """Documents of random tokens, of log-normal lengths that are cut at config.data.max_length."""
    rng = np.random.default_rng(_LOGNORMAL_SEED)
    spread = np.sqrt(2 * np.log(mean / median))
    drawn = rng.lognormal(np.log(median), spread, _SYNTHETIC_DOCUMENTS)
    lengths = np.clip(np.rint(drawn), 3, config.data.max_length).astype(np.int64)
    rows = min(_SYNTHETIC_VOCABULARY, inputs.base.shape.vocab_size)
    documents = Documents.from_arrays(
        ids=[f"synthetic/{i}" for i in range(len(lengths))],
        labels=rng.integers(0, 2, len(lengths)).astype(np.int32),
        digests=np.array([f"{i:032}" for i in range(len(lengths))], "S32"),
        tokens=rng.integers(0, rows, lengths.sum()).astype(np.int32),
        offsets=np.cumsum([0, *lengths]),
    )
    return TimedDocuments(documents, [])


def compare(
    config: ConfigDict,
    inputs: Inputs,
    documents: TimedDocuments,
    steps: int,
    all_variants: bool,
) -> list[dict]:
    """Times the config's own variant, or all of them, step by step in turn on the same batches.

    Args:
      config: of a run.
      inputs: what it names.
      documents: from `mixture_documents` or `synthetic_documents`.
      steps: how many to time; 0: the first one is compiled, and nothing run: no weights are drawn,
        so that it may be larger than this machine.
      all_variants: padded and packed forward, each with the full and the active vocabulary.

    Returns:
      For each variant: `documents_per_second`, `tokens_per_second` (of documents, padding does not
      count), `padding_fraction` of the tokens computed, `median_seconds` and `mean_seconds` of a
      step, `compile_seconds` and `shapes` compiled, `step_memory_bytes` (of the compiled step
      that needs most, on one device: state, batch, results and temporary; 0 where XLA does not
      tell) and `step_temporary_bytes` of it, `parameters` held, `flops_per_step` (of the documents'
      tokens; forward and twice that backward), `peak_fraction` (None where the device's
      peak is not known), `peak_memory_bytes`, `device`, `dtype`, `batch_size`, `versions`. None
      stands for what was not timed.
    """
    own = (config.model.forward, config.model.vocabulary)
    params = initial_params(config, inputs, starting_point(config)) if steps else None
    names = _VARIANTS if all_variants else [own]
    variants = [_variant(config, inputs, params, documents, *pair) for pair in names]
    order = timed_order(config, documents.train)
    _compile(variants, order, steps)
    for number in range(steps):
        for variant in variants:
            _time_step(variant, order.batch(number))
    batches = range(max(steps, 1))
    held = [int(documents.train.lengths[order.batch(number)].sum()) for number in batches]
    return [_result(config, inputs, variant, held) for variant in variants]


def table(results: list[dict]) -> str:
    """The results for people."""
    header = "forward  vocabulary  ms/step  documents/s  tokens/s  padding  compile  shapes  memory"
    return "\n".join([header, *map(_row, results)])


def _row(r: dict) -> str:
    speed = f"{'not timed':>44}"
    if r["median_seconds"] is not None:
        speed = (
            f"{1000 * r['median_seconds']:7.1f}  {r['documents_per_second']:11.2f}  "
            f"{r['tokens_per_second']:8.0f}  {100 * r['padding_fraction']:6.1f}%"
        )
    return (
        f"{r['forward']:<7}  {r['vocabulary']:<10}  {speed}  {r['compile_seconds']:6.1f}s  "
        f"{r['shapes']:6d}  {r['step_memory_bytes'] / 2**30:5.2f}G"
    )


def _variant(
    config: ConfigDict,
    inputs: Inputs,
    params: Params | None,
    documents: TimedDocuments,
    forward: str,
    vocabulary: str,
) -> _Variant:
    config = ConfigDict(config.to_dict())
    config.model.update({"forward": forward, "vocabulary": vocabulary})
    trained_on = selection.count_training(inputs.corpus, config.mixture, config.data)
    length = length_of(config, trained_on)
    plan = plan_run(config, inputs, documents.train, documents.others, length.total)
    rows = plan.rows_for([documents.train, *documents.others])
    optimizer = optimizer_of(config.train, length)
    phase = training_phase(config, inputs, plan, rows, documents.train, optimizer)
    if params is None:
        state = described_state(inputs, rows, optimizer)
    else:
        state = put_on_devices(new_state(rows.select(params), optimizer))
    return _Variant(forward, vocabulary, phase, state)


def described_state(
    inputs: Inputs, rows: Vocabulary, optimizer: optax.GradientTransformation
) -> TrainState:
    """A train state of shapes and types: nothing is held."""
    shape = copy.copy(inputs.base.shape)
    shape.vocab_size = len(rows.ids)
    described: TrainState = jax.eval_shape(
        lambda params: new_state(params, optimizer), weight_shapes(shape)
    )
    return described


def timed_order(config: ConfigDict, documents: Documents) -> DatasetOrder:
    """Which documents each batch holds."""
    size = min(config.train.batch_size, len(documents))
    return DatasetOrder(documents.ids, (), size, "shuffle", 0)


def _compile(variants: list[_Variant], order: DatasetOrder, steps: int) -> None:
    """Compiles each shape that the timed steps will need, and runs it once, which counts too."""
    for variant in variants:
        seen = set()
        for number in range(max(steps, 1)):
            batch = variant.phase.layout.collate(variant.phase.documents, order.batch(number))
            if batch["input_ids"].shape not in seen:
                seen.add(batch["input_ids"].shape)
                started = time.perf_counter()
                _count_memory(variant, variant.phase.step.lower(variant.state, batch).compile())
                if steps:  # and finds it compiled
                    variant.state, metrics = variant.phase.step(variant.state, batch)
                    jax.block_until_ready(metrics)
                variant.compile_seconds += time.perf_counter() - started
        variant.shapes = len(seen)


def _count_memory(variant: _Variant, step: jax.stages.Compiled) -> None:
    """What XLA says that a step holds at once; nothing where the backend does not tell."""
    if (told := step.memory_analysis()) is None:
        return
    results = told.output_size_in_bytes - told.alias_size_in_bytes  # the state's place is kept
    total = told.argument_size_in_bytes + results + told.temp_size_in_bytes
    if total > variant.memory:
        variant.memory, variant.temporary = total, told.temp_size_in_bytes


def _time_step(variant: _Variant, indices: np.ndarray) -> None:
    batch = variant.phase.layout.collate(variant.phase.documents, indices)
    started = time.perf_counter()
    variant.state, metrics = variant.phase.step(variant.state, batch)
    jax.block_until_ready((variant.state, metrics))
    variant.seconds.append(time.perf_counter() - started)
    variant.computed_tokens += batch["input_ids"].size


def _result(config: ConfigDict, inputs: Inputs, variant: _Variant, held_tokens: list[int]) -> dict:
    tokens, device = sum(held_tokens), jax.devices()[0]
    batch_size = min(config.train.batch_size, len(variant.phase.documents))
    flops = flops_per_token(inputs.base.shape, variant.phase.documents.lengths)
    flops *= tokens / len(held_tokens)
    return {
        "forward": variant.forward,
        "vocabulary": variant.vocabulary,
        **_speed(config, variant, batch_size, tokens, flops),
        "compile_seconds": round(variant.compile_seconds, 2),
        "shapes": variant.shapes,
        "step_memory_bytes": variant.memory,
        "step_temporary_bytes": variant.temporary,
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(variant.state.params)),
        "flops_per_step": round(flops),
        "peak_memory_bytes": _peak_memory(device),
        "device": f"{jax.device_count()} x {device.device_kind}",
        "dtype": config.model.dtype,
        "batch_size": batch_size,
        "steps": len(variant.seconds),
        "versions": {name: version(name) for name in ("jax", "jaxlib", "flax", "transformers")},
    }


def _speed(
    config: ConfigDict, variant: _Variant, batch_size: int, tokens: int, flops: float
) -> dict:
    """What the timed steps say; None without any.

    Args:
      config: of the run.
      variant: that was timed.
      batch_size: documents of a step.
      tokens: of the documents of all steps.
      flops: of a step.
    """
    if not variant.seconds:
        return dict.fromkeys(_SPEED)
    steps, seconds = len(variant.seconds), sum(variant.seconds)
    median = statistics.median(variant.seconds)
    kind = jax.devices()[0].device_kind
    peak = peak_flops(kind, config.model.dtype, config.model.tf32)
    values = (
        round(batch_size * steps / seconds, 3),
        round(tokens / seconds, 1),
        round(1 - tokens / variant.computed_tokens, 4),
        round(median, 5),
        round(seconds / steps, 5),
        peak and round(flops / median / (peak * jax.device_count()), 4),
    )
    return dict(zip(_SPEED, values, strict=True))


def _peak_memory(device: jax.Device) -> int:
    """Of the device where it tells, else of the process on the host (in all variants together)."""
    statistics_of_device = device.memory_stats() or {}
    on_host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return statistics_of_device.get("peak_bytes_in_use", on_host)
