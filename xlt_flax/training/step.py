"""The pmapped training and evaluation steps. Imports no TensorFlow.

The state is kept once per host (`in_axes=None`) and only batches are spread over devices, so what
goes into a checkpoint is what comes out of a step.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

import flax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from xlt_flax.data.layout.slots import Batch as HostBatch
from xlt_flax.modeling.encoders import Batch, Forward, Params
from xlt_flax.training.objectives import Objective, single_label, weighted_losses_of

AXIS = "devices"  # over which a step is mapped
_DROPOUT = 1  # the stream of random keys; the head's weights are drawn from the seed itself
_PROGRAMS_KEPT = 4  # compiled programs of a process, for runs that follow with the same

_Tree = TypeVar("_Tree")
_Function = TypeVar("_Function", bound=Callable[..., Any])
Metrics = dict[str, jax.Array]  # of one step: scalars, on the devices


@flax.struct.dataclass
class TrainState:
    """What training changes, and what a checkpoint holds; on the devices, or on the host.

    Attributes:
      step: int32, updates made so far.
      params: the model's weights, float32.
      opt_state: the optimizer's.
    """

    step: jax.Array | np.ndarray
    params: Params
    opt_state: optax.OptState


def new_state(params: Params, optimizer: optax.GradientTransformation) -> TrainState:
    """The state before the first update."""
    return TrainState(np.zeros((), np.int32), params, jax.jit(optimizer.init)(params))


def put_on_devices(tree: _Tree) -> _Tree:
    """Copies a tree to all local devices, laid out as the steps return it.

    A step that is given its own output next finds the layout it was compiled for; any other would
    compile it a second time.
    """
    mesh = Mesh(np.array(jax.local_devices()), (AXIS,))
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


@flax.struct.dataclass
class Weighting:
    """How much classes and documents count in the loss that is trained on.

    Attributes:
      class_weights: float32[labels].
      smoothing: float32[], of labels.
    """

    class_weights: jax.Array
    smoothing: jax.Array


class Step:
    """A pmapped program as the host calls it: with batches that were built for all devices.

    Args:
      program: of (state or params, one host's share of a batch, *constants).
      constants: on the devices.
    """

    def __init__(self, program: Any, *constants: Any):
        self._program, self.constants = program, constants

    def __call__(self, state: Any, batch: HostBatch) -> Any:
        return self._program(state, _local_share(batch), *self.constants)

    def compile(self, state: Any, batch: HostBatch) -> None:
        """Compiles for such arguments and runs nothing, so that a call finds it done."""
        self.lower(state, batch).compile()

    def lower(self, state: Any, batch: HostBatch) -> jax.stages.Lowered:
        """The program for such arguments, before it is compiled."""
        return self._program.lower(state, _local_share(batch), *self.constants)


def is_there(metrics: Metrics) -> bool:
    """Whether the step that they are of is done."""
    return all(value.is_ready() for value in metrics.values())  # type: ignore[attr-defined]  # JAX's own stub lacks it


def make_train_step(
    forward: Forward,
    optimizer: optax.GradientTransformation,
    seed: int,
    objective: Objective = single_label,
    tf32: bool = False,
    weighting: Weighting | None = None,
) -> Step:
    """Returns step(state, batch) -> (state, metrics), over all devices of all hosts.

    The loss is the mean over the documents of the whole batch, whatever the number of devices; with
    a weighting, that weighted by their classes.
    Metrics are scalars: `loss`, `accuracy` and `gradient_norm`. The train state that goes in is
    donated: its buffers are gone.

    Steps of one process that are made of the same objects, for whatever seeds, are one program:
    they compile once for each shape.

    Args:
      forward: the model.
      optimizer: as in `new_state`.
      seed: of dropout; the key of a step depends on it and the step's number.
      objective: what the model is trained for.
      tf32: whether float32 matrices are multiplied in the device's fast mode, not in full.
      weighting: of the loss; None: all documents count the same. A program is for any weights.
    """
    key = jax.random.fold_in(jax.random.key(seed), _DROPOUT)
    key_data = put_on_devices(np.asarray(jax.random.key_data(key)))
    program = _train_program(forward, optimizer, objective, tf32)
    return Step(program, key_data, weighting and put_on_devices(weighting))


@lru_cache(maxsize=_PROGRAMS_KEPT)
def _train_program(
    forward: Forward, optimizer: optax.GradientTransformation, objective: Objective, tf32: bool
) -> Any:
    """`train_step_of`, pmapped."""
    return jax.pmap(
        train_step_of(forward, optimizer, objective, tf32),
        axis_name=AXIS,
        in_axes=(None, 0, None, None),
        out_axes=(None, None),
        donate_argnums=0,
    )


def train_step_of(
    forward: Forward, optimizer: optax.GradientTransformation, objective: Objective, tf32: bool
) -> Callable[..., tuple[TrainState, Metrics]]:
    """One device's (state, its share of a batch, key data of the run's dropout, weighting) ->
    (state, metrics), for a map over the axis AXIS."""

    @_multiplying(tf32)
    def train_step(
        state: TrainState, batch: Batch, key_data: jax.Array, weighting: Weighting | None
    ) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(jax.random.wrap_key_data(key_data), state.step)
        documents = jax.lax.psum(batch["weights"].sum(), AXIS)

        def loss_of(params: Params) -> tuple[jax.Array, jax.Array]:
            logits = forward(params, batch, key)
            if weighting is not None:
                return _weighted_loss(objective, logits, batch, weighting), logits
            return _losses(objective, logits, batch).sum() / documents, logits

        (loss, logits), gradients = jax.value_and_grad(loss_of, has_aux=True)(state.params)
        gradients = jax.lax.psum(gradients, AXIS)
        with jax.named_scope("adam"):
            updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
        correct = objective.correct(logits, batch["labels"]) * batch["weights"]
        metrics = {
            "loss": jax.lax.psum(loss, AXIS),
            "accuracy": jax.lax.psum(correct.sum(), AXIS) / documents,
            "gradient_norm": optax.tree.norm(gradients),
        }
        with jax.named_scope("adam"):
            params = optax.apply_updates(state.params, updates)
        return TrainState(state.step + 1, params, opt_state), metrics

    return cast(Callable[..., tuple[TrainState, Metrics]], train_step)


def make_eval_step(
    forward: Forward, objective: Objective = single_label, tf32: bool = False
) -> Step:
    """Returns step(params, batch) -> (logits, losses) of all documents of all devices, in order.

    float32[devices, documents, labels] and float32[devices, documents], on every host. Arguments
    as of `make_train_step`; as there, the steps of the same ones are one program.
    """
    return Step(_eval_program(forward, objective, tf32))


@lru_cache(maxsize=_PROGRAMS_KEPT)
def _eval_program(forward: Forward, objective: Objective, tf32: bool) -> Any:
    """`eval_step_of`, pmapped."""
    step = eval_step_of(forward, objective, tf32)
    return jax.pmap(step, axis_name=AXIS, in_axes=(None, 0), out_axes=None)


def eval_step_of(
    forward: Forward, objective: Objective, tf32: bool
) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """One device's (params, its share of a batch) -> (logits, losses), for a map over AXIS."""

    @_multiplying(tf32)
    def eval_step(params: Params, batch: Batch) -> tuple[jax.Array, jax.Array]:
        logits = forward(params, batch, None)
        return jax.lax.all_gather((logits, _losses(objective, logits, batch)), AXIS)

    return cast(Callable[..., tuple[jax.Array, jax.Array]], eval_step)


def _multiplying(tf32: bool) -> Callable[[_Function], _Function]:
    """Traces a function with float32 matrices multiplied in full, or in the device's fast mode,
    whatever the importing program has set."""

    def traced(function: _Function) -> _Function:
        @wraps(function)
        def with_precision(*arguments: Any) -> Any:
            with jax.default_matmul_precision(None if tf32 else "highest"):
                return function(*arguments)

        return cast(_Function, with_precision)

    return traced


def _local_share(batch: HostBatch) -> HostBatch:
    """This host's devices' part of a batch that was built for all devices."""
    first = jax.process_index() * jax.local_device_count()
    return {name: array[first : first + jax.local_device_count()] for name, array in batch.items()}


def _losses(objective: Objective, logits: jax.Array, batch: Batch) -> jax.Array:
    """float32[documents]; 0 where there is none."""
    return jnp.where(batch["weights"] > 0, objective.losses(logits, batch["labels"]), 0.0)


def _weighted_loss(
    objective: Objective, logits: jax.Array, batch: Batch, weighting: Weighting
) -> jax.Array:
    """This device's part of the whole batch's weighted mean."""
    weighted_losses = weighted_losses_of(objective)
    if weighted_losses is None:
        raise ValueError("the objective knows no weights of classes")
    losses, weights = weighted_losses(
        logits, batch["labels"], weighting.class_weights, weighting.smoothing
    )
    held = batch["weights"] > 0
    total = jax.lax.psum(jnp.where(held, weights, 0.0).sum(), AXIS)
    return jnp.where(held, losses, 0.0).sum() / total
