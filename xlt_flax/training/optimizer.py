"""AdamW and its learning rate over a run's steps."""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.traverse_util import flatten_dict, unflatten_dict
from ml_collections import ConfigDict

from xlt_flax.stored_config import warmup_fraction
from xlt_flax.training.length import Length

_OF_SCHEDULE = ("learning_rate", "schedule", "step_gamma", "step_epochs", "warmup_fraction")
_OF_ADAMW = ("weight_decay", "beta1", "beta2", "epsilon", "epsilon_before_correction", "clip_norm")
_OPTIMIZERS_KEPT = 4


def schedule_of(train: ConfigDict, length: Length) -> optax.Schedule:
    """The learning rate of each update of a run (see `learning_rate`)."""
    return learning_rate(train, length.per_epoch, length.total)


def optimizer_of(train: ConfigDict, length: Length) -> optax.GradientTransformation:
    """A run's optimizer. Of equal settings it is the same object, so that the steps that are made
    of it are one program.

    Args:
      train: the config's `train`.
      length: of the run.
    """
    settings = tuple((name, train[name]) for name in (*_OF_SCHEDULE, *_OF_ADAMW))
    if train.schedule == "constant" and not _warmup_fraction(train):  # whatever the run's length
        return _made(settings, Length(1, 1))
    return _made(settings, Length(length.per_epoch, length.total))


@lru_cache(maxsize=_OPTIMIZERS_KEPT)
def _made(settings: tuple, length: Length) -> optax.GradientTransformation:
    train = ConfigDict(dict(settings))
    return make_optimizer(train, schedule_of(train, length))


def learning_rate(train: ConfigDict, steps_per_epoch: int, total_steps: int) -> optax.Schedule:
    """The learning rate of each update, counted from 0.

    It goes up from 0 to the config's `learning_rate` over `warmup_fraction` of all steps, and on
    from there by `schedule`:
      "constant": as it is, as the thesis;
      "step": times `step_gamma` each `step_epochs` epochs of the run, as PyTorch's StepLR called
        per epoch;
      "linear": down to 0 with the last step;
      "cosine": likewise, along half a cosine (Loshchilov & Hutter, 2017, SGDR, equation 5).

    Args:
      train: the config's `train`.
      steps_per_epoch: updates of one epoch.
      total_steps: updates of the run.
    """
    peak = train.learning_rate
    warmup = int(total_steps * _warmup_fraction(train))
    after = _after_warmup(train, steps_per_epoch, warmup, max(total_steps - warmup, 1))
    if not warmup:
        return after
    return optax.join_schedules([optax.linear_schedule(0.0, peak, warmup), after], [warmup])


def _warmup_fraction(train: ConfigDict) -> float:
    return warmup_fraction(train.schedule, train.warmup_fraction)


def _after_warmup(
    train: ConfigDict, steps_per_epoch: int, warmup: int, steps: int
) -> optax.Schedule:
    """The learning rate of each of the `steps` updates that follow the warm-up, counted from 0."""
    peak = train.learning_rate
    if train.schedule == "linear":
        return optax.linear_schedule(peak, 0.0, steps)
    if train.schedule == "cosine":
        return optax.cosine_decay_schedule(peak, steps)
    if train.schedule == "constant":
        return optax.constant_schedule(peak)
    by_epochs = optax.exponential_decay(
        peak, train.step_epochs * steps_per_epoch, train.step_gamma, staircase=True
    )
    return lambda count: by_epochs(count + warmup)  # epochs begin with the run


def decay_of_unused_rows(train: ConfigDict, schedule: optax.Schedule, steps: int) -> float:
    """What AdamW makes of a weight that is decayed and never has a gradient, as a factor.

    Both moments stay zero, so update t takes learning rate(t) times weight decay of it and no more.
    """
    if not train.weight_decay:
        return 1.0
    rates = np.asarray(jax.vmap(schedule)(jnp.arange(steps)), np.float64)
    return float(np.prod(1.0 - rates * train.weight_decay))


def make_optimizer(train: ConfigDict, schedule: optax.Schedule) -> optax.GradientTransformation:
    """AdamW (Loshchilov & Hutter, 2019), after clipping where the config asks for it.

    Args:
      train: the config's `train` (beta1, beta2, epsilon, epsilon_before_correction, weight_decay,
        clip_norm).
      schedule: see `learning_rate`.
    """
    adam = _adam_of_transformers if train.epsilon_before_correction else optax.scale_by_adam
    adamw = optax.chain(  # optax.adamw, part for part
        adam(b1=train.beta1, b2=train.beta2, eps=train.epsilon),
        optax.add_decayed_weights(train.weight_decay, is_decayed),
        optax.scale_by_learning_rate(schedule),
    )
    if not train.clip_norm:
        return adamw
    return optax.chain(optax.clip_by_global_norm(train.clip_norm), adamw)


def _adam_of_transformers(b1: float, b2: float, eps: float) -> optax.GradientTransformation:
    """Adam as transformers.AdamW had it (in its optimization.py), with optax's state.

    Update t is sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps), of the moments as they are: in
    optax's terms, an epsilon of eps / sqrt(1 - b2^t), 32 times eps at the first update for a b2 of
    .999. It is also "epsilon hat" of Kingma & Ba (2015), end of section 2.
    """
    optaxs = optax.scale_by_adam(b1, b2, eps)

    def update(
        gradients: optax.Updates, state: optax.OptState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, optax.OptState]:
        _, state = optaxs.update(gradients, state, params)
        count = state.count.astype(jnp.float32)
        scale = jnp.sqrt(1 - b2**count) / (1 - b1**count)
        updates = jax.tree.map(lambda m, v: scale * m / (jnp.sqrt(v) + eps), state.mu, state.nu)
        return updates, state

    return optax.GradientTransformation(optaxs.init, update)


def is_decayed(params: dict) -> dict:
    """A tree of booleans: decay matrices and embeddings, not biases and layer norms."""
    flat = flatten_dict(params)
    return unflatten_dict({path: path[-1] in ("kernel", "embedding") for path in flat})
