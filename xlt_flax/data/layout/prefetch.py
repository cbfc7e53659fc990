"""The tf.data pipeline: batches by index, built in parallel and ahead of their steps."""

import os
from collections.abc import Callable, Iterator

# TensorFlow greets on stderr otherwise; what it does here gains nothing from oneDNN.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np
import tensorflow as tf

tf.config.set_visible_devices([], "GPU")  # the accelerator's memory is JAX's

_AHEAD = 4  # batches that are ready before they are asked for


def batches(
    build: Callable[[int], dict[str, np.ndarray]], start: int, stop: int
) -> Iterator[dict[str, np.ndarray]]:
    """Yields build(start), …, build(stop - 1) in order.

    Args:
      build: a pure function of the index, called from several threads; its arrays may differ in
        shape from one index to the next, but not in names and types.
    """
    if start >= stop:
        return
    example = build(start)
    names = list(example)
    types = [tf.as_dtype(example[name].dtype) for name in names]

    def build_arrays(index):
        batch = build(int(index))
        return [batch[name] for name in names]

    # AutoGraph would leave the lambda's translation as a temporary file if the process is killed.
    @tf.autograph.experimental.do_not_convert
    def map_index(index):
        return tf.numpy_function(build_arrays, [index], types)

    dataset = tf.data.Dataset.range(start, stop).map(
        map_index, num_parallel_calls=2, deterministic=True
    )
    options = tf.data.Options()
    options.autotune.enabled = False  # nothing to tune; its thread can hold up the end for long
    dataset = dataset.with_options(options)
    for arrays in dataset.prefetch(_AHEAD).as_numpy_iterator():
        yield dict(zip(names, arrays, strict=True))
