"""Metrics for TensorBoard, without TensorFlow: a file of events, each a record of one step."""

import os
import socket
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

_SECONDS_BETWEEN_FLUSHES = 10  # whoever watches sees that much less


class TensorBoard:
    """Writes scalars as `<split>/<name>`."""

    def __init__(self, logdir: Path):
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"
        self._file = RecordWriter(open(logdir / name, "ab"))  # noqa: SIM115
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))
        self._flushed = time.monotonic()

    def write(self, record: dict) -> None:
        """One line of metrics.jsonl, or other values with `step` and `split`."""
        scalars = [
            Summary.Value(tag=f"{record['split']}/{name}", simple_value=value)
            for name, value in record.items()
            if name not in ("step", "split") and isinstance(value, int | float)
        ]
        summary = Summary(value=scalars)
        self._add(Event(wall_time=time.time(), step=record["step"], summary=summary))
        if time.monotonic() - self._flushed >= _SECONDS_BETWEEN_FLUSHES:
            self._file.flush()
            self._flushed = time.monotonic()

    def _add(self, event: Event) -> None:
        self._file.write(event.SerializeToString())

    def close(self) -> None:
        self._file.close()
