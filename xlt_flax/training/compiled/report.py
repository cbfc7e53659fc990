"""What compiled programs cost, as a value and as a table. What was read off a program is called
compiled, what a model says of it estimated; nothing here was measured."""

from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from ml_collections import ConfigDict
from transformers import PretrainedConfig

from xlt_flax.modeling.cost import flops_per_token
from xlt_flax.training.compiled import roofline
from xlt_flax.training.compiled.hlo import parse
from xlt_flax.training.compiled.kernels import Kernel, executed
from xlt_flax.training.compiled.programs import Program
from xlt_flax.training.compiled.roofline import Part
from xlt_flax.training.compiled.targets import Target

_LARGEST = 10
_ESTIMATED = (
    f"estimated: at {roofline.BANDWIDTH_SHARE:.1%} of the memory's bandwidth, products at "
    f"{roofline.PRODUCT_SHARE:.0%} of the peak, {1e6 * roofline.LEAST_SECONDS:g} us a kernel at "
    "least; nothing was run"
)


def report(
    config: ConfigDict,
    shape: PretrainedConfig,
    name: str,
    target: Target,
    programs: Iterable[Program],
) -> dict[str, Any]:
    """
    Args:
      config: of the run.
      shape: of its model.
      name: of the target.
      target: that the programs are compiled for.
      programs: of `compile_programs`.

    Returns:
      `compile_for` and `device`; for each of `programs` its `name`, `rows`, `row_length`,
      `documents` and `tokens` (that belong to documents), and what was `compiled` and what is
      `estimated` (`_counted`, `_estimated`); `tokens_per_second`, None: nothing was run.
    """
    return {
        "compile_for": name,
        "device": target.kind,
        "tokens_per_second": None,
        "dtype": config.model.dtype,
        "programs": [_of_program(config, shape, target, program) for program in programs],
        "versions": {name: version(name) for name in ("jax", "jaxlib", "flax", "transformers")},
    }


def _of_program(
    config: ConfigDict, shape: PretrainedConfig, target: Target, program: Program
) -> dict[str, Any]:
    rows, row_length = program.rows
    about = {
        "name": program.name,
        "rows": rows,
        "row_length": row_length,
        "documents": len(program.lengths),
        "tokens": int(program.lengths.sum()),
    }
    held = _held(program)
    if target.backend != "gpu":
        costs = program.compiled.cost_analysis() or {}
        counted = {"flop": costs.get("flops"), "bytes": costs.get("bytes accessed")}
        return about | {"compiled": counted | held}
    found = executed(parse(program.compiled.as_text() or ""))
    useful = _useful_flop(shape, program)
    peak = target.peak.products[_multiplied(config)]
    return about | {
        "compiled": _counted(found.kernels, target) | held | {"unknown_loops": found.unknown_loops},
        "estimated": _estimated(found.kernels, target, useful, peak),
    }


def _held(program: Program) -> dict[str, int | None]:
    """Bytes of the device: all that a program holds at once, and what of it is temporary; None
    where XLA does not tell."""
    told = program.compiled.memory_analysis()
    if told is None:
        return dict.fromkeys(("memory_bytes", "temporary_bytes"))
    results = told.output_size_in_bytes - told.alias_size_in_bytes  # the state's place is kept
    whole = told.argument_size_in_bytes + results + told.temp_size_in_bytes
    return {"memory_bytes": whole, "temporary_bytes": told.temp_size_in_bytes}


def _useful_flop(shape: PretrainedConfig, program: Program) -> float:
    """Of the documents' tokens; an evaluation has the forward third of a step's."""
    flop = flops_per_token(shape, program.lengths) * float(program.lengths.sum())
    return flop if program.name == "step" else flop / 3


def _multiplied(config: ConfigDict) -> str:
    is_fast = config.model.dtype == "float32" and config.model.tf32
    return "tf32" if is_fast else str(config.model.dtype)


def _counted(kernels: Iterable[Kernel], target: Target) -> dict[str, Any]:
    """What the program itself says: executed kernels, bytes, FLOP of products and operations on
    single numbers, all and of each kind; and the models by which custom calls were counted."""
    whole = roofline.part_of("all", kernels, target.peak)
    return {
        **_of_part(whole),
        "float32_products": roofline.float32_products(kernels),
        "kinds": {p.name: _of_part(p) for p in roofline.by_kind(kernels, target.peak)},
        "custom_calls": sorted({k.model for k in kernels if k.model}),
    }


def _of_part(part: Part) -> dict[str, Any]:
    return {
        "kernels": part.kernels,
        "bytes": round(part.bytes),
        "product_flop": round(part.product_flop),
        "operations": round(part.operations),
    }


def _estimated(
    kernels: Iterable[Kernel], target: Target, useful: float, peak: float
) -> dict[str, Any]:
    """Seconds by the roofline, all and of each kind, and the largest; the share of the peak that
    the FLOP of documents' tokens are of."""
    whole = roofline.part_of("all", kernels, target.peak)
    ten = roofline.largest(kernels, target.peak, _LARGEST)
    return {
        "seconds": whole.seconds,
        "useful_flop": round(useful),
        "peak_fraction": round(useful / (whole.seconds * peak), 4),
        "kinds": {p.name: p.seconds for p in roofline.by_kind(kernels, target.peak)},
        "largest": [asdict(part) for part in ten],
    }


def table(result: dict[str, Any]) -> str:
    """The same for people."""
    return "\n\n".join(_table(result["device"], program) for program in result["programs"])


def _table(device: str, program: dict[str, Any]) -> str:
    head = (
        f"{program['name']} for {device}: {program['rows']} x {program['row_length']} tokens, "
        f"{program['tokens']} of {program['documents']} documents"
    )
    counted = program["compiled"]
    memory, temporary = counted["memory_bytes"] or 0, counted["temporary_bytes"] or 0
    held = f"compiled: {memory / 2**30:.2f} GiB held, {temporary / 2**30:.2f} of it temporary"
    if "estimated" not in program:
        flop, moved = counted["flop"] or 0, counted["bytes"] or 0
        return f"{head}\n{held}, {flop / 1e12:.3f} TFLOP, {moved / 1e9:.2f} GB (loops count once)"
    estimated = program["estimated"]
    rows = [(kind, part, estimated["kinds"][kind]) for kind, part in counted["kinds"].items()]
    rows.append(("all", counted, estimated["seconds"]))
    most = [(part["name"], part, part["seconds"]) for part in estimated["largest"]]
    return "\n".join(
        [
            head,
            f"{held}, {counted['float32_products']} products of float32",
            *(f"custom call, {model}" for model in counted["custom_calls"]),
            *_unknown(counted["unknown_loops"]),
            _HEADER,
            *(_row(*row) for row in rows),
            f"the largest {len(most)}:",
            *(_row(*row) for row in most),
            f"{estimated['peak_fraction']:.1%} of the peak; {_ESTIMATED}",
        ]
    )


_HEADER = f"{'':<44}compiled: kernels       GB    TFLOP  operations  estimated: ms"


def _row(name: str, part: dict[str, Any], seconds: float) -> str:
    return (
        f"{name[:43]:<44}{part['kernels']:17d} {part['bytes'] / 1e9:8.3f} "
        f"{part['product_flop'] / 1e12:8.4f} {part['operations'] / 1e9:10.3f}G "
        f"{1000 * seconds:13.3f}"
    )


def _unknown(loops: int) -> list[str]:
    return [f"{loops} loops of unknown length were counted once"] if loops else []
