"""A folder of cl-tohoku's shape without its weights, and how fast its tokenizer reads.

    python benchmarks/japanese_tokenizer.py TEXTS.txt FOLDER [--documents=6000] [--pieces=32000]
    python -m xlt_flax.bench --config=configs/files.py:DATA --config.model.name=FOLDER \
      --config.model.init=random --steps=0

TEXTS.txt has a Japanese document a line. The vocabulary is of their words as MeCab finds them, and
rows that are not used where they are too few. Prints documents a second of the library's own, of
this package in one process, and with one and two to help: by the wall, and by all their CPU time.
"""

import argparse
import itertools
import json
import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from transformers import BertJapaneseTokenizer
from transformers.models.bert_japanese.tokenization_bert_japanese import MecabTokenizer

from xlt_flax.data.tokenization import spread, tokenize
from xlt_flax.modeling import tokenizer_workers
from xlt_flax.modeling.tokenizers import load_tokenizer

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_LENGTH = 512


def write_folder(folder: Path, texts: Sequence[str], pieces: int) -> None:
    """The files of cl-tohoku/bert-base-japanese but its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = {"model_type": "bert", "vocab_size": pieces, "tokenizer_class": "BertJapaneseTokenizer"}
    (folder / "config.json").write_text(json.dumps(shape))  # all else is BERT base's
    mecab = {"word_tokenizer_type": "mecab", "mecab_kwargs": {"mecab_dic": "ipadic"}}
    facts = mecab | {"model_max_length": _LENGTH, "do_lower_case": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(facts))
    known = [*dict.fromkeys(_pieces(texts))][:pieces]
    unused = [f"[unused{number}]" for number in range(pieces - len(known))]
    (folder / "vocab.txt").write_text("\n".join([*known, *unused]) + "\n", "utf-8")


def _pieces(texts: Sequence[str]) -> Iterator[str]:
    split = MecabTokenizer(mecab_dic="ipadic").tokenize
    words = Counter(word for text in texts for word in split(text))
    letters = sorted({letter for word in words for letter in word})
    yield from _SPECIAL
    yield from letters
    yield from (f"##{letter}" for letter in letters)
    yield from (word for word, _ in words.most_common())


def timed(name: str, documents: int, work: Callable[[], object]) -> None:
    start, before = time.perf_counter(), _cpu()
    work()
    wall, cpu = time.perf_counter() - start, _cpu() - before
    print(
        f"{name}: {documents / wall:,.0f} documents a second, {documents / cpu:,.0f} a CPU second"
    )


def _cpu() -> float:
    """Seconds of this process and of those that it began and that ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def helped(folder: Path, texts: Sequence[str], count: int) -> None:
    """As a token store is written: a thousand at a time; processes begin and end within."""
    tokenizer_workers._cores, tokenizer_workers._MOST = lambda: 2, count
    tokenizer_workers._ALONE = 0 if count else float("inf")
    tokenizer = load_tokenizer(str(folder))
    with spread(tokenizer):
        for start in range(0, len(texts), 1000):
            tokenize([(text,) for text in texts[start : start + 1000]], tokenizer, _LENGTH)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=6000)
    parser.add_argument("--pieces", type=int, default=32_000)
    given = parser.parse_args()
    texts = given.texts.read_text("utf-8").splitlines()
    write_folder(given.folder, texts, given.pieces)
    many = [*itertools.islice(itertools.cycle(texts), given.documents)]
    letters = sum(map(len, many)) / len(many)
    print(f"{len(many):,} documents of {letters:.0f} letters; load {os.getloadavg()[0]:.0f}")
    library = BertJapaneseTokenizer.from_pretrained(given.folder)
    cut = {"truncation": True, "max_length": _LENGTH}
    timed("the library's own", len(many), lambda: [library(text, **cut) for text in many])
    for count in (0, 1, 2):
        timed(
            f"{count} processes help",
            len(many),
            partial(helped, given.folder, many, count),
        )


if __name__ == "__main__":
    main()
