"""What was found out about files, kept in a folder until they change: nothing is read twice."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from xlt_flax import files

FORM = 2  # raise it when something else is found out about the same files
_SETTLED = 2.0  # seconds: a file changed since might change again with the same time


def remembered(
    folder: Path, paths: Sequence[Path], about: dict[str, Any], find: Callable[[], Any]
) -> Any:
    """What `find()` gives, or gave when the files were as they are now.

    A file is the same while its place, size and times are. A folder that cannot be written in
    remembers nothing, and that is all.

    Args:
      folder: where values are kept, a small file each.
      paths: of the files that the value depends on.
      about: what else it depends on; a value of JSON.
      find: gives a value of JSON.

    Raises:
      OSError: a file is not there.
    """
    states = _states(paths)
    facts = {"form": FORM, "about": about, "files": states}
    kept = folder / f"{hashlib.sha256(_bytes(facts)).hexdigest()[:20]}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        held = json.loads(kept.read_text("utf-8"))
        if _bytes(held["of"]) == _bytes(facts):
            return held["value"]
    began = time.time()
    value = find()
    newest = max((max(state[2:4]) for state in states), default=0) / 1e9
    if began - newest > _SETTLED and _states(paths) == states:
        with suppress(OSError):
            files.write_json(kept, {"of": facts, "value": value})
    return value


def _states(paths: Sequence[Path]) -> list[list]:
    """Of each file: path, size, and when its content and its name or rights were last changed."""
    states = [(path, os.stat(path)) for path in paths]
    return [[str(path), s.st_size, s.st_mtime_ns, s.st_ctime_ns] for path, s in states]


def _bytes(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
