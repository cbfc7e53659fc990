"""The most certain mistakes, with their texts."""

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import share
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.mistakes import Mistakes
from xlt_flax.analysis.table import Row, Section, Table

ORDER = 88

_COLUMNS = ("Document", "Label", "Said instead", "Certainty", "Wrong", "Text")
_LONGEST = 400  # letters of a text that are shown


def tables(findings: Findings) -> list[Table]:
    """None unless --texts asked for them."""
    return [_table(mistakes) for mistakes in findings.mistakes if mistakes.found]


def _table(mistakes: Mistakes) -> Table:
    rows = tuple(
        Row(
            (
                each.document,
                each.label,
                each.said,
                share(each.certainty),
                f"{each.wrong} of {mistakes.runs}",
                _shortened(each.text),
            )
        )
        for each in mistakes.found
    )
    language = language_name(mistakes.language)
    notes = (
        f"Of the runs that are best on {language}, {mistakes.name}. Certainty: the mean over runs "
        "of the probability of what was said, 0 where a run was right. Look here for labels that "
        "are wrong, and for classes that are hard to tell apart.",
    )
    section = Section("mistakes", "The most certain mistakes")
    title = f"The most certain mistakes on {language}"
    key = f"mistakes-{mistakes.language}"
    return Table(key, section, title, _COLUMNS, rows, notes, words=True)


def _shortened(text: str) -> str:
    """On one line, and not endless."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
