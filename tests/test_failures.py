"""What the machine refuses, as one line; all else is left alone."""

import errno

import jax.numpy as jnp
import numpy as np
import pytest

from xlt_flax.config import base
from xlt_flax.errors import RunError, UserError
from xlt_flax.failures import NoSpaceError, explain, out_of_memory_explained

TENSORSTORE = (
    'RESOURCE_EXHAUSTED: Error writing "c/0" in OCDBT database at local file "/runs/a/6": '
    "Failed to write [OS error 28: ENOSPC No space left on device]"
)
TENSORSTORE_LATER = (
    'RESOURCE_EXHAUSTED: Error writing "x1/0.0" in OCDBT database at local file "/runs/a/6/": '
    "Failed to write 1302899 bytes to file 4: No space left on device [os_error_code='28']"
)


def tensorflow_error(text):
    """As tf.errors has them; tests/test_permissions.py meets real ones."""
    kind = type("PermissionDeniedError", (Exception,), {"__module__": "tensorflow.python.errors"})
    return kind(text)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "x", "/runs/a"), "No space left on device: /runs/a: make room"),
        (OSError(errno.EDQUOT, "x", "/runs/a"), "Disk quota exceeded: /runs/a: make room"),
        (PermissionError(errno.EACCES, "x", "/data"), "Permission denied: /data: give this user"),
        (OSError(errno.EROFS, "x", "/data"), "Read-only file system: /data: make it writable"),
        (ValueError(TENSORSTORE), "No space left on device: /runs/a/6: make room"),
        (ValueError(TENSORSTORE_LATER), "No space left on device: /runs/a/6/: make room"),
        (tensorflow_error("/data/x; Permission denied"), "Permission denied: /data/x: give this"),
        (Exception("I/O: /data/y.json: (os error 13)"), "Permission denied: /data/y.json: give"),
        (MemoryError(), "out of memory on the host"),
    ],
)
def test_what_the_machine_refuses(error, line):
    found = explain(error)
    assert str(found).startswith(line)
    assert "\n" not in str(found)
    assert isinstance(found, NoSpaceError) == ("make room" in line)


def test_the_cause_counts_whatever_it_was_wrapped_in():
    wrapped = ValueError("the save failed")
    wrapped.__cause__ = OSError(errno.ENOSPC, "x", "/runs/a")
    assert isinstance(explain(wrapped), NoSpaceError)


def raised(inner, outer, how):
    """`outer`, as it is raised while `inner` is handled."""
    try:
        try:
            raise inner
        except type(inner):
            if how == "from it":
                raise outer from inner
            if how == "from None":
                raise outer from None
            raise outer  # noqa: B904  (its context is what is tested)
    except type(outer) as error:
        return error


DENIED = PermissionError(errno.EACCES, "x", "/data")


@pytest.mark.parametrize(
    ("error", "is_told"),
    [
        (raised(DENIED, ValueError("the save failed"), "from it"), True),
        (raised(DENIED, ValueError("closed already"), "while handling it"), True),
        (raised(DENIED, TypeError("not serializable"), "from it"), True),
        (raised(DENIED, ValueError("of ours"), "from None"), False),
        (raised(DENIED, KeyError("of ours"), "from None"), False),
        (raised(DENIED, AttributeError("of ours"), "while handling it"), False),
        (raised(DENIED, TypeError("of ours"), "while handling it"), False),
        (ValueError("what to do where Permission denied is raised"), False),
        (AssertionError("No space left on device"), False),
        (RuntimeError("Input/output error of a column"), False),
    ],
)
def test_a_mistake_of_ours_is_not_taken_for_the_machines(error, is_told):
    """Where it is not explained, the command line shows its traceback."""
    assert (explain(error) is not None) is is_told


@pytest.mark.parametrize(
    "error", [ValueError("x"), FileNotFoundError(errno.ENOENT, "x", "/a"), UserError("x")]
)
def test_other_errors_are_left_alone(error):
    assert explain(error) is None


def raise_as_a_gpu_does():
    raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes")


@pytest.mark.parametrize(
    ("run_out", "spent"),
    [
        (lambda: jnp.zeros(2**60, jnp.int8).block_until_ready(), "device memory"),
        (raise_as_a_gpu_does, "device memory"),
        (lambda: np.zeros(2**60, np.int8), "memory on the host"),
    ],
)
def test_out_of_memory_says_what_to_lower(run_out, spent):
    config = base()
    config.train.batch_size = 64
    expected = rf"out of {spent} with .*batch_size=64.*max_length=512, float32: lower"
    with pytest.raises(RunError, match=expected), out_of_memory_explained(config):
        run_out()


def test_a_full_disk_is_not_taken_for_memory():
    with pytest.raises(ValueError, match="No space"), out_of_memory_explained(base()):
        raise ValueError(TENSORSTORE)
