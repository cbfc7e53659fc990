"""What calls of libraries and of hand-written kernels do: XLA's text names them and says no more.

Each model is of one library's calls, and the report shows which were used. A call that no model
knows is one kernel that reads its operands, writes its results, and has no FLOP.
"""

from collections.abc import Callable
from typing import NamedTuple

from xlt_flax.training.compiled.hlo import Computation, Instruction
from xlt_flax.training.compiled.work import Product, Work, product_of


class Modelled(NamedTuple):
    """What a call does, how many kernels it is, and the model in words."""

    work: Work
    kernels: int
    model: str


def modelled(inside: Computation, call: Instruction) -> Modelled:
    """A custom call of the computation `inside`."""
    for start, model in _MODELS.items():
        if call.target.startswith(start):
            return model(inside, call)
    return Modelled(
        _of_arrays(inside, call), 1, f"{call.target}: operands and results once, no FLOP"
    )


def _of_arrays(inside: Computation, call: Instruction) -> Work:
    """Every operand read and every result written once."""
    operands = dict.fromkeys(call.operands)
    read = sum(inside[name].bytes for name in operands)
    return Work(read=read, written=call.bytes, opcodes={"custom-call"})


def _nothing(inside: Computation, call: Instruction) -> Modelled:
    return Modelled(Work(), 0, f"{call.target}: nothing is done")


def _gemm(inside: Computation, call: Instruction) -> Modelled:
    """cuBLAS: gives (the product, its workspace)."""
    config = call.backend_config.get("gemm_backend_config", call.backend_config)
    numbers = config.get("dot_dimension_numbers", {})
    contracted = [int(axis) for axis in numbers.get("lhs_contracting_dimensions", ())]
    work = _of_arrays(inside, call)
    work.written = call.arrays[0].bytes
    work.products.append(product_of(inside, call, contracted))
    return Modelled(work, 1, f"{call.target}: one product, workspace not counted")


def _cudnn_attention(inside: Computation, call: Instruction) -> Modelled:
    """cuDNN's fused attention over [batch, length, heads, size]: no scores in memory. Two products
    forward; five backward, since scores are computed again (Dao et al. 2022, section 3.1)."""
    query, key = (inside[name].arrays[0] for name in call.operands[:2])
    batch, length, heads, size = query.shape
    products = 5 if "Backward" in call.target else 2
    work = _of_arrays(inside, call)
    # Results are as large as the operands at most; what is more is workspace.
    work.written = sum(array.bytes for array in call.arrays if array.dtype != "u8")
    flop = 2.0 * products * batch * heads * length * key.shape[1] * size
    work.products.append(Product(flop, "bfloat16", call.scope))
    return Modelled(work, 1, f"{call.target}: {products} products of length x length x size a head")


_Model = Callable[[Computation, Instruction], Modelled]
_MODELS: dict[str, _Model] = {
    "__cublas$": _gemm,
    "__cudnn$fmha": _cudnn_attention,
    "annotate_device_placement": _nothing,
    "Sharding": _nothing,
}
