"""The padding that plans expect on GPUs that are not there, for the lengths of real documents.

    python benchmarks/planned_padding.py MANUAL_DIR VOCAB [--domain=music]

MANUAL_DIR has Webis-CLS-10's raw files, VOCAB is mBERT's vocab.txt. Plans are of a run of E1D1F1's
size (3,000 documents, 10 epochs) and of the thesis's sweep (76,250 updates of batch 8), for BERT
base's shape. Prints a table: of the tokens computed, the share that belongs to no document, and how
many shapes are compiled.
"""

import argparse
from pathlib import Path

import numpy as np
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig

from xlt_flax.config import base
from xlt_flax.data.sources.webis_cls10.reviews import read_reviews
from xlt_flax.training.packing import packing_on

PER_LANGUAGE = 1000
EPOCHS = 10
RUNS_UPDATES = 76250  # of the sweep's 35 runs, at batch 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manual_dir", type=Path)
    parser.add_argument("vocab", type=Path)
    parser.add_argument("--domain", default="music")
    given = parser.parse_args()
    lengths = real_lengths(given.manual_dir, given.domain, str(given.vocab))
    print(f"mean {lengths.mean():.0f}, median {np.median(lengths):.0f} tokens")
    print("updates of  batch  devices  padding  shapes")
    for name, updates in (("a run", EPOCHS * len(lengths)), ("a sweep", 8 * RUNS_UPDATES)):
        for batch_size in (8, 32):
            for devices in (1, 2, 4, 8):
                print_plan(name, lengths, batch_size, devices, updates // batch_size)


def real_lengths(manual_dir: Path, domain: str, vocab: str) -> np.ndarray:
    """int64[3000]: tokens of documents of the three source languages, cut as the config says."""
    tokenizer = BertWordPieceTokenizer(vocab, lowercase=False, strip_accents=False)
    tokenizer.enable_truncation(base().data.max_length)
    rng, drawn = np.random.default_rng(0), []
    for language in ("en", "de", "fr"):
        (folder,) = manual_dir.glob(f"**/{language}/{domain}")
        texts = [text for split in ("train", "test") for text in texts_of(folder, split)]
        chosen = rng.choice(len(texts), PER_LANGUAGE, replace=False)
        drawn += tokenizer.encode_batch([texts[i] for i in chosen])
    return np.array([len(one.ids) for one in drawn])


def texts_of(folder: Path, split: str) -> list[str]:
    with (folder / f"{split}.review").open("rb") as file:
        return [review.text for review in read_reviews(file, str(file.name))]


def print_plan(name: str, lengths: np.ndarray, batch_size: int, devices: int, steps: int) -> None:
    config = base()
    config.train.batch_size = batch_size
    plan = packing_on("gpu", devices, config, BertConfig(), lengths, steps)
    padding = f"{100 * plan.padding_fraction:.0f}%"
    print(f"{name:<10}  {batch_size:5}  {devices:7}  {padding:>7}  {len(plan.shapes):6}")


if __name__ == "__main__":
    main()
