"""How long a program takes at best, kernel by kernel, and what it computes, kind by kind.

A kernel takes as long as its bytes, or its products, or its start, whichever is longest: the
roofline of Williams, Waterman & Patterson (2009), at shares of the data sheet's peaks that good
kernels reach.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from xlt_flax.modeling.cost import Peak
from xlt_flax.training.compiled.kernels import KINDS, Kernel

BANDWIDTH_SHARE = 3.0 / 3.35  # 3 TB/s of an H100's
PRODUCT_SHARE = 0.55
LEAST_SECONDS = 2e-6


@dataclass(frozen=True)
class Part:
    """Some of a program's kernels.

    Attributes:
      name: of these.
      kernels: how many are executed.
      bytes: that they move.
      product_flop: of their matrix products.
      operations: on single numbers.
      seconds: at best.
    """

    name: str
    kernels: int
    bytes: float
    product_flop: float
    operations: float
    seconds: float


def seconds_of(kernel: Kernel, peak: Peak) -> float:
    """Of one execution, at best."""
    moving = kernel.work.bytes / (BANDWIDTH_SHARE * peak.bandwidth)
    slowest = min(peak.products.values())  # of a type that is in no table
    multiplying = sum(
        product.flop / (PRODUCT_SHARE * peak.products.get(product.dtype, slowest))
        for product in kernel.work.products
    )
    return max(moving, multiplying, LEAST_SECONDS)


def part_of(name: str, kernels: Iterable[Kernel], peak: Peak) -> Part:
    """These kernels together."""
    kernels = list(kernels)
    return Part(
        name,
        sum(k.times for k in kernels),
        sum(k.times * k.work.bytes for k in kernels),
        sum(k.times * p.flop for k in kernels for p in k.work.products),
        sum(k.times * k.work.operations.total() for k in kernels),
        sum(k.times * seconds_of(k, peak) for k in kernels),
    )


def by_kind(kernels: Iterable[Kernel], peak: Peak) -> list[Part]:
    """The kinds that there are, in the order of KINDS."""
    kernels = list(kernels)
    there = {kernel.kind for kernel in kernels}
    return [part_of(k, (x for x in kernels if x.kind == k), peak) for k in KINDS if k in there]


def largest(kernels: Iterable[Kernel], peak: Peak, count: int) -> list[Part]:
    """The kernels that take longest; those of one name, but for its number, that move and multiply
    the same stand together: most are of all layers."""
    alike: dict[tuple, list[Kernel]] = {}
    for one in kernels:
        stem = one.name.rstrip(".0123456789")
        flop = sum(product.flop for product in one.work.products)
        alike.setdefault((stem, one.kind, one.work.bytes, flop), []).append(one)
    parts = [part_of(f"{stem} ({kind})", of, peak) for (stem, kind, *_), of in alike.items()]
    return sorted(parts, key=lambda part: -part.seconds)[:count]


def float32_products(kernels: Iterable[Kernel]) -> int:
    """Executed products of float32 numbers, in full or in the device's fast mode."""
    return sum(
        k.times * sum(p.dtype in ("float32", "tf32") for p in k.work.products) for k in kernels
    )
