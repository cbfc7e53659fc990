"""A config's programs, compiled for one device that need not be there: its training step, its
evaluation, and predict."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from jax._src.cudnn import fused_attention_stablehlo
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from ml_collections import ConfigDict

from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.placing import Shape
from xlt_flax.data.layout.slots import Batch, Layout
from xlt_flax.errors import UserError
from xlt_flax.modeling.encoders import Params
from xlt_flax.modeling.weights import weight_shapes
from xlt_flax.training.benchmark import TimedDocuments, described_state, timed_order
from xlt_flax.training.compiled.targets import CUDNN, Target
from xlt_flax.training.determinism import OPTION
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.length import Length
from xlt_flax.training.objectives import find_objective
from xlt_flax.training.optimizer import optimizer_of
from xlt_flax.training.phases import Phase, evaluation_phase, training_phase
from xlt_flax.training.plan import Plan, plan_run, stream_layout
from xlt_flax.training.step import AXIS, eval_step_of, train_step_of

_LOOKED_AT = 256  # batches, of which the commonest shape is compiled
_STREAMED = 1024  # documents that predict puts into batches together
_WHOLE, _SPREAD = PartitionSpec(), PartitionSpec(AXIS)

Rows = tuple[int, int]  # how many, and how many tokens each has


@dataclass(frozen=True)
class Program:
    """One that was compiled.

    Attributes:
      name: "step", "evaluation" or "predict".
      rows: of its batch.
      lengths: int[documents], of those that its batch holds.
      compiled: by XLA.
    """

    name: str
    rows: Rows
    lengths: np.ndarray
    compiled: jax.stages.Compiled


def compile_programs(
    config: ConfigDict,
    inputs: Inputs,
    documents: TimedDocuments,
    length: Length,
    target: Target,
    rows: Rows | None = None,
) -> Iterator[Program]:
    """Compiles them one after the other, each when it is asked for.

    Args:
      config: of a run.
      inputs: what it names.
      documents: that its batches are of.
      length: of the run.
      target: the device.
      rows: of a training batch; None: what most batches have.

    Raises:
      UserError: the target's compiler is not installed; or rows are given of padded batches.
    """
    device = target.device()
    options = dict(target.options)
    if config.deterministic and target.backend == "gpu":
        options[OPTION] = True
    with _as_if_on(target.backend):
        plan = plan_run(config, inputs, documents.train, documents.others, length.total)
    if rows is not None and not plan.is_packed:
        raise UserError("--rows: batches that are padded have as many rows as documents")
    ours = _Ours(config, inputs, documents, plan, partial(_compile, device, options))
    for make in (partial(ours.step, length, rows), ours.evaluation, ours.predict):
        with _as_if_on(target.backend):
            program = make()
        yield program


@contextmanager
def _as_if_on(backend: str) -> Iterator[None]:
    """Plans and traces as where JAX has one device of another kind, and cuDNN's attention with it:
    JAX asks the library for its version, which no device's process has loaded."""
    with (
        mock.patch.object(jax, "default_backend", return_value=backend),
        mock.patch.object(jax, "device_count", return_value=1),
        mock.patch.object(fused_attention_stablehlo, "check_cudnn_version", return_value=CUDNN),
    ):
        yield


@dataclass(frozen=True)
class _Ours:
    """The programs of a run."""

    config: ConfigDict
    inputs: Inputs
    documents: TimedDocuments
    plan: Plan
    compile: Callable[..., jax.stages.Compiled]

    def step(self, length: Length, rows: Rows | None) -> Program:
        config, train = self.config, self.documents.train
        held = self.plan.rows_for([train, *self.documents.others])
        optimizer = optimizer_of(config.train, length)
        phase = training_phase(config, self.inputs, self.plan, held, train, optimizer)
        numbers, batch = _batch(config, phase, length.total, rows)
        step = train_step_of(self.plan.forward, optimizer, phase.objective, config.model.tf32)
        state = described_state(self.inputs, held, optimizer)
        compiled = self.compile(step, state, batch, *phase.step.constants, donated=0)
        return Program("step", _rows(batch), train.lengths[numbers], compiled)

    def evaluation(self) -> Program:
        """Of what a run trains and validates on, as long as they are."""
        parts = [self.documents.train, *self.documents.others]
        held = self.plan.rows_for(parts)
        documents = max(parts[1:] or parts, key=len)
        phase = evaluation_phase(self.config, self.inputs, self.plan, held, documents)
        params = described_state(self.inputs, held, optimizer_of(self.config.train, Length(1, 1)))
        return self._predicting("evaluation", phase.layout, documents, params.params)

    def predict(self) -> Program:
        """Of a stream of such documents, with all rows of the word embedding."""
        documents = self.documents.train
        held = weight_shapes(self.inputs.base.shape)
        dtype = jnp.dtype(self.config.eval.weights)
        params = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, dtype), held)
        lengths = documents.lengths[:_STREAMED]
        objective = find_objective(self.config.train.objective)
        labels = len(self.inputs.labels) if objective.SEVERAL else None
        pad = self.inputs.base.tokenizer.pad_token_id
        layout = stream_layout(self.config, self.plan, pad, labels, lengths)
        return self._predicting("predict", layout, documents, params)

    def _predicting(
        self, name: str, layout: Layout, documents: Documents, params: Params
    ) -> Program:
        batch = next(layout.evaluation_batches(documents))
        objective = find_objective(self.config.train.objective)
        step = eval_step_of(self.plan.forward, objective, self.config.model.tf32)
        numbers = batch["document"][batch["document"] >= 0]
        return Program(
            name, _rows(batch), documents.lengths[numbers], self.compile(step, params, batch)
        )


def _batch(
    config: ConfigDict, phase: Phase, steps: int, rows: Rows | None
) -> tuple[np.ndarray, Batch]:
    """The first batch that fits `rows`, or that is of the shape that most have; and which documents
    it holds."""
    order, documents = timed_order(config, phase.documents), phase.documents
    batches = [order.batch(number) for number in range(min(steps, _LOOKED_AT))]
    if rows is None:
        shapes = [phase.layout.shape_of(documents, batch) for batch in batches]
        ((common, _),) = Counter(shapes).most_common(1)
        numbers = batches[shapes.index(common)]
        return numbers, phase.layout.collate(documents, numbers)
    shape = Shape(*rows, config.train.batch_size)
    fitting = [batch for batch in batches if shape.fits(documents.lengths[batch].tolist())]
    if not fitting:
        raise UserError(f"--rows={rows[0]}x{rows[1]}: no batch fits; give more, or longer ones")
    return fitting[0], _resized(phase.layout.collate(documents, fitting[0]), rows)


def _rows(batch: Batch) -> Rows:
    _, rows, length = batch["input_ids"].shape
    return rows, length


def _resized(batch: Batch, rows: Rows) -> Batch:
    """A packed batch with other rows; what they would hold is not looked at."""
    tokens = batch["input_ids"].shape
    return {
        name: np.zeros((tokens[0], *rows), array.dtype) if array.shape == tokens else array
        for name, array in batch.items()
    }


def _compile(
    device: jax.Device,
    options: dict[str, Any],
    step: Callable[..., Any],
    state: Any,
    batch: Batch,
    *constants: Any,
    donated: int | None = None,
) -> jax.stages.Compiled:
    """What pmap makes of a step, by other means: it takes devices that are there."""
    mesh = Mesh(np.array([device]), (AXIS,))

    def on_one(state: Any, batch: Batch, *constants: Any) -> Any:
        return step(state, jax.tree.map(lambda array: array[0], batch), *constants)

    specs = (_WHOLE, _SPREAD, *(_WHOLE for _ in constants))
    mapped = jax.shard_map(on_one, mesh=mesh, in_specs=specs, out_specs=_WHOLE, check_vma=False)
    shardings = tuple(NamedSharding(mesh, spec) for spec in specs)
    program = jax.jit(mapped, in_shardings=shardings, donate_argnums=donated)
    described = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), (state, batch, *constants)
    )
    return program.lower(*described).compile(compiler_options=options)
