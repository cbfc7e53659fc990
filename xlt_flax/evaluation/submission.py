"""A submission to SHINRA against the answers: precision, recall and micro-F1 by its scorer's rule.

A page's classes are a set. A page that the submission lacks counts as if it said 9 (IGNORED); one
that it has without a class says nothing. Pages that are not in the answers are passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from xlt_flax.data.sources.shinra.class_list import ClassList, read_class_list
from xlt_flax.data.sources.shinra.development import read_development
from xlt_flax.data.sources.shinra.lines import numbered_lines
from xlt_flax.data.sources.shinra.pages import read_pages
from xlt_flax.errors import UserError
from xlt_flax.evaluation.micro_f1 import LEVEL, MicroF1, micro_f1

IGNORED = frozenset({"9"})


@dataclass(frozen=True)
class SubmissionScores:
    """What a submission gets; as text, in lines.

    Attributes:
      scores: over the pages of the answers.
      lacking: of these pages, how many the submission lacks.
      others: how many pages of the submission are not in the answers.
    """

    scores: MicroF1
    lacking: int
    others: int

    def __str__(self) -> str:
        of, level = self.scores, f"{LEVEL:.0%} intervals"
        return "\n".join(
            [
                f"precision {of.precision}   {of.right:,} of {of.predicted:,} predicted are right",
                f"recall    {of.recall}   of {of.answers:,} answers",
                f"micro-F1  {of.f1}   {of.pages:,} pages; {level} over pages",
                f"{self.lacking:,} of these pages are not in the submission and count as 9",
                f"{self.others:,} pages of the submission are not in the answers: passed over",
            ]
        )


def score_submission(
    submission: Path, answers: Path, classes: Path | None = None
) -> SubmissionScores:
    """
    Args:
      submission, answers: JSON lines in the new or the old layout, or a development TSV; plain or
        packed. The answers are held in memory.
      classes: the class list: a TSV needs it, and no other class is let through.

    Raises:
      UserError: a file is not whole or of no layout, an id comes twice, or a class is not known;
        names file and line.
    """
    known = read_class_list(classes) if classes else None
    true = dict(_pages(answers, known))
    if not true:
        raise UserError(f"{answers}: holds no page: give the answers")
    said, others = dict.fromkeys(true, IGNORED), 0
    found: set[str] = set()
    for page, ids in _pages(submission, known):
        if page in true:
            said[page] = ids
            found.add(page)
        else:
            others += 1
    if not found and not others:
        raise UserError(f"{submission}: holds no page: give the submission")
    scores = micro_f1((said[page], true[page]) for page in true)
    return SubmissionScores(scores, len(true) - len(found), others)


def _pages(path: Path, known: ClassList | None) -> Iterator[tuple[str, frozenset[str]]]:
    """Each page's id and classes."""
    if _is_json(path):
        for page in read_pages(path):
            if known is not None:
                known.require(page.classes, f"{path}: line {page.number}")
            yield page.id, frozenset(page.classes)
        return
    if known is None:
        raise UserError(
            f"{path}: line 1: is no JSON: if it is the development TSV, --classes=FILE says which "
            "classes its names stand for"
        )
    for _, page_id, ids in read_development(path, known):
        yield page_id, frozenset(ids)


def _is_json(path: Path) -> bool:
    """An empty file is as good as JSON lines."""
    return all(line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{") for line in _first(path))


def _first(path: Path) -> list[bytes]:
    return [line for _, line in islice(numbered_lines(path), 1)]
