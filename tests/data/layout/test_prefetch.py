"""The tf.data pipeline gives build(start) … build(stop - 1), in order, ahead of need."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from xlt_flax.data.layout.prefetch import batches


def build(index):
    """Shapes differ from one index to the next."""
    return {
        "ids": np.full((2, index % 5 + 1), index, np.int32),
        "weights": np.array([index], np.float32),
    }


@pytest.mark.parametrize(("start", "stop"), [(0, 40), (17, 23), (5, 6), (3, 3), (4, 2)])
def test_batches_come_in_order_with_their_own_shapes(start, stop):
    given = list(batches(build, start, stop))
    assert len(given) == max(0, stop - start)
    for index, batch in enumerate(given, start):
        assert list(batch) == ["ids", "weights"]
        for name, expected in build(index).items():
            np.testing.assert_array_equal(batch[name], expected, strict=True)


def test_batches_are_in_order_even_when_an_earlier_one_is_ready_later():
    others = threading.Event()

    def slow_first(index):
        if index == 10 and threading.current_thread() is not threading.main_thread():
            others.wait(timeout=1)  # where two are built at once, the one after it is ready first
        if index == 11:
            others.set()
        return build(index)

    given = batches(slow_first, 10, 14)
    assert [int(batch["weights"][0]) for batch in given] == [10, 11, 12, 13]


def test_nothing_is_built_far_ahead_of_what_is_asked_for():
    built = []

    def count(index):
        built.append(index)
        return build(index)

    given = batches(count, 0, 1000)
    for _ in range(3):
        next(given)
    given.close()
    assert max(built) < 30


def test_tensorflow_is_imported_for_the_first_batch_and_changes_no_environment():
    program = """
import os, sys
import numpy as np
from xlt_flax.data.layout import packed, padded, prefetch
before = dict(os.environ)
assert list(prefetch.batches(None, 3, 3)) == [] and "tensorflow" not in sys.modules
next(prefetch.batches(lambda index: {"a": np.ones(index)}, 1, 3))
assert "tensorflow" in sys.modules
print(sorted(set(os.environ.items()) ^ set(before.items())))
"""
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "[]\n"
