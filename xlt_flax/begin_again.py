"""A workdir that begins again: what its run wrote is removed, and nothing else."""

import logging
import shutil
from contextlib import suppress
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.stored_config import differences
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")


def begins_again(workdir: Workdir, config: ConfigDict, overwrite: bool) -> bool:
    """Removes the run of a workdir, if it is to begin again: because that is asked for, or because
    a field changed before the run's first step. What else lies there stays.

    Args:
      workdir: whose writer this process is.
      config: of the run that is to begin, resolved.
      overwrite: whether it is asked for.

    Raises:
      UserError: the folder's config.json is no run's, or a newer xlt_flax wrote it.
    """
    if not workdir.is_run():
        return False
    changed = differences(workdir.read_config().to_dict(), config.to_dict())
    if overwrite:
        log.info("%s begins again: what its run wrote is removed", workdir.path)
    elif changed and _has_no_step(workdir):
        log.info("%s had made no step: it begins again with %s", workdir.path, "; ".join(changed))
    else:
        return False
    for path in workdir.written():
        _remove(path)
    for folder in (workdir.checkpoints, workdir.eval):
        with suppress(OSError):  # something else is in it, or it is not there
            folder.rmdir()
    return True


def _has_no_step(workdir: Workdir) -> bool:
    has_lines = workdir.metrics.exists() and workdir.metrics.stat().st_size
    return not (has_lines or workdir.has_checkpoints() or workdir.done.exists())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
