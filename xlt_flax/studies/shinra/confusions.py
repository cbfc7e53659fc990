"""Which classes are taken for which."""

from collections import Counter
from typing import NamedTuple

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.label_sets import confused, counts_by
from xlt_flax.analysis.results import finished_of
from xlt_flax.studies.shinra.curve import largest


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
    point = largest(findings)
    if point is None:
        return []
    runs = [run.result for run in finished_of(findings.results.of(point.name)) if run.result.ids]
    pairs, pages = Counter[tuple[str, str]](), Counter[str]()
    for run in runs:
        pairs.update(confused(run))
        pages.update({id: counts.true for id, counts in counts_by(run, str).items()})
    found = [
        Confusion(true, said, count / len(runs), pages[true] / len(runs))
        for (true, said), count in pairs.items()
    ]
    return sorted(found, key=lambda each: (-each.pages, each.of, each.true, each.said))
