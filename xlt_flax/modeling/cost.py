"""What computing costs: operations of a training step, what devices can do, and compilations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from transformers import PretrainedConfig

# Dense matrix products, FLOP/s of one device, from the vendors' data sheets (without sparsity); of
# GPUs the SXM form. (part of device_kind, type that is multiplied in); the first that fits counts.
_PEAKS = {
    ("H200", "bfloat16"): 989e12,
    ("H200", "tf32"): 494e12,
    ("H200", "float32"): 67e12,
    ("H100", "bfloat16"): 989e12,
    ("H100", "tf32"): 494e12,
    ("H100", "float32"): 67e12,
    ("A100", "bfloat16"): 312e12,
    ("A100", "tf32"): 156e12,
    ("A100", "float32"): 19.5e12,
    ("TPU v4", "bfloat16"): 275e12,
    ("TPU v5 lite", "bfloat16"): 197e12,  # v5e, as JAX calls it
    ("TPU v5e", "bfloat16"): 197e12,
    ("TPU v5p", "bfloat16"): 459e12,
    ("TPU v5", "bfloat16"): 459e12,  # v5p, as JAX calls it
}
# Rough speeds, FLOP/s, to weigh a compilation against the padding that it saves; no effect on
# results.
_ROUGHLY = {"cpu": 2e11}
_ROUGHLY_ACCELERATORS = 1e14


def flops_per_token(shape: PretrainedConfig, lengths: np.ndarray) -> float:
    """FLOP a token of a training step: matrix products, forward and backward (3 times forward).

    Attention costs a token 4 * hidden for each token of its document, so a document's tokens see,
    on average over tokens, sum(length^2) / sum(length) others.

    Args:
      shape: of the model.
      lengths: int[documents], their tokens.
    """
    seen = float((lengths.astype(np.float64) ** 2).sum() / lengths.sum())
    return _dense_flops(shape) + 12 * shape.num_hidden_layers * shape.hidden_size * seen


def peak_flops(device_kind: str, dtype: str, tf32: bool) -> float | None:
    """FLOP/s of one device at best; None where it is not known.

    Args:
      device_kind: as JAX names it.
      dtype: of the config's model: "float32" or "bfloat16".
      tf32: whether float32 is multiplied in the device's faster, less exact way: TensorFloat-32 on
        GPUs, bfloat16 on TPUs.
    """
    multiplied = dtype
    if dtype == "float32" and tf32:
        multiplied = "bfloat16" if "TPU" in device_kind else "tf32"
    known = (p for (kind, t), p in _PEAKS.items() if kind in device_kind and t == multiplied)
    return next(known, None)


def tokens_per_compilation(shape: PretrainedConfig, backend: str, devices: int) -> float:
    """About how many tokens could be trained on while one batch shape is compiled."""
    seconds = 3 + shape.num_hidden_layers
    return seconds * _ROUGHLY.get(backend, _ROUGHLY_ACCELERATORS) * devices / _dense_flops(shape)


def _dense_flops(shape: PretrainedConfig) -> int:
    """FLOP a token of a training step, without attention's."""
    wide = getattr(shape, "intermediate_size", None) or shape.hidden_dim  # DistilBERT's name of it
    layer = 8 * shape.hidden_size**2 + 4 * shape.hidden_size * wide
    return 3 * (shape.num_hidden_layers * layer + _embedding_flops(shape))


def _embedding_flops(shape: PretrainedConfig) -> int:
    """FLOP a token, forward, to widen an embedding that is narrower than the layers (ELECTRA)."""
    narrow = getattr(shape, "embedding_size", shape.hidden_size)
    return 0 if narrow == shape.hidden_size else 2 * narrow * shape.hidden_size
