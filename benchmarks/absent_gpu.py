"""The memory of a training step on a GPU that is not there: it is compiled for one, and not run.

    pip install --no-deps jax-cuda12-plugin==V jax-cuda12-pjrt==V nvidia-cuda-nvcc-cu12    # jax's V
    JAX_PLATFORMS=cpu XLA_FLAGS=--xla_gpu_autotune_level=0 \
      python benchmarks/absent_gpu.py h100.txtpb --model=FOLDER [--remat] [--dtype=bfloat16]

The first argument describes the GPU: XLA's GpuTargetConfigProto as text. The model's folder needs a
config.json and a tokenizer alone; documents are those of bench --synthetic=135,172.
Prints one JSON object, with fields of `training/benchmark.compare`.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from xlt_flax.config import base, resolve
from xlt_flax.training import benchmark, step
from xlt_flax.training.inputs import open_inputs

_WHOLE, _SPREAD = PartitionSpec(), PartitionSpec("devices")


def compile_for(target: str) -> None:
    """Has this process compile its steps for a GPU that `target` describes."""
    devices = topologies.get_topology_desc(
        platform="cuda", topology_name="cuda", topology="1x1x1", target_config=target
    ).devices
    mesh = Mesh(np.array(devices), ("devices",))

    def mapped(
        function: Callable, axis_name: str, in_axes: Any, out_axes: Any, **options: Any
    ) -> Any:
        """What jax.pmap is, which takes devices of this machine alone."""
        del axis_name

        def on_device(state: Any, batch: dict, *constants: Any) -> Any:
            return function(state, {name: array[0] for name, array in batch.items()}, *constants)

        specs = tuple(_WHOLE if axis is None else _SPREAD for axis in in_axes)
        spread = jax.shard_map(
            on_device,
            mesh=mesh,
            in_specs=specs,
            out_specs=tuple(_WHOLE for _ in out_axes),
            check_vma=False,
        )
        return jax.jit(spread, **options)

    def described(tree: Any) -> Any:
        sharding = NamedSharding(mesh, _WHOLE)
        return jax.tree.map(
            lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=sharding), tree
        )

    jax.pmap = mapped  # type: ignore[assignment]  # of the arguments that step.py gives
    jax.default_backend = lambda: "gpu"  # by which batches are laid out
    step.put_on_devices = described


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--remat", action="store_true")
    parser.add_argument("--dtype", default="float32")
    given = parser.parse_args()
    compile_for(given.target.read_text())
    config = base()
    config.mixture, config.model.init = "E1D1F1", "random"
    config.model.name, config.model.dtype = given.model, given.dtype
    config.train.remat = given.remat
    config = resolve(config)
    inputs = open_inputs(config)
    documents = benchmark.synthetic_documents(config, inputs, 135, 172)
    (result,) = benchmark.compare(config, inputs, documents, steps=0, all_variants=False)
    told = ("parameters", "step_memory_bytes", "step_temporary_bytes", "flops_per_step", "versions")
    print(json.dumps(vars(given) | {name: result[name] for name in told}, default=str))


if __name__ == "__main__":
    main()
