"""`failure.txt`: why a run ended, in its own folder, where whoever comes later looks for it."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from xlt_flax import files
from xlt_flax.errors import RunError, UserError
from xlt_flax.failures import explain
from xlt_flax.training import processes
from xlt_flax.workdir import Workdir


@contextmanager
def failure_recorded(workdir: Workdir) -> Iterator[None]:
    """Writes what ends the run within, and lets it pass. A user's mistake and a wish to stop are
    not written, nor is anything where no run has begun: it would leave a folder behind."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if processes.is_first() and workdir.is_run():
            write_failure(workdir, error)
        raise


def write_failure(workdir: Workdir, error: Exception) -> bool:
    """Writes failure.txt: the error in one line, then its traceback.

    Returns:
      Whether it is there now: the folder itself may be what is wrong.
    """
    details = "".join(traceback.format_exception(error))
    with suppress(OSError):
        files.write_text(workdir.failure, f"{one_line(error)}\n\n{details}")
        return True
    return False


def one_line(error: Exception) -> str:
    """What happened: as the command line would say it, or the error's type and text."""
    error = explain(error) or error
    text = " ".join(str(error).split())[:300]
    return text if isinstance(error, UserError | RunError) else f"{type(error).__name__}: {text}"
