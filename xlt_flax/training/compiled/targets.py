"""The devices that programs can be compiled for where there is none of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

import jax
from jax.experimental import topologies

from xlt_flax.errors import UserError
from xlt_flax.modeling.cost import Peak, peak_of


@dataclass(frozen=True)
class Target:
    """
    Attributes:
      kind: as JAX names the device.
      backend, platform: as JAX and its compilers call what it is of.
      asked: what the compiler asks about a device that is not there.
      module: of the compiler.
      needs: what has it, for pip.
      options: of the compiler.
    """

    kind: str
    backend: str
    platform: str
    asked: Mapping[str, str]
    module: str
    needs: str
    options: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def peak(self) -> Peak:
        """What the device can do."""
        peak = peak_of(self.kind)
        assert peak is not None, f"{self.kind} stands in no table of peaks"
        return peak

    def device(self) -> jax.Device:
        """A device that programs are compiled for; it runs nothing.

        Raises:
          UserError: the compiler is not installed.
        """
        try:
            return topologies.get_topology_desc(platform=self.platform, **self.asked).devices[0]
        except RuntimeError as error:
            if isinstance(error, NotImplementedError) or find_spec(self.module) is None:
                raise UserError(self._missing()) from None
            raise

    def _missing(self) -> str:
        return (
            f"--compile_for: XLA's compiler for {self.kind} is not installed; give pip install "
            f"{self.needs} (no device is needed)"
        )


@dataclass(frozen=True)
class _Gpu:
    """What XLA's code generation goes by, from NVIDIA's data sheets.

    Attributes:
      cores: streaming multiprocessors.
      clock: GHz, boosted.
      bandwidth: of memory, bytes/s.
      memory, cache: bytes; of level 2.
      capability: which says the rest (`_BY_CAPABILITY`).
    """

    cores: int
    clock: float
    bandwidth: float
    memory: float
    cache: int
    capability: tuple[int, int]


CUDNN = 90800  # the version of cuDNN that GPUs are taken to have, as it numbers itself

# CUDA C++ Programming Guide, "Technical Specifications per Compute Capability": float32 units and
# shared memory (bytes) of a multiprocessor, and the most of it that a block may ask for.
_BY_CAPABILITY = {(8, 0): (64, 164 << 10, 163 << 10), (9, 0): (128, 228 << 10, 227 << 10)}


def _gpu(kind: str, gpu: _Gpu) -> Target:
    asked = {"topology": "1x1x1", "target_config": _target_config(kind, gpu)}
    # Autotuning runs kernels: without a device, XLA takes its default for each.
    options = {"xla_gpu_autotune_level": 0}
    needs = f"jax-cuda12-plugin=={jax.__version__}"
    return Target(kind, "gpu", "cuda", asked, "jax_plugins", needs, options)


def _target_config(kind: str, gpu: _Gpu) -> str:
    """XLA's GpuTargetConfigProto (xla/stream_executor/device_description.proto), as text."""
    units, shared, of_a_block = _BY_CAPABILITY[gpu.capability]
    major, minor = gpu.capability
    return f"""
    platform_name: "CUDA"
    device_description_str: "{kind}"
    dnn_version_info {{ major: {CUDNN // 10000} minor: {CUDNN // 100 % 100} }}
    runtime_version {{ major: 12 minor: 9 }}
    gpu_device_info {{
      cuda_compute_capability {{ major: {major} minor: {minor} }}
      core_count: {gpu.cores} fpus_per_core: {units} clock_rate_ghz: {gpu.clock}
      memory_bandwidth: {int(gpu.bandwidth)} device_memory_size: {int(gpu.memory)}
      l2_cache_size: {gpu.cache}
      shared_memory_per_core: {shared} shared_memory_per_block: {48 << 10}
      shared_memory_per_block_optin: {of_a_block}
      threads_per_warp: 32 threads_per_block_limit: 1024 threads_per_core_limit: 2048
      registers_per_core_limit: 65536 registers_per_block_limit: 65536
      block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
    }}"""


def _tpu(kind: str, topology: str) -> Target:
    needs = f"'jax[tpu]=={jax.__version__}'"
    return Target(kind, "tpu", "tpu", {"topology_name": topology}, "libtpu", needs)


TARGETS = {
    "a100": _gpu("NVIDIA A100-SXM4-80GB", _Gpu(108, 1.41, 2.039e12, 80e9, 40 << 20, (8, 0))),
    "h100": _gpu("NVIDIA H100 80GB HBM3", _Gpu(132, 1.98, 3.35e12, 80e9, 50 << 20, (9, 0))),
    "h200": _gpu("NVIDIA H200", _Gpu(132, 1.98, 4.8e12, 141e9, 50 << 20, (9, 0))),
    "v4": _tpu("TPU v4", "v4:2x2x1"),
    "v5e": _tpu("TPU v5 lite", "v5e:2x2"),
    "v5p": _tpu("TPU v5", "v5p:2x2x1"),
    "v6e": _tpu("TPU v6 lite", "v6e:2x2"),
}


def find_target(name: str) -> Target:
    """
    Raises:
      UserError: there is none of that name.
    """
    if name not in TARGETS:
        raise UserError(f"--compile_for={name}: give one of {', '.join(TARGETS)}")
    return TARGETS[name]
