"""Every run on every language that it was judged on."""

import numpy as np

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import NOTHING, share, span, with_sd
from xlt_flax.analysis.languages import LanguageCell
from xlt_flax.analysis.remarks import SEEN, without_seen
from xlt_flax.analysis.table import Row, Section, Table

ORDER = 80

UNKNOWN = "‡"  # marks a number of which it was not recorded how much was trained on
_UNKNOWN_TOLD = (
    f"{UNKNOWN} how many of the judged documents were trained on was not recorded: evaluate these "
    "runs again"
)


def tables(findings: Findings) -> list[Table]:
    """None if every run was judged on target languages alone."""
    languages = findings.languages
    if languages.keys() <= findings.targets.keys():
        return []
    rows, notes, unknown = [], [], False
    for name in findings.every.cells:
        cells = {language: found[name] for language, found in languages.items() if name in found}
        if not cells:
            continue
        rows.append(Row((name, *(_accuracy(cells.get(each)) for each in languages))))
        notes += [note for language, cell in cells.items() for note in _seen(name, language, cell)]
        unknown = unknown or any(None in cell.seen for cell in cells.values())
    notes += [_UNKNOWN_TOLD] if unknown else []
    columns = ("Run", *(_heading(name, cells) for name, cells in languages.items()))
    section = Section("languages", "By language", folded=True)
    title = "Accuracy by language"
    return [Table("languages", section, title, columns, tuple(rows), tuple(notes))]


def _heading(language: str, cells: dict[str, LanguageCell]) -> str:
    known = [m for cell in cells.values() for m in cell.majority if m is not None]
    return f"{language} (majority class {span(known, share)})" if known else language


def _accuracy(cell: LanguageCell | None) -> str:
    if cell is None:
        return NOTHING
    sd = float(np.std(cell.accuracies, ddof=1)) if len(cell.accuracies) > 1 else None
    mark = UNKNOWN if None in cell.seen else ""
    return with_sd(float(np.mean(cell.accuracies)), sd) + (SEEN if any(cell.seen) else mark)


def _seen(name: str, language: str, cell: LanguageCell) -> list[str]:
    if not any(cell.seen):
        return []
    seen, documents = span([n for n in cell.seen if n]), span(cell.documents)
    return [f"{SEEN} {name}, {language}: {seen} of {documents} judged documents were trained or "
            f"validated on; {without_seen(cell.accuracies_unseen)}"]  # fmt: skip
