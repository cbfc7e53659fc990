"""A SHINRA corpus of Japanese sentences that people wrote, whose classes are words in them."""

import os
import random
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from shinra_files import dump_lines, old_page_line, page_line, write, write_classes

ARTICLES, CLASSES, OTHER_PAGES = 3000, 30, 600
TARGETS = 600  # of the articles: development data, and target lines as well
SEVERAL = 0.03  # of the articles
CLASS_IDS = [f"{1 + k % 5}.{1 + k // 5}" for k in range(CLASSES)]  # in five branches
MISSING, EMPTY = 2, 5  # targets that are not in the dump, or have no text there
_WORD = re.compile("[ァ-ヴー]{2,6}|[一-龠]{2,3}")
_SHORTEST, _LONGEST = 8, 60  # letters of a sentence
_FEWEST = 3  # sentences of a class


@dataclass(frozen=True)
class Corpus:
    """Files, and what a test has to know of them.

    Attributes:
      folder: with all files.
      texts: of the articles.
      answers: {page id: ids of classes} of the development data.
    """

    folder: Path
    texts: list[str]
    answers: dict[str, tuple[str, ...]]

    @property
    def dump(self) -> Path:
        return self.folder / "dump.json.gz"


def write_corpus(folder: Path) -> Corpus:
    """Articles of 30 classes with a long tail, every other training line in the old layout."""
    rng = random.Random(0)
    with_word, without = _by_word(_sentences())
    word_of = dict(zip(CLASS_IDS, with_word, strict=True))
    pages = []
    for number in range(ARTICLES):
        classes = _drawn_classes(rng, several=number % round(1 / SEVERAL) == 0)
        lines = [rng.choice(with_word[word_of[id]]) for id in classes]
        lines += rng.sample(without, 1 + rng.randrange(2))
        rng.shuffle(lines)
        pages.append((1000 + 3 * number, classes, " ".join(lines)))
    _write_labelled(folder, pages, word_of)
    write_classes(folder / "classes.jsonl", _hierarchy(word_of))
    others = [(1001 + 3 * rng.randrange(ARTICLES), rng.choice(without)) for _ in range(OTHER_PAGES)]
    dumped = {EMPTY: "", **dict(others), **{id: text for id, _, text in pages}}
    lines = dump_lines(*((id, f"題{id}", text) for id, text in sorted(dumped.items())))
    write(folder / "dump.json.gz", lines)
    answers = {str(id): classes for id, classes, _ in pages[:TARGETS]}
    return Corpus(folder, [text for _, _, text in pages], answers)


def _write_labelled(folder: Path, pages: list[tuple], word_of: dict[str, str]) -> None:
    """Training lines, and the other pages as development data and as target lines."""
    judged, train = pages[:TARGETS], pages[TARGETS:]
    layouts = (page_line, old_page_line)
    lines = [layouts[i % 2](id, *classes) for i, (id, classes, _) in enumerate(train)]
    write(folder / "train.jsonl", lines)
    names = [(id, ":".join(word_of[each] for each in classes)) for id, classes, _ in judged]
    write(folder / "development.tsv", [f"{id}\t{words}" for id, words in names])
    targets = [*(id for id, _, _ in judged), MISSING, EMPTY]
    write(folder / "target.jsonl", [page_line(id, title=f"題{id}") for id in targets])


def _drawn_classes(rng: random.Random, several: bool) -> tuple[str, ...]:
    """One, or two; class number k is 1/(k + 1) as frequent as the first."""
    weights = [1 / (k + 1) for k in range(CLASSES)]
    (first,) = rng.choices(CLASS_IDS, weights)
    return (first, rng.choice([id for id in CLASS_IDS if id != first])) if several else (first,)


def _sentences() -> list[str]:
    """Of the Japanese music reviews of Webis-CLS-10; without those, of the sample that ships."""
    from xlt_flax.data.sources.webis_cls10.raw_files import SAMPLE_DIR
    from xlt_flax.data.sources.webis_cls10.reviews import read_reviews

    shared = os.environ.get("XLT_FLAX_SHARED")
    root = Path(shared) / "data" / "webis-cls-10" if shared else SAMPLE_DIR
    found: dict[str, None] = {}
    for split in ("train", "test"):
        path = root / "cls-acl10-unprocessed" / "jp" / "music" / f"{split}.review"
        with open(path, "rb") as file:
            for review in read_reviews(file, path.name):
                for sentence in re.split("(?<=[。！？!?])|\n", review.text):
                    if _SHORTEST <= len(sentence.strip()) <= _LONGEST:
                        found[sentence.strip()] = None
    return [*found]


def _by_word(sentences: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """{word: the sentences with it and no other} of the most frequent words that have enough, and
    sentences that have none of them."""
    counts = Counter(word for each in sentences for word in {*_WORD.findall(each)})
    having: dict[str, set[int]] = {}
    for word, _ in counts.most_common():
        of_word = {i for i, each in enumerate(sentences) if word in each}
        if min(map(len, _alone({**having, word: of_word}))) >= _FEWEST:
            having[word] = of_word
        if len(having) == CLASSES:
            break
    alone = dict(zip(having, _alone(having), strict=True))
    some = set().union(*having.values())
    return (
        {word: [sentences[i] for i in sorted(places)] for word, places in alone.items()},
        [each for i, each in enumerate(sentences) if i not in some],
    )


def _alone(having: dict[str, set[int]]) -> list[set[int]]:
    """Of each word, the sentences with it and no other."""
    times = Counter(i for places in having.values() for i in places)
    return [{i for i in places if times[i] == 1} for places in having.values()]


def _hierarchy(word_of: dict[str, str]) -> list[tuple]:
    """Lines of the class list: five branches, their classes, CONCEPT and IGNORED."""
    branches = [
        (top, f"Branch {top}", f"枝{top}", [id for id in word_of if id.startswith(f"{top}.")], None)
        for top in "12345"
    ]
    leaves = [(id, f"Class {id}", word, [], id[0]) for id, word in word_of.items()]
    ends = [("0", "CONCEPT", "概念", [], None), ("9", "IGNORED", "対象外", [], None)]
    return [*branches, *leaves, *ends]
