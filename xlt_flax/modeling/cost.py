"""What computing costs: operations of a training step, what devices can do, and compilations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@dataclass(frozen=True)
class Peak:
    """What one device can do at best, from its vendor's data sheet.

    Attributes:
      products: FLOP/s of dense matrix products (without sparsity) by the type multiplied in.
      bandwidth: of its memory, bytes/s.
    """

    products: Mapping[str, float]
    bandwidth: float


_HOPPER = {"bfloat16": 989e12, "tf32": 494e12, "float32": 67e12}
_AMPERE = {"bfloat16": 312e12, "tf32": 156e12, "float32": 19.5e12}

# By part of JAX's device_kind, the first that fits counts; of GPUs the SXM form.
PEAKS = {
    "H200": Peak(_HOPPER, 4.8e12),
    "H100": Peak(_HOPPER, 3.35e12),
    "A100-SXM4-40GB": Peak(_AMPERE, 1.555e12),
    "A100": Peak(_AMPERE, 2.039e12),
    "TPU v4": Peak({"bfloat16": 275e12}, 1.228e12),
    "TPU v5 lite": Peak({"bfloat16": 197e12}, 0.819e12),  # v5e, as JAX calls it
    "TPU v5e": Peak({"bfloat16": 197e12}, 0.819e12),
    "TPU v5p": Peak({"bfloat16": 459e12}, 2.765e12),
    "TPU v5": Peak({"bfloat16": 459e12}, 2.765e12),  # v5p, as JAX calls it
    "TPU v6 lite": Peak({"bfloat16": 918e12}, 1.64e12),  # v6e, as JAX calls it
}
# Rough speeds, FLOP/s, to weigh a compilation against the padding that it saves; no effect on
# results.
_ROUGHLY_CPU = 2e11
_ROUGHLY_ACCELERATORS = 1e14
# On accelerators the host's cores compile several shapes at once, and the programs are kept on disk
# for other seeds and for whatever goes on: about so many of each share the time of a compilation.
_COMPILED_AT_ONCE = 4
_RUNS_OF_A_PROGRAM = 4


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
    peak = peak_of(device_kind)
    return None if peak is None else peak.products.get(multiplied)


def peak_of(device_kind: str) -> Peak | None:
    """What a device can do that JAX names so; None where it is not known."""
    return next((peak for part, peak in PEAKS.items() if part in device_kind), None)


def tokens_per_compilation(shape: PretrainedConfig, backend: str, devices: int) -> float:
    """About how many tokens a device could train on in the time that one batch shape costs to
    compile. The `devices` of a CPU are one machine, which compiles for all of them."""
    seconds = 3 + shape.num_hidden_layers
    if backend == "cpu":
        return seconds * _ROUGHLY_CPU * devices / _dense_flops(shape)
    waited = seconds / (_COMPILED_AT_ONCE * _RUNS_OF_A_PROGRAM)
    return waited * _ROUGHLY_ACCELERATORS / _dense_flops(shape)


def _dense_flops(shape: PretrainedConfig) -> int:
    """FLOP a token of a training step, without attention's."""
    wide = getattr(shape, "intermediate_size", None) or shape.hidden_dim  # DistilBERT's name of it
    layer = 8 * shape.hidden_size**2 + 4 * shape.hidden_size * wide
    return 3 * (shape.num_hidden_layers * layer + _embedding_flops(shape))


def _embedding_flops(shape: PretrainedConfig) -> int:
    """FLOP a token, forward, to widen an embedding that is narrower than the layers (ELECTRA)."""
    narrow = getattr(shape, "embedding_size", shape.hidden_size)
    return 0 if narrow == shape.hidden_size else 2 * narrow * shape.hidden_size
