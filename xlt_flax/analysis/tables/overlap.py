"""What overlaps: repeated texts by mixture, and results without what was trained on."""

from collections.abc import Iterator, Sequence

from xlt_flax.analysis.cells import Cell, GroupMean
from xlt_flax.analysis.effect_tables import effects_table
from xlt_flax.analysis.findings import Findings, View
from xlt_flax.analysis.formats import listed, points, share_interval, span, with_sd
from xlt_flax.analysis.results import Audit, Run
from xlt_flax.analysis.table import MEAN, PLAIN, Row, Section, Table

ORDER = 100

SECTION = Section("overlap", "Overlap of training and test documents", folded=True)
_COLUMNS = (
    "Run",
    "Training documents",
    "repeated among them",
    "Validation documents",
    "of them in training",
    "Test documents repeated",
    "Test documents seen",
)


def tables(findings: Findings) -> list[Table]:
    """What audits say, and all results again, where documents must be left out."""
    found, rest = _audits(findings), findings.without_overlap
    if rest is None:
        return found
    study = findings.study
    title = f"{study.effects_title}, overlapping test documents left out"
    return [
        *found,
        _without_overlap(findings, rest),
        *effects_table(rest.effects, study, "effects-without-overlap", SECTION, title),
    ]


def _audits(findings: Findings) -> list[Table]:
    """What audit.json says, a row for each name; none without any."""
    by_name: dict[str, list[tuple[Run, Audit]]] = {}
    for run in findings.results.runs:
        if run.audit:
            by_name.setdefault(run.name, []).append((run, run.audit))
    if not by_name:
        return []
    rows = tuple(_audit_row(name, [audit for _, audit in those]) for name, those in by_name.items())
    notes = [
        "Test documents seen: those whose text is in the run's training or validation documents, "
        "or in its source stage's."
    ]
    partly = [
        run.name
        for those in by_name.values()
        for run, audit in those
        if run.source and not audit.whole_chain
    ]
    without = sorted({run.name for run in findings.results.runs if run.target} - set(by_name))
    if partly:
        notes.append(f"Source stages were not looked at by the audits of {listed(partly)}.")
    if without:
        notes.append(f"No audit.json: {listed(without)}")
    return [Table("audit", SECTION, "Overlaps of each mixture", _COLUMNS, rows, tuple(notes))]


def _audit_row(name: str, found: Sequence[Audit]) -> Row:
    counts = (
        [audit.train for audit in found],
        [audit.within_train for audit in found],
        [audit.validation for audit in found],
        [audit.train_validation for audit in found],
        [audit.within_test for audit in found],
        [len(audit.test_ids) for audit in found],
    )
    return Row((name, *(span(values) for values in counts)))


def _without_overlap(findings: Findings, rest: View) -> Table:
    """Every cell over all test documents and over those that no run trained on."""
    title = f"The same results without the {len(findings.affected)} overlapping test documents"
    columns = ("Run", "All documents", "Without overlap", "Change", "95% interval without")
    notes = (
        "Left out of every run alike: each test document that any finished run trained or "
        "validated on, so that all cells are over the same documents.",
    )
    rows = tuple(_rows_without(findings, rest))
    return Table("overlap", SECTION, title, columns, rows, notes)


def _rows_without(findings: Findings, rest: View) -> Iterator[Row]:
    every, groups = findings.every, findings.study.groups
    labels = [group.label for group in groups]
    for group in groups:
        for name in group.runs:
            if name in every.cells:
                yield _row(name, every.cells[name], rest.cells[name])
        mean = every.groups[group.key]
        if group.mean is not None and mean.mean is not None:
            label = group.key if labels.count(group.label) > 1 else group.label
            yield _row(f"mean {label}", mean, rest.groups[group.key], MEAN)
    grouped = {name for group in groups for name in group.runs}
    for name, cell in every.cells.items():
        if name not in grouped:
            yield _row(name, cell, rest.cells[name])


def _row(label: str, every: Cell | GroupMean, rest: Cell | GroupMean, kind: str = PLAIN) -> Row:
    change = None
    if every.mean is not None and rest.mean is not None:
        change = rest.mean - every.mean
    cells = (
        label,
        with_sd(every.mean, every.sd),
        with_sd(rest.mean, rest.sd),
        points(change),
        share_interval(rest.interval),
    )
    return Row(cells, kind)
