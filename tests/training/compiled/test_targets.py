"""Devices that can be compiled for, and what is said where their compilers are missing."""

import jax
import pytest
from jax.experimental import topologies

from xlt_flax.errors import UserError
from xlt_flax.modeling.cost import PEAKS
from xlt_flax.training.compiled import targets
from xlt_flax.training.compiled.targets import TARGETS, find_target


def test_an_unknown_device_is_refused_with_those_there_are():
    with pytest.raises(UserError, match=r"--compile_for=h101: give one of a100, h100, .*v5e"):
        find_target("h101")


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_a_peak(name):
    """And what describes a GPU to the compiler agrees with the table."""
    target = TARGETS[name]
    assert target.peak in PEAKS.values()
    assert target.peak.products["bfloat16"] > 1e14
    if target.backend == "gpu":
        assert f"memory_bandwidth: {int(target.peak.bandwidth)} " in target.asked["target_config"]


@pytest.mark.parametrize(
    ("name", "error", "line"),
    [
        ("h100", NotImplementedError, f"pip install jax-cuda12-plugin=={jax.__version__}"),
        ("v5e", RuntimeError, rf"pip install 'jax\[tpu\]=={jax.__version__}'"),
    ],
)
def test_a_missing_compiler_is_a_line(monkeypatch, name, error, line):
    def refuse(**_):
        raise error

    monkeypatch.setattr(topologies, "get_topology_desc", refuse)
    monkeypatch.setattr(targets, "find_spec", lambda module: None)
    with pytest.raises(UserError, match=line):
        find_target(name).device()


def test_a_compiler_that_does_not_start_is_no_users_mistake(monkeypatch):
    def refuse(**_):
        raise RuntimeError("FAILED_PRECONDITION")

    monkeypatch.setattr(topologies, "get_topology_desc", refuse)
    monkeypatch.setattr(targets, "find_spec", lambda module: module)
    with pytest.raises(RuntimeError, match="FAILED_PRECONDITION"):
        find_target("h100").device()
