"""Every mixture on every target: accuracy, beside what simpler things get."""

from xlt_flax.analysis.accuracies import DOCUMENTS_ONLY, interval_cell
from xlt_flax.analysis.cells import Cell
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import NOTHING, share, with_sd
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.measured import ONE_SEED
from xlt_flax.analysis.remarks import SEEN
from xlt_flax.analysis.table import PLAIN, UNFINISHED, Row, Section, Table
from xlt_flax.studies.own_text.answers import ranked
from xlt_flax.studies.own_text.roles import Roles, roles_of

ORDER = 5
SECTION = Section("transfer", "Which mixture serves which target")
LABELLED = "‡"  # marks a mixture that has labels of the target: not zero-shot, and not ranked


def tables(findings: Findings) -> list[Table]:
    """One table; a row for each mixture, and for what they are held against."""
    roles = {target: roles_of(found.results) for target, found in findings.targets.items()}
    names = dict.fromkeys(
        name for each in roles.values() for name in (*each.sources, *each.labelled)
    )
    if not names:
        return []
    rows = [_row(name, findings, roles) for name in names]
    rows += [*_ceiling(findings, roles), _majority(findings)]
    columns = ["Trained on"]
    for target in findings.targets:
        columns += [language_name(target), "95% interval", *(y.title for y in findings.yardsticks)]
    title = "Accuracy of every mixture on every target"
    notes = tuple(_notes(findings, roles))
    return [Table("transfer", SECTION, title, tuple(columns), tuple(rows), notes)]


def _row(name: str, findings: Findings, roles: dict[str, Roles]) -> Row:
    cells, marked, complete = [name], set(), True
    for target, found in findings.targets.items():
        cell, best = found.every.cells[name], ranked(found, roles[target])[:1]
        if best and best[0].name == name:
            marked.add(len(cells))
        complete = complete and cell.complete
        signs = (SEEN if cell.seen else "") + (LABELLED if name in roles[target].labelled else "")
        cells += [with_sd(cell.mean, cell.sd) + signs, interval_cell(cell)]
        cells += [share(each.of(target, name)) for each in findings.yardsticks]
    return Row(tuple(cells), PLAIN if complete else UNFINISHED, frozenset(marked))


def _ceiling(findings: Findings, roles: dict[str, Roles]) -> list[Row]:
    """What training on each target's own documents gives; None where no run does."""
    cells = ["the target itself"]
    for target, found in findings.targets.items():
        name = roles[target].ceiling
        cell = found.every.cells.get(name or "")
        cells += [with_sd(cell.mean, cell.sd), interval_cell(cell)] if cell else [NOTHING] * 2
        cells += [share(each.of(target, name or "")) for each in findings.yardsticks]
    return [Row(tuple(cells))] if any(each.ceiling for each in roles.values()) else []


def _majority(findings: Findings) -> Row:
    cells = ["always the majority class"]
    for found in findings.targets.values():
        known = (cell.majority for cell in found.every.cells.values() if cell.majority is not None)
        cells += [share(next(known, None)), "", *("" for _ in findings.yardsticks)]
    return Row(tuple(cells))


def _notes(findings: Findings, roles: dict[str, Roles]) -> list[str]:
    cells = [cell for found in findings.targets.values() for cell in found.every.cells.values()]
    told = ["The best mixture without labels of the target stands out; see the comparisons for "
            "whether it is better than the others. Means over seeds and draws ± their standard "
            "deviation."]  # fmt: skip
    if any(each.labelled for each in roles.values()):
        told.append(f"{LABELLED} has labels of the target: no zero-shot transfer, and not ranked.")
    if any(cell.basis == ONE_SEED for cell in cells):
        told.append(f"{DOCUMENTS_ONLY} {ONE_SEED}; the interval holds its seed and draw fixed.")
    told += [f"{target}, {cell.name}: {note}" for target, found in findings.targets.items()
             for cell in _shown(found, roles[target]) for note in cell.notes]  # fmt: skip
    return told + [reason for each in findings.yardsticks for reason in each.missing]


def _shown(found: Findings, roles: Roles) -> list[Cell]:
    names = (*roles.sources, *roles.labelled, *([roles.ceiling] if roles.ceiling else []))
    return [found.every.cells[name] for name in names]
