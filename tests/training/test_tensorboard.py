"""Events are what TensorBoard reads, and are written without TensorFlow."""

import struct
import subprocess
import sys

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from xlt_flax.training.tensorboard import TensorBoard


def events(folder):
    """Of the one file: each a length, its checksum, the event, its checksum."""
    (path,) = folder.glob("events.out.tfevents.*")
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


def test_scalars_by_split(tmp_path):
    writer = TensorBoard(tmp_path)
    writer.write({"step": 3, "epoch": 1, "split": "train", "loss": 0.5, "accuracy": None})
    writer.write({"step": 3, "epoch": 1, "split": "validation", "loss": 0.25})
    writer.close()
    version, *rest = events(tmp_path)
    assert version.file_version == "brain.Event:2"
    found = [(e.step, v.tag, v.simple_value) for e in rest for v in e.summary.value]
    assert found == [
        (3, "train/epoch", 1.0),
        (3, "train/loss", 0.5),
        (3, "validation/epoch", 1.0),
        (3, "validation/loss", 0.25),
    ]


@pytest.mark.parametrize("module", ["hooks", "train"])
def test_training_imports_no_tensorflow_before_its_first_batch(module):
    code = f"import sys, xlt_flax.training.{module}; print('tensorflow' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
