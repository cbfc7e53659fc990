"""Documents a second of predicting, beside transformers' own pipeline with the same weights.

    python -m xlt_flax.export --workdir=RUN --output=FOLDER
    python benchmarks/predict_and_pipeline.py --model=FOLDER --texts=FILE.txt --torch=PYTHON

PYTHON is that of an environment with torch and transformers 4.57. Each of the two programs is
loaded and warmed up once; then they classify the same texts (a line each, in a fixed random order)
in turn, PAIRS times, never at once. The last line is JSON: each pair's ratio, and their median.
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


def main() -> None:
    given = _arguments()
    if given.worker:
        {"ours": _serve_ours, "pipeline": _serve_pipeline}[given.worker](given)
        return
    ours, pipeline = _Worker(sys.executable, "ours"), _Worker(given.torch, "pipeline")
    ratios = []
    for number in range(1, given.pairs + 1):
        theirs, own = pipeline.rate(), ours.rate()
        ratios.append(own / theirs)
        rates = f"{own:.1f} and {theirs:.1f} documents/s"
        print(f"pair {number}: {rates}: {ratios[-1]:.2f}", flush=True)
    print(json.dumps({"ratios": ratios, "median": statistics.median(ratios)}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--torch", default=sys.executable)
    parser.add_argument("--documents", type=int, default=160)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--worker", choices=("ours", "pipeline"))
    return parser.parse_args()


class _Worker:
    """This program in another process, which answers a line with documents a second."""

    def __init__(self, python: str, kind: str):
        environment = dict(os.environ)
        if kind == "pipeline":
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


def _serve_ours(given: argparse.Namespace) -> None:
    from xlt_flax import Classifier

    classifier = Classifier.load(given.model)
    _serve(_texts(given), lambda texts: classifier.predict_proba(texts))


def _serve_pipeline(given: argparse.Namespace) -> None:
    from transformers import pipeline

    classify = pipeline("text-classification", given.model, top_k=None, device="cpu")
    _serve(_texts(given), lambda texts: classify(texts, truncation=True, batch_size=BATCH))


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
