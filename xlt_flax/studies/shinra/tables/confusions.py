"""The classes that are confused most, of the runs on the most articles."""

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.table import Row, Section, Table
from xlt_flax.studies.shinra.confusions import confusions_of
from xlt_flax.studies.shinra.curve import on_most_articles
from xlt_flax.studies.shinra.hierarchy import hierarchy_of

ORDER = 14

_MOST = 20  # pairs that are shown
_COLUMNS = (
    "Class", "Japanese", "English", "Given instead", "Japanese", "English", "Pages",
    "of the class's",
)  # fmt: skip


def tables(findings: Findings) -> list[Table]:
    """None where no page was given a wrong class."""
    name, found = on_most_articles(findings), confusions_of(findings)
    if name is None or not found:
        return []
    names = hierarchy_of(findings.results)
    rows = tuple(
        Row(
            (
                each.true,
                names.japanese(each.true),
                names.english(each.true),
                each.said,
                names.japanese(each.said),
                names.english(each.said),
                f"{each.pages:g}",
                f"{each.of:g}",
            )
        )
        for each in found[:_MOST]
    )
    left_out = len(found) - _MOST
    notes = [
        f"{name}: pages of a class that were given the other and not their own, in the mean "
        "of its draws and seeds."
    ]
    notes += [f"The {_MOST} most frequent pairs; {left_out} more."] if left_out > 0 else []
    section = Section("confused", "Classes that are confused")
    told = (*notes, *names.notes)
    return [Table("confused", section, "The most confused classes", _COLUMNS, rows, told)]
