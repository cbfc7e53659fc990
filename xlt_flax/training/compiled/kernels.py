"""Which kernels a program executes, and how often: a loop's as often as it goes round."""

from collections.abc import Iterator
from dataclasses import dataclass

from xlt_flax.training.compiled.custom_calls import modelled
from xlt_flax.training.compiled.hlo import Instruction, Module
from xlt_flax.training.compiled.work import Work, work_of

_NO_KERNEL = {
    *("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all", "domain"),
    *("partition-id", "replica-id", "opt-barrier", "add-dependency"),
}
KINDS = ("dense", "attention", "norms and casts", "adam", "dropout", "scatter")


@dataclass(frozen=True)
class Kernel:
    """One kernel of a program.

    Attributes:
      name: XLA's.
      kind: one of KINDS.
      times: how often it is executed.
      work: of one execution.
      model: by which a custom call was counted; "" of all others.
    """

    name: str
    kind: str
    times: int
    work: Work
    model: str = ""


@dataclass(frozen=True)
class Executed:
    """
    Attributes:
      kernels: that a program executes.
      unknown_loops: loops that XLA does not say the trips of; their bodies count once.
    """

    kernels: tuple[Kernel, ...]
    unknown_loops: int


def executed(module: Module) -> Executed:
    """All that a program executes, from its beginning to its end."""
    unknown: list[str] = []
    return Executed(tuple(_run(module, module.entry, 1, unknown)), len(unknown))


def _run(module: Module, name: str, times: int, unknown: list[str]) -> Iterator[Kernel]:
    for one in module.computations[name].values():
        if one.opcode == "while":
            yield from _loop(module, one, times, unknown)
        elif one.opcode == "conditional":
            runs = [list(_run(module, branch, times, unknown)) for branch in one.branches]
            yield from max(runs, key=len)
        elif one.opcode in ("call", "async-start") and (called := _called(one)):
            yield from _run(module, called, times, unknown)
        elif one.opcode not in _NO_KERNEL and not one.opcode.endswith("-done"):
            yield from _kernel(module, name, one, times)


def _loop(module: Module, one: Instruction, times: int, unknown: list[str]) -> Iterator[Kernel]:
    trips = one.backend_config.get("known_trip_count", {}).get("n")
    if trips is None:
        unknown.append(one.name)
    if body := one.called("body"):
        yield from _run(module, body, times * int(trips or 1), unknown)


def _called(one: Instruction) -> str | None:
    return one.called("to_apply") or one.called("calls")


def _kernel(module: Module, name: str, one: Instruction, times: int) -> Iterator[Kernel]:
    inside = module.computations[name]
    if one.opcode != "custom-call":
        work = work_of(module, inside, one)
        yield Kernel(one.name, kind_of(work, one.scope), times, work)
        return
    work, count, model = modelled(inside, one)
    if count:
        yield Kernel(one.name, kind_of(work, one.scope), times * count, work, model)


def kind_of(work: Work, scope: str) -> str:
    """What a kernel is for: what its products are for; else what most of its operations are for,
    where dropout's hashes, which are many and cheap, count only if there is nothing else.

    Args:
      work: of it.
      scope: its place in the source, for what has no operations.
    """
    if work.products:
        is_attention = any(_kind_of_scope(p.scope) == "attention" for p in work.products)
        return "attention" if is_attention else "dense"
    if "scatter" in work.opcodes:
        return "scatter"
    totals: dict[str, float] = {}
    for place, count in work.operations.items():
        kind = _kind_of_scope(place)
        totals[kind] = totals.get(kind, 0) + count
    without = {kind: count for kind, count in totals.items() if kind != "dropout"}
    most = without or totals
    return max(most, key=lambda kind: most[kind]) if most else _kind_of_scope(scope)


def _kind_of_scope(scope: str) -> str:
    """By the names that the package's functions have in JAX's op_name (`jax.named_scope`), and by
    the subscripts of the library's own attention."""
    if "dropout" in scope or "threefry" in scope:  # which only dropout draws by
        return "dropout"
    if "attend" in scope or "hqk" in scope:
        return "attention"
    return "adam" if "adam" in scope else "norms and casts"
