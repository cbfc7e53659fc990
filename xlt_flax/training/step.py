"""The pmapped training and evaluation steps. Imports no TensorFlow.

The state is kept once per host (`in_axes=None`) and only batches are spread over devices, so what
goes into a checkpoint is what comes out of a step.
"""

from collections.abc import Callable
from functools import lru_cache

import flax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

_AXIS = "devices"
_DROPOUT = 1  # the stream of random keys; the head's weights are drawn from the seed itself
_PROGRAMS_KEPT = 4  # compiled programs of a process, for runs that follow with the same

Batch = dict[str, jax.Array]
# (params, one device's share of a batch, dropout key or None) -> float32[documents, labels]
Forward = Callable[[dict, Batch, jax.Array | None], jax.Array]


@flax.struct.dataclass
class TrainState:
    """What training changes, and what a checkpoint holds.

    Attributes:
      step: int32, updates made so far.
      params: the model's weights, float32.
      opt_state: the optimizer's.
    """

    step: jax.Array
    params: dict
    opt_state: optax.OptState


def new_state(params: dict, optimizer: optax.GradientTransformation) -> TrainState:
    """The state before the first update."""
    return TrainState(np.zeros((), np.int32), params, jax.jit(optimizer.init)(params))


def put_on_devices(tree):
    """Copies a tree to all local devices, laid out as the steps return it.

    A step that is given its own output next finds the layout it was compiled for; any other would
    compile it a second time.
    """
    mesh = Mesh(np.array(jax.local_devices()), (_AXIS,))
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


class Step:
    """A pmapped program as the host calls it: with batches that were built for all devices.

    Args:
      program: of (state or params, one host's share of a batch, *constants).
      constants: on the devices.
    """

    def __init__(self, program, *constants):
        self._program, self._constants = program, constants

    def __call__(self, state, batch: dict[str, np.ndarray]):
        return self._program(state, _local_share(batch), *self._constants)

    def compile(self, state, batch: dict[str, np.ndarray]) -> None:
        """Compiles for such arguments and runs nothing, so that a call finds it done."""
        self._program.lower(state, _local_share(batch), *self._constants).compile()


def make_train_step(forward: Forward, optimizer: optax.GradientTransformation, seed: int) -> Step:
    """Returns step(state, batch) -> (state, metrics), over all devices of all hosts.

    The loss is the mean cross-entropy over the documents of the whole batch, whatever the number of
    devices. Metrics are scalars: `loss`, `accuracy` and `gradient_norm`. The state that goes in is
    donated: its buffers are gone.

    Steps of one process that are made of the same two objects, for whatever seeds, are one program:
    they compile once for each shape.

    Args:
      forward: the model.
      optimizer: as in `new_state`.
      seed: of dropout; the key of a step depends on it and the step's number.
    """
    key = jax.random.fold_in(jax.random.key(seed), _DROPOUT)
    key_data = put_on_devices(np.asarray(jax.random.key_data(key)))
    return Step(_train_program(forward, optimizer), key_data)


@lru_cache(maxsize=_PROGRAMS_KEPT)
def _train_program(forward: Forward, optimizer: optax.GradientTransformation):
    """The pmapped (state, batch, key data of the run's dropout) -> (state, metrics)."""

    def train_step(state: TrainState, batch: Batch, key_data: jax.Array):
        key = jax.random.fold_in(jax.random.wrap_key_data(key_data), state.step)
        documents = jax.lax.psum(batch["weights"].sum(), _AXIS)

        def loss_of(params):
            logits = forward(params, batch, key)
            return _cross_entropy(logits, batch).sum() / documents, logits

        (loss, logits), gradients = jax.value_and_grad(loss_of, has_aux=True)(state.params)
        gradients = jax.lax.psum(gradients, _AXIS)
        updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
        metrics = {
            "loss": jax.lax.psum(loss, _AXIS),
            "accuracy": jax.lax.psum(_correct(logits, batch).sum(), _AXIS) / documents,
            "gradient_norm": optax.tree.norm(gradients),
        }
        params = optax.apply_updates(state.params, updates)
        return TrainState(state.step + 1, params, opt_state), metrics

    return jax.pmap(
        train_step,
        axis_name=_AXIS,
        in_axes=(None, 0, None),
        out_axes=(None, None),
        donate_argnums=0,
    )


def make_eval_step(forward: Forward) -> Step:
    """Returns step(params, batch) -> (logits, losses) of all documents of all devices, in order.

    float32[devices, documents, labels] and float32[devices, documents], on every host. As with
    `make_train_step`, the steps of one forward are one program.
    """
    return Step(_eval_program(forward))


@lru_cache(maxsize=_PROGRAMS_KEPT)
def _eval_program(forward: Forward):
    """The pmapped (params, batch) -> (logits, losses)."""

    def eval_step(params, batch):
        logits = forward(params, batch, None)
        return jax.lax.all_gather((logits, _cross_entropy(logits, batch)), _AXIS)

    return jax.pmap(eval_step, axis_name=_AXIS, in_axes=(None, 0), out_axes=None)


def _local_share(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """This host's devices' part of a batch that was built for all devices."""
    first = jax.process_index() * jax.local_device_count()
    return {name: array[first : first + jax.local_device_count()] for name, array in batch.items()}


def _cross_entropy(logits: jax.Array, batch: Batch) -> jax.Array:
    """float32[documents]; 0 where there is none."""
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, batch["labels"])
    return jnp.where(batch["weights"] > 0, losses, 0.0)


def _correct(logits: jax.Array, batch: Batch) -> jax.Array:
    return (logits.argmax(-1) == batch["labels"]) * batch["weights"]
