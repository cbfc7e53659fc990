"""Times what makes batches, at several numbers of documents: order, batch, an evaluation's cut.

    python benchmarks/batches.py
    python benchmarks/batches.py --documents=1000,10000000 --batch_size=32

Made-up documents of about the music reviews' lengths. Prints a table. What happens at each step is
the median of many; what happens once a run, an epoch or an evaluation is one thread's CPU time, the
least of three but for a run's first batch. It needs no accelerator.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.placing import cut
from xlt_flax.data.layout.shapes import choose_shapes, evaluation_shape
from xlt_flax.data.layout.slots import Layout
from xlt_flax.data.order import DatasetOrder

LANGUAGES = ("en", "de", "fr")
TIMES = 300
EVALUATION_TOKENS = 8192  # config.eval.batch_size = 64 on one device


def seconds(call: Callable[..., object], *args: object) -> float:
    start = time.perf_counter()
    call(*args)
    return time.perf_counter() - start


def cpu_seconds(call: Callable[..., object], *args: object) -> float:
    start = time.process_time()
    call(*args)
    return time.process_time() - start


def made_up(count: int) -> Documents:
    rng = np.random.default_rng(0)
    lengths = np.minimum(np.exp(rng.normal(4.88, 0.76, count)).astype(int) + 2, 512)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Documents.from_arrays(
        ids=[f"en/music/train/{i}" for i in range(count)],
        labels=rng.integers(0, 2, count).astype(np.int32),
        digests=np.zeros(count, "S32"),
        tokens=np.zeros(offsets[-1], np.int32),  # never written to, so it takes no memory
        offsets=offsets,
    )


def time_order(documents: Documents, mixing: str, batch_size: int) -> dict[str, str]:
    languages = [LANGUAGES[i % 3] for i in range(len(documents))]
    order = DatasetOrder(documents.ids, languages, batch_size, mixing, seed=0)
    first = cpu_seconds(order.batch, 0)
    each = order.steps_per_epoch
    later = min(cpu_seconds(order.batch, epoch * each) for epoch in (1, 2, 3))
    steps = np.random.default_rng(0).integers(0, each, TIMES).tolist()
    within = statistics.median(seconds(order.batch, step) for step in steps)
    return {
        f"batch(step), {mixing}": f"{1e3 * within:.4f} ms",
        f"the run's first, {mixing}": f"{first:.3f} s",
        f"an epoch's first, {mixing}": f"{later:.3f} s",
    }


def time_collate(documents: Documents, batch_size: int) -> dict[str, str]:
    took = min(cpu_seconds(choose_shapes, documents.lengths, batch_size) for _ in range(3))
    plan = choose_shapes(documents.lengths, batch_size)
    layouts: dict[str, Layout] = {
        "packed": PackedLayout(plan, EVALUATION_TOKENS, None, 1, 0),
        "padded": PaddedLayout(512, batch_size, 1, 0),
    }
    rng = np.random.default_rng(0)
    batches = [rng.integers(0, len(documents), batch_size) for _ in range(TIMES)]
    rows = {"shapes chosen": f"{took:.3f} s"}
    for name, layout in layouts.items():
        each = statistics.median(seconds(layout.collate, documents, batch) for batch in batches)
        rows[f"collate, {name}"] = f"{1e3 * each:.3f} ms"
    return rows


def time_cut(documents: Documents) -> dict[str, str]:
    shape = evaluation_shape(documents.lengths, EVALUATION_TOKENS)
    took = min(cpu_seconds(list, cut(documents.lengths, shape)) for _ in range(3))
    batches = sum(1 for _ in cut(documents.lengths, shape))
    padding = 1 - documents.lengths.sum() / (batches * shape.tokens)
    return {
        "cut of an evaluation": f"{took:.3f} s",
        "its batches": f"{batches:,}",
        "its padding": f"{100 * padding:.1f}%",
    }


def main() -> None:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--documents", default="1000,100000,1000000")
    flags.add_argument("--batch_size", type=int, default=8)
    args = flags.parse_args()
    counts = [int(count) for count in args.documents.split(",")]
    columns = []
    for count in counts:
        documents = made_up(count)
        columns.append(
            time_order(documents, "shuffle", args.batch_size)
            | time_order(documents, "balanced", args.batch_size)
            | time_collate(documents, args.batch_size)
            | time_cut(documents)
        )
    print("| documents |" + "".join(f" {count:,} |" for count in counts))
    print("|---|" + "---|" * len(counts))
    for name in columns[0]:
        print(f"| {name} |" + "".join(f" {column[name]} |" for column in columns))


if __name__ == "__main__":
    main()
