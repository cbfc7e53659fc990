"""What a step costs, and what devices can do."""

import numpy as np
import pytest
from transformers import BertConfig

from xlt_flax.modeling.cost import flops_per_token, peak_flops, tokens_per_compilation

BASE = BertConfig()  # BERT base: 12 layers, 768 wide
TINY = BertConfig(num_hidden_layers=2, hidden_size=16, intermediate_size=32, num_attention_heads=2)


@pytest.mark.parametrize("lengths", [[128] * 4, [1], [10, 500]])
def test_a_tokens_flops_are_six_a_weight_and_attention(lengths):
    """Six for each weight of a matrix (Kaplan et al. 2020, section 2.1), and scores and sums over
    all tokens of its document."""
    weights = 12 * (4 * 768**2 + 2 * 768 * 3072)
    lengths = np.array(lengths)
    attended = sum(int(n) * int(n) for n in lengths) / lengths.sum()
    expected = 6 * weights + 3 * 12 * 4 * 768 * attended
    assert flops_per_token(BASE, lengths) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "dtype", "tf32", "expected"),
    [
        ("NVIDIA H100 80GB HBM3", "bfloat16", True, 989e12),
        ("NVIDIA H100 80GB HBM3", "bfloat16", False, 989e12),
        ("NVIDIA H100 80GB HBM3", "float32", True, 494e12),
        ("NVIDIA H100 80GB HBM3", "float32", False, 67e12),
        ("NVIDIA H200", "float32", True, 494e12),
        ("NVIDIA A100-SXM4-40GB", "float32", True, 156e12),
        ("NVIDIA A100-SXM4-40GB", "float32", False, 19.5e12),
        ("TPU v5 lite", "bfloat16", True, 197e12),
        ("TPU v5", "bfloat16", True, 459e12),
        ("TPU v5p", "bfloat16", True, 459e12),
        ("TPU v6 lite", "bfloat16", True, 918e12),
        ("TPU v5 lite", "float32", True, 197e12),
        ("TPU v5 lite", "float32", False, None),
        ("cpu", "float32", True, None),
    ],
)
def test_peaks_are_those_of_how_the_device_multiplies(kind, dtype, tf32, expected):
    assert peak_flops(kind, dtype, tf32) == expected


@pytest.mark.parametrize(
    ("shape", "backend", "devices", "expected"),
    [
        (BASE, "cpu", 1, 5886.878496334876),
        (BASE, "cpu", 3, 17660.63548900463),
        (BASE, "gpu", 1, 183964.9530104649),
        (BASE, "gpu", 8, 183964.9530104649),
        (BASE, "tpu", 8, 183964.9530104649),
        (TINY, "gpu", 8, 1271565755.2083333),
    ],
)
def test_what_a_compilation_is_weighed_as(shape, backend, devices, expected):
    """The shapes of packed batches depend on it, and so do the bits of a run."""
    assert tokens_per_compilation(shape, backend, devices) == expected
