"""Documents a second of predicting, beside transformers' own pipeline with the same weights.

    python -m xlt_flax.export --workdir=RUN --output=FOLDER
    python benchmarks/predict_and_pipeline.py --model=FOLDER --texts=FILE.txt --torch=PYTHON
    … --by_length --bfloat16 --workdir=RUN

PYTHON is that of an environment with torch and transformers 4.57. Each program is loaded and warmed
up once; then they classify the same texts (a line each, in a fixed random order) in turn, PAIRS
times, never at once. With --by_length the pipeline is also given the texts sorted by length, which
its users seldom do; with --bfloat16 each is also run in bfloat16 (ours, with --workdir, as
`predict --config.eval.weights=bfloat16`). The last line is JSON: documents a second of each program
by those of the plain pipeline in float32, in each round, and their median.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

BATCH = 32  # of the pipeline, as its users give it


PIPELINE = "pipeline"


def main() -> None:
    given = _arguments()
    if given.worker:
        _serve(_texts(given), _classify(given))
        return
    workers = {kind: _Worker(given, kind) for kind in _kinds(given)}
    rounds = []
    for number in range(1, given.pairs + 1):
        rounds.append({kind: worker.rate() for kind, worker in workers.items()})
        rates = (f"{kind} {rate:.1f}" for kind, rate in rounds[-1].items())
        print(f"round {number}, documents/s: {', '.join(rates)}", flush=True)
    print(json.dumps({kind: _ratios(kind, rounds) for kind in workers if kind != PIPELINE}))


def _kinds(given: argparse.Namespace) -> list[str]:
    """Of workers: whose program, and what is said of how it is run."""
    kinds = [PIPELINE, "ours", *[f"{PIPELINE}+by_length"] * given.by_length]
    if given.bfloat16:
        kinds += [f"{k}+bfloat16" for k in kinds if k != "ours" or given.workdir]
    return kinds


def _ratios(kind: str, rounds: list[dict[str, float]]) -> dict[str, object]:
    ratios = [rates[kind] / rates[PIPELINE] for rates in rounds]
    return {"median": statistics.median(ratios), "ratios": ratios}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--torch", default=sys.executable)
    parser.add_argument("--documents", type=int, default=160)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--by_length", action="store_true")
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--workdir", help="Of the run that --model was exported from.")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


class _Worker:
    """This program in another process, which answers a line with documents a second."""

    def __init__(self, given: argparse.Namespace, kind: str):
        environment, python = dict(os.environ), sys.executable
        if kind.startswith(PIPELINE):
            python = given.torch
            environment.pop("PYTHONPATH", None)
        self._process = subprocess.Popen(
            [python, __file__, *sys.argv[1:], f"--worker={kind}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.rate()  # loads, compiles, and is not counted

    def rate(self) -> float:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


def _classify(given: argparse.Namespace) -> Callable[[list[str]], object]:
    """What the worker's program does with texts."""
    name, *how = given.worker.split("+")
    dtype = "bfloat16" if "bfloat16" in how else "float32"
    classify = _ours(given, dtype) if name == "ours" else _pipeline(given, dtype)
    if "by_length" in how:
        return lambda texts: classify(sorted(texts, key=len))
    return classify


def _ours(given: argparse.Namespace, dtype: str) -> Callable[[list[str]], object]:
    from xlt_flax.overrides import given_anew
    from xlt_flax.prediction.classify import classify
    from xlt_flax.prediction.opening import open_trained
    from xlt_flax.workdir import Workdir

    if given.workdir:
        config = given_anew(Workdir(given.workdir).read_config(), {"eval.weights": dtype})
        model = open_trained(given.workdir, config=config)
    else:
        model = open_trained(given.model)
    return lambda texts: list(classify(model, [(text,) for text in texts]))


def _pipeline(given: argparse.Namespace, dtype: str) -> Callable[[list[str]], object]:
    from transformers import pipeline

    classify = pipeline("text-classification", given.model, top_k=None, device="cpu", dtype=dtype)
    return lambda texts: classify(texts, truncation=True, batch_size=BATCH)


def _serve(texts: list[str], classify: Callable[[list[str]], object]) -> None:
    for _ in sys.stdin:
        started = time.perf_counter()
        classify(texts)
        print(len(texts) / (time.perf_counter() - started), flush=True)


def _texts(given: argparse.Namespace) -> list[str]:
    lines = Path(given.texts).read_text("utf-8").splitlines()
    return random.Random(0).sample(lines, min(given.documents, len(lines)))


if __name__ == "__main__":
    main()
