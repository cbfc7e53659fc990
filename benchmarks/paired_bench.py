"""Is one checkout's training step as fast as another's? `bench` of both, in turn, in pairs.

    python benchmarks/paired_bench.py OLD NEW --model=FOLDER [--pairs=5] [--steps=12] [FLAGS]
    python benchmarks/paired_bench.py OLD NEW --pairs=1 --steps=2     # NEW's shipped tiny model

OLD and NEW are two checkouts of xlt_flax, run by the Python that runs this. FOLDER holds a model's
shape and vocabulary, such as those of bert-base-multilingual-cased; weights are drawn, none are
read. No data are read either: documents are as long as those of the thesis (--synthetic=135,172).
FLAGS are bench's. OLD comes first in every other pair. What is compiled is kept for the pairs that
follow. Prints real tokens a second of each pair and, as the last line, one JSON object with the
pairs and the median of NEW / OLD: above 1, NEW is faster.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def bench(checkout: Path, data_dir: Path, words: list[str]) -> float:
    """Real tokens a second of one `bench` of a checkout.

    Raises:
      CalledProcessError: it failed; what it said stands on stderr.
    """
    command = [
        *(sys.executable, "-m", "xlt_flax.bench", f"--config={checkout / 'configs/mix_111.py'}"),
        *("--synthetic=135,172", f"--config.data.data_dir={data_dir}", *words),
    ]
    # The checkout comes before an installed xlt_flax, and before what PYTHONPATH may name.
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])["tokens_per_second"]


def words_of(given: argparse.Namespace, others: list[str]) -> list[str]:
    fields = [f"--config.model.name={given.model.resolve()}", "--config.model.init=random"]
    if given.model == tiny_model(given.new):
        fields.append("--config.data.max_length=128")  # it has no more positions
    return [f"--steps={given.steps}", *fields, *others]


def tiny_model(checkout: Path) -> Path:
    return checkout / "xlt_flax" / "data" / "sample" / "tiny-bert"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=12)
    given, others = parser.parse_known_args()
    given.model = given.model or tiny_model(given.new)
    checkouts = {"old": given.old.resolve(), "new": given.new.resolve()}
    words = words_of(given, others)
    pairs = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(given.pairs):
            pair = {}
            for name in ("old", "new") if number % 2 == 0 else ("new", "old"):
                pair[name] = bench(checkouts[name], Path(scratch, name), words)
            pair["ratio"] = pair["new"] / pair["old"]
            print("old {old:.1f}, new {new:.1f} tokens/s: {ratio:.3f}".format(**pair), flush=True)
            pairs.append(pair)
    median = statistics.median(pair["ratio"] for pair in pairs)
    print(json.dumps({"median_ratio": median, "pairs": pairs}))


if __name__ == "__main__":
    main()
