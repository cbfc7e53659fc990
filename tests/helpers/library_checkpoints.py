"""Checkpoints that the model library itself wrote: `tests/checkpoints/make.py` says how."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

MODEL_TYPES = ("bert", "distilbert", "electra", "roberta", "xlm-roberta")
_ARCHIVES = Path(__file__).parents[1] / "checkpoints"


@dataclass(frozen=True)
class LibraryCheckpoint:
    """A tiny model, 16 units wide, of 2 layers, 40 positions and three labels.

    Attributes:
      folder: holds `with_head` and `without_head`, safetensors in PyTorch's names with a tokenizer.
      batch: input_ids, attention_mask, token_type_ids, int32[4, 24].
      logits: float32[4, 3], what PyTorch computes of the batch with the head.
      mean: float32[4, 16], the mean of the last states of the real tokens, likewise.
    """

    folder: Path
    batch: dict[str, np.ndarray]
    logits: np.ndarray
    mean: np.ndarray

    @property
    def with_head(self) -> Path:
        return self.folder / "with_head"

    @property
    def without_head(self) -> Path:
        return self.folder / "without_head"


def open_checkpoint(model_type: str, place: Path) -> LibraryCheckpoint:
    """A fresh copy of it in a folder of its own in `place`."""
    folder = place / model_type
    with tarfile.open(_ARCHIVES / f"{model_type}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    arrays = dict(np.load(folder / "expected.npz"))
    logits, mean = arrays.pop("logits"), arrays.pop("mean")
    batch = {name: array.astype(np.int32) for name, array in arrays.items()}
    return LibraryCheckpoint(folder, batch, logits, mean)


@pytest.fixture
def library_checkpoint(tmp_path):
    """library_checkpoint(model_type): a fresh copy of it."""
    return lambda model_type: open_checkpoint(model_type, tmp_path)
