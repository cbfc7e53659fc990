"""Curves in Weights & Biases' own files, offline; runs where the extra is installed."""

import json
import struct

import pytest

from xlt_flax.config import base
from xlt_flax.stored_config import flat
from xlt_flax.training.trackers import find_tracker
from xlt_flax.workdir import Workdir

wandb = pytest.importorskip("wandb")


def records(path):
    """Of a file of less than 32 KiB: LevelDB's log format, after 7 bytes that say what it is."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at = path.read_bytes(), 7
    assert len(content) < 32 * 1024
    while at < len(content):
        _, length, _ = struct.unpack_from("<IHB", content, at)
        yield Record.FromString(content[at + 7 : at + 7 + length])
        at += 7 + length


def values(items):
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def test_points_and_config(tmp_path, monkeypatch):
    for name in ("WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    tracker = find_tracker("wandb").open_tracker(Workdir(tmp_path), base(), 4)
    for step in range(4, 9):
        tracker.write(0, step, {"train/loss": step / 10})
    tracker.close()
    wandb.teardown()  # its own process has written all
    (path,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    found = list(records(path))
    rows = [r.history for r in found if r.WhichOneof("record_type") == "history"]
    rows = [
        {"/".join(i.nested_key) or i.key: json.loads(i.value_json) for i in r.item} for r in rows
    ]
    assert [(row["step"], row["train/loss"]) for row in rows] == [(s, s / 10) for s in range(4, 9)]
    (run,) = [r.run for r in found if r.WhichOneof("record_type") == "run"][:1]
    assert flat(base().to_dict()).items() <= values(run.config.update).items()
    assert run.project == "xlt_flax"
