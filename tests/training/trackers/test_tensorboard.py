"""Events are what TensorBoard reads, are written without TensorFlow, and have each step once."""

import signal
import struct
import subprocess
import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.plugins.hparams import plugin_data_pb2

from xlt_flax.config import base
from xlt_flax.training.trackers import find_tracker
from xlt_flax.training.trackers.tensorboard import EventFile
from xlt_flax.workdir import Workdir

WRITES = """
import os, signal, sys
from pathlib import Path
from xlt_flax.training.trackers.tensorboard import EventFile

folder, first, last, end = sys.argv[1:]
file = EventFile(Path(folder), int(first))
for step in range(int(first), int(last) + 1):
    file.write(0, step, {"train/loss": step / 10})
file.flush()
assert "tensorflow" not in sys.modules
if end == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
file.close()
"""


def events(path):
    """Each a length, its checksum, the event, its checksum."""
    content, at = path.read_bytes(), 0
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        data = content[at + 12 : at + 12 + length]
        checksums = (
            struct.unpack_from("<I", content, at + 8),
            (struct.unpack_from("<I", content, at + 12 + length)),
        )
        assert checksums == ((masked_crc32c(content[at : at + 8]),), (masked_crc32c(data),))
        yield Event.FromString(data)
        at += 16 + length


def read(folder, purge=True):
    """What TensorBoard shows of a run."""
    everything = {"scalars": 0, "tensors": 0}
    return EventAccumulator(
        str(folder), size_guidance=everything, purge_orphaned_data=purge
    ).Reload()


def points(folder, tag, **how):
    return [(e.step, round(e.value, 4)) for e in read(folder, **how).Scalars(tag)]


def test_points_of_curves(tmp_path):
    file = EventFile(tmp_path, 1)
    file.write(12.5, 3, {"train/loss": 0.5, "train/accuracy": 0.25})
    file.close()
    (path,) = tmp_path.glob("events.out.tfevents.*")
    version, *_, event = events(path)
    assert version.file_version == "brain.Event:2"
    assert (event.wall_time, event.step) == (12.5, 3)
    assert {v.tag: v.simple_value for v in event.summary.value} == {
        "train/loss": 0.5,
        "train/accuracy": 0.25,
    }


def write(folder, first, last, end):
    """In a process of its own, which is killed, or ends."""
    arguments = [sys.executable, "-c", WRITES, str(folder), str(first), str(last), end]
    return subprocess.run(arguments, check=False).returncode


def test_no_step_is_shown_twice_after_kills(tmp_path):
    """Of three processes, the later ones within the second of the first."""
    assert write(tmp_path, 0, 20, "killed") == -signal.SIGKILL
    assert write(tmp_path, 11, 30, "killed") == -signal.SIGKILL
    assert write(tmp_path, 21, 25, "ends") == 0
    expected = [(step, step / 10) for step in range(26)]
    assert points(tmp_path, "train/loss") == expected
    assert len(points(tmp_path, "train/loss", purge=False)) > len(expected)  # so they were there


def test_a_run_of_an_older_version_goes_on_without_doubled_steps(tmp_path):
    """Its file has no mark of a start, which readers want to have seen once before."""
    EventFile(tmp_path, 0).close()
    (path,) = tmp_path.glob("*")
    version, *_ = events(path)
    data = version.SerializeToString()
    old = [data, *(Event(step=s, summary=_loss(s)).SerializeToString() for s in range(1, 9))]
    path.write_bytes(b"".join(map(_record, old)))
    file = EventFile(tmp_path, 5)
    file.write(0, 5, {"train/loss": 5})
    file.close()
    assert points(tmp_path, "train/loss") == [(step, step) for step in range(1, 6)]


def _loss(value):
    return Event().summary.__class__(value=[{"tag": "train/loss", "simple_value": value}])


def _record(data):
    length = struct.pack("<Q", len(data))
    checksums = [struct.pack("<I", masked_crc32c(part)) for part in (length, data)]
    return length + checksums[0] + data + checksums[1]


def test_files_are_read_in_the_order_in_which_they_were_written(tmp_path):
    """Whatever the clock of the host says that goes on."""
    future = tmp_path / "events.out.tfevents.9000000000.other.1"
    future.touch()
    for _ in range(2):
        EventFile(tmp_path, 1).close()
    times = sorted(path.name.split(".")[3] for path in tmp_path.iterdir())
    assert times == ["9000000000", "9000000001", "9000000002"]


def test_the_config_is_shown_as_text_and_as_hyperparameters(tmp_path):
    config = base()
    find_tracker("tensorboard").open_tracker(Workdir(tmp_path), config, 0).close()
    found = read(tmp_path)
    (text,) = found.Tensors("config")
    assert b"| train.batch_size | `8` |" in text.tensor_proto.string_val[0]
    content = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    hparams = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    assert hparams["train.learning_rate"].number_value == config.train.learning_rate
    assert hparams["model.dropout"].string_value == ""


@pytest.mark.parametrize("module", ["hooks", "train", "trackers.tensorboard"])
def test_training_imports_no_tensorflow_before_its_first_batch(module):
    code = f"import sys, xlt_flax.training.{module}; print('tensorflow' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
