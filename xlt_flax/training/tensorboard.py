"""Metrics for TensorBoard. The only part of training that needs TensorFlow."""

import os
from pathlib import Path

# TensorFlow greets on stderr otherwise; what it does here gains nothing from oneDNN.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from clu import metric_writers


class TensorBoard:
    """Writes scalars as `<split>/<name>`."""

    def __init__(self, logdir: Path):
        self._writer = metric_writers.SummaryWriter(str(logdir))

    def write(self, record: dict) -> None:
        """One line of metrics.jsonl, or other values with `step` and `split`."""
        scalars = {
            f"{record['split']}/{name}": value
            for name, value in record.items()
            if name not in ("step", "split") and isinstance(value, int | float)
        }
        self._writer.write_scalars(record["step"], scalars)

    def close(self) -> None:
        self._writer.close()
