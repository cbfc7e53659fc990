"""The tf.data pipeline: batches by index, made in parallel and ahead of their steps."""

from collections.abc import Callable, Iterator

import numpy as np

from xlt_flax.data.layout.slots import Batch

_AHEAD = 4  # batches that are ready before they are asked for


def batches(make: Callable[[int], Batch], start: int, stop: int) -> Iterator[Batch]:
    """Yields make(start), …, make(stop - 1) in order.

    Args:
      make: a pure function of the index, called from several threads; its arrays may differ in
        shape from one index to the next, but not in names and types.
    """
    if start >= stop:
        return
    import tensorflow as tf  # half of the time that a command line needs to start: only for this

    example = make(start)
    names = list(example)
    types = [tf.as_dtype(example[name].dtype) for name in names]

    def make_arrays(index: np.ndarray) -> list[np.ndarray]:
        batch = make(int(index))
        return [batch[name] for name in names]

    # AutoGraph would leave the lambda's translation as a temporary file if the process is killed.
    @tf.autograph.experimental.do_not_convert
    def map_index(index: tf.Tensor) -> list[tf.Tensor]:
        return tf.numpy_function(make_arrays, [index], types)

    dataset = tf.data.Dataset.range(start, stop).map(
        map_index, num_parallel_calls=2, deterministic=True
    )
    options = tf.data.Options()
    options.autotune.enabled = False  # nothing to tune; its thread can hold up the end for long
    dataset = dataset.with_options(options)
    for arrays in dataset.prefetch(_AHEAD).as_numpy_iterator():
        yield dict(zip(names, arrays, strict=True))
