"""What one instruction of a program moves and computes, inside a fusion too."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xlt_flax.training.compiled.hlo import Computation, Instruction, Module

# One operation an element; what only moves or changes the type of numbers is none.
_OPERATIONS = {
    *("abs", "add", "and", "ceil", "clamp", "compare", "divide", "erf", "exponential"),
    *("exponential-minus-one", "floor", "log", "log-plus-one", "logistic", "maximum", "minimum"),
    *("multiply", "negate", "not", "or", "power", "remainder", "rsqrt", "select", "shift-left"),
    *("shift-right-arithmetic", "shift-right-logical", "sign", "sqrt", "subtract", "tanh", "xor"),
}
_MOVED_IN_PART = ("dynamic-slice", "slice", "gather")
_TYPES = {"bf16": "bfloat16", "f16": "bfloat16"}  # as tables of peaks have them


@dataclass(frozen=True)
class Product:
    """A matrix product: its FLOP, the type multiplied in (see `cost.Peak`), its source's scope."""

    flop: float
    dtype: str
    scope: str


@dataclass
class Work:
    """
    Attributes:
      read, written: bytes of memory.
      products: of matrices.
      operations: on single numbers, by their place in the source.
      opcodes: that it is made of.
    """

    read: float = 0
    written: float = 0
    products: list[Product] = field(default_factory=list)
    operations: Counter[str] = field(default_factory=Counter)
    opcodes: set[str] = field(default_factory=set)

    @property
    def bytes(self) -> float:
        return self.read + self.written


def work_of(module: Module, inside: Computation, one: Instruction) -> Work:
    """What an instruction of the computation `inside` does, if it is executed as one kernel."""
    done = Work()
    called = one.called("calls")
    body = module.computations[called] if one.opcode == "fusion" and called else None
    if body is None:
        _compute(done, inside, one)
        done.read, done.written = _moved(inside, one)
        return done
    for computation, instruction in _within(module, body):
        _compute(done, computation, instruction)
    done.read = sum(_read(body, number) for number in range(len(one.operands)))
    done.written = sum(_written(body, root) for root in _results(body))
    return done


def product_of(inside: Computation, one: Instruction, contracted: Sequence[int]) -> Product:
    """Of an instruction that multiplies its first two operands.

    Args:
      inside: its computation.
      one: the instruction.
      contracted: dimensions of the first operand that are summed over.
    """
    left, right = (inside[name].arrays[0] for name in one.operands[:2])
    summed = math.prod(left.shape[axis] for axis in contracted)
    types = {left.dtype, right.dtype}
    exact = "highest" in one.rest or "HIGHEST" in one.rest
    single = "float32" if exact else "tf32"
    dtype = single if "f32" in types else _TYPES.get(left.dtype, left.dtype)
    return Product(2.0 * one.arrays[0].elements * summed, dtype, one.scope)


def _within(module: Module, body: Computation) -> Iterator[tuple[Computation, Instruction]]:
    """All instructions of a fusion, those of fusions inside it too."""
    for instruction in body.values():
        called = instruction.called("calls") if instruction.opcode == "fusion" else None
        if called:
            yield from _within(module, module.computations[called])
        else:
            yield body, instruction


def _compute(done: Work, inside: Computation, one: Instruction) -> None:
    done.opcodes.add(one.opcode)
    if one.opcode == "dot":
        done.products.append(product_of(inside, one, one.numbers("lhs_contracting_dims")))
    elif one.opcode in ("reduce", "reduce-window", "scatter"):
        counted = one.operands[-1 if one.opcode == "scatter" else 0]
        done.operations[one.scope] += inside[counted].elements
    elif one.opcode in _OPERATIONS:
        done.operations[one.scope] += one.elements


def _moved(inside: Computation, one: Instruction) -> tuple[float, float]:
    """Bytes that an instruction by itself reads and writes."""
    if one.opcode in _MOVED_IN_PART:
        return one.bytes, one.bytes
    if one.opcode == "dynamic-update-slice":
        update = inside[one.operands[1]].bytes
        return update, update
    if one.opcode == "scatter":  # adds to what is there, in place
        update = sum(inside[name].bytes for name in one.operands[len(one.operands) // 2 :])
        return 2 * update, update
    return sum(inside[name].bytes for name in dict.fromkeys(one.operands)), one.bytes


def _read(body: Computation, number: int) -> float:
    """Bytes that a fusion reads of one of its operands."""
    (operand,) = (i for i in body.values() if i.number == number)
    uses = list(_uses(body, operand.name))
    if any(not _is_partial(one, through) for one, through in uses):
        return operand.bytes
    return min(operand.bytes, sum(_part_read(one) for one, _ in uses))


def _uses(body: Computation, name: str) -> Iterator[tuple[Instruction, str]]:
    """(who takes it, by which name) of a value, through what only passes it on."""
    for instruction in body.values():
        if name in instruction.operands:
            if instruction.opcode == "bitcast":
                yield from _uses(body, instruction.name)
            else:
                yield instruction, name


def _is_partial(one: Instruction, through: str) -> bool:
    is_first = one.operands[0] == through and through not in one.operands[1:]
    return is_first and one.opcode in (*_MOVED_IN_PART, "dynamic-update-slice", "scatter")


def _part_read(one: Instruction) -> float:
    """Nothing of what is changed in place: what is added to is counted where it is written."""
    return one.bytes if one.opcode in _MOVED_IN_PART else 0.0


def _results(body: Computation) -> list[Instruction]:
    (root,) = (i for i in body.values() if i.is_root)
    return [body[name] for name in root.operands] if root.opcode == "tuple" else [root]


def _written(body: Computation, result: Instruction) -> float:
    while result.opcode == "bitcast":
        result = body[result.operands[0]]
    if result.opcode == "dynamic-update-slice":
        return body[result.operands[1]].bytes
    if result.opcode == "scatter":
        return 2 * body[result.operands[-1]].bytes
    return result.bytes
