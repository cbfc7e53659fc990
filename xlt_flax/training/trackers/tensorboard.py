"""Curves for TensorBoard, written without TensorFlow: a file of events for each process.

A run that goes on makes some steps again. Its file begins with the mark by which readers drop what
earlier files have of these steps (SessionLog.START, see TensorBoard's
plugin_event_accumulator.py).
"""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from ml_collections import ConfigDict
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from xlt_flax.stored_config import flat
from xlt_flax.workdir import EVENTS, Workdir


class EventFile:
    """A file of events, which goes on from those that its folder has.

    Args:
      folder: is made where it is not there.
      first: the first step that is still to be written.
    """

    def __init__(self, folder: Path, first: int):
        folder.mkdir(exist_ok=True)
        self._first = first
        path = folder / f"{EVENTS}{_after_others(folder)}.{socket.gethostname()}.{os.getpid()}"
        self._file = RecordWriter(open(path, "ab"))  # noqa: SIM115
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))
        start = SessionLog(status=SessionLog.START)
        for _ in range(2):  # readers take the first of a folder for no restart; old files have none
            self._add(Event(wall_time=time.time(), step=first, session_log=start))

    def write(self, seconds: float, step: int, values: Mapping[str, float]) -> None:
        points = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._add(Event(wall_time=seconds, step=step, summary=Summary(value=points)))

    def describe(self, summary: Summary) -> None:
        """Adds what is true from the first step on."""
        self._add(Event(wall_time=time.time(), step=self._first, summary=summary))

    def _add(self, event: Event) -> None:
        self._file.write(event.SerializeToString())

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _after_others(folder: Path) -> int:
    """The time that names a new file: readers go by the names, and clocks of hosts differ."""
    times = (path.name.removeprefix(EVENTS).split(".")[0] for path in folder.glob(f"{EVENTS}*"))
    last = max((int(time) for time in times if time.isdecimal()), default=0)
    return max(int(time.time()), last + 1)


def open_tracker(workdir: Workdir, config: ConfigDict, first: int) -> EventFile:
    file = EventFile(workdir.events, first)
    fields = flat(config.to_dict())
    file.describe(text_pb("config", _as_markdown(fields)))
    hparams = {field: "" if value is None else value for field, value in fields.items()}
    file.describe(hparams_pb(hparams, trial_id=str(workdir)))
    file.flush()
    return file


def _as_markdown(fields: Mapping[str, object]) -> str:
    rows = [f"| {field} | `{value}` |" for field, value in fields.items()]
    return "\n".join(["| field | value |", "|---|---|", *rows])
