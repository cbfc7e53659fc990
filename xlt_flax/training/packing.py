"""Which shapes a run's packed training batches have, on devices that need not be there."""

import numpy as np
from ml_collections import ConfigDict
from transformers import PretrainedConfig

from xlt_flax.data.layout.shapes import PackingPlan, choose_shapes
from xlt_flax.modeling.cost import tokens_per_compilation

# Whole rows are attended to on accelerators: a token costs this much more for each of its row's.
_ROW_COST = 2e-4
_ROW_LENGTHS = (128, 256)
_MOST_SHAPES = 12  # of training batches; few are used where compiling costs more than padding


def packing_on(
    backend: str,
    devices: int,
    config: ConfigDict,
    shape: PretrainedConfig,
    lengths: np.ndarray,
    steps: int,
) -> PackingPlan:
    """The shapes of packed training batches on devices that need not be there.

    Args:
      backend: of the devices, as JAX calls it.
      devices: how many share a batch.
      config: of the run.
      shape: of its model.
      lengths: int[…], of its documents.
      steps: updates that share the shapes.
    """
    rows = row_lengths(config, backend)
    return choose_shapes(
        lengths,
        config.train.batch_size,
        devices=devices,
        row_lengths=rows,
        row_cost=_ROW_COST if rows else 0.0,
        steps=steps,
        compile_tokens=tokens_per_compilation(shape, backend, devices),
        limit=_MOST_SHAPES,
    )


def row_lengths(config: ConfigDict, backend: str) -> list[int] | None:
    """The lengths that rows may have, shortest first; None: everything in one row."""
    if backend == "cpu":
        return None
    longest = -(-config.data.max_length // 64) * 64
    return [*(length for length in _ROW_LENGTHS if length < longest), longest]
