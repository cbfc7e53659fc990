"""Which classes are taken for which."""

from collections import Counter
from typing import NamedTuple

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.label_sets import confused, counts_by
from xlt_flax.studies.shinra.curve import judged_of, on_most_articles


class Confusion(NamedTuple):
    """A class that was missed and one that was given instead.

    Attributes:
      true, said: their ids.
      pages: on how many, in the mean of the runs.
      of: pages that have the class, likewise.
    """

    true: str
    said: str
    pages: float
    of: float


def confusions_of(findings: Findings) -> list[Confusion]:
    """Of the runs on the most articles, the most frequent first; then those of the rarer class."""
    name = on_most_articles(findings)
    if name is None:
        return []
    runs = judged_of(findings.results.of(name))
    pairs, pages = Counter[tuple[str, str]](), Counter[str]()
    for run in runs:
        pairs.update(confused(run))
        pages.update({id: counts.true for id, counts in counts_by(run, str).items()})
    found = [
        Confusion(true, said, count / len(runs), pages[true] / len(runs))
        for (true, said), count in pairs.items()
    ]
    return sorted(found, key=lambda each: (-each.pages, each.of, each.true, each.said))
