"""Tables of what overlaps: repeated texts by mixture, and results without what was trained on."""

from collections.abc import Sequence

import numpy as np

from xlt_flax.analysis.cells import Cell, GroupMean
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import NOTHING, listed, points, share_interval, span, with_sd
from xlt_flax.analysis.results import Audit, Run
from xlt_flax.analysis.table import MEAN, PLAIN, Row, Table
from xlt_flax.studies.thesis import reported

REPEATS = ("Repeats", "Val. in train")  # columns beside the accuracies
REPEATS_TOLD = (
    "Repeats: training documents whose text occurred before. Val. in train: validation documents "
    "that stand in the training set. Both go with the mixture: texts repeat within a language."
)


def repeats(runs: Sequence[Run]) -> tuple[str, str]:
    """The cells of REPEATS for one mixture: repeats go with the treatment, so they stand by it."""
    audits = [run.audit for run in runs if run.audit]
    return (
        span([audit.within_train for audit in audits]),
        span([audit.train_validation for audit in audits]),
    )


def mean_repeats(mixtures: Sequence[Sequence[Run]]) -> tuple[str, str]:
    """The same for a mean row: means over mixtures of the mean over their runs."""
    audits = [[run.audit for run in runs if run.audit] for runs in mixtures]
    return (
        _mean([[audit.within_train for audit in each] for each in audits]),
        _mean([[audit.train_validation for audit in each] for each in audits]),
    )


def _mean(values: Sequence[Sequence[int | None]]) -> str:
    known = [[value for value in each if value is not None] for each in values]
    if not all(known):
        return NOTHING
    return f"{np.mean([np.mean(each) for each in known]):.1f}"


def audits(findings: Findings) -> Table | None:
    """What audit.json says, a row for each name; None without any."""
    audited = [run for run in findings.sweep.runs if run.audit]
    if not audited:
        return None
    by_name: dict[str, list[Run]] = {}
    for run in audited:
        by_name.setdefault(run.name, []).append(run)
    columns = (
        "Run",
        "Training documents",
        "repeated among them",
        "Validation documents",
        "of them in training",
        "Test documents repeated",
        "Test documents seen",
    )
    rows = tuple(_audit_row(name, runs) for name, runs in by_name.items())
    without = sorted({run.name for run in findings.sweep.runs if run.target} - set(by_name))
    notes = [
        "Test documents seen: those whose text is in the run's training or validation documents, "
        "or in its source stage's."
    ]
    partly = [run.name for run in audited if run.source and not run.audit.whole_chain]
    if partly:
        notes.append(f"Source stages were not looked at by the audits of {listed(partly)}.")
    if without:
        notes.append(f"No audit.json: {listed(without)}")
    return Table("audit", "overlap", "Overlaps of each mixture", columns, rows, tuple(notes))


def _audit_row(name: str, runs: Sequence[Run]) -> Row:
    found: list[Audit] = [run.audit for run in runs]
    counts = (
        [audit.train for audit in found],
        [audit.within_train for audit in found],
        [audit.validation for audit in found],
        [audit.train_validation for audit in found],
        [audit.within_test for audit in found],
        [len(audit.test_ids) for audit in found],
    )
    return Row((name, *(span(values) for values in counts)))


def without_overlap(findings: Findings) -> Table:
    """Every cell over all test documents and over those that no run trained on."""
    every, rest = findings.every, findings.without_overlap
    groups = {name for group in reported.GROUPS for name in group.runs}
    rows = []
    for group in reported.GROUPS:
        present = [name for name in group.runs if name in every.cells]
        rows += [_overlap_row(name, every.cells[name], rest.cells[name]) for name in present]
        if group.mean is not None and every.groups[group.key].mean is not None:
            label = f"mean {group.label}" + (reported.AFTER_J1 if group.table == "5.2" else "")
            both = (view.groups[group.key] for view in (every, rest))
            rows.append(_overlap_row(label, *both, kind=MEAN))
    others = [name for name in every.cells if name not in groups]
    rows += [_overlap_row(name, every.cells[name], rest.cells[name]) for name in others]
    title = f"The same results without the {len(findings.affected)} overlapping test documents"
    columns = ("Run", "All documents", "Without overlap", "Change", "95% interval without")
    notes = (
        "Left out of every run alike: each test document that any finished run trained or "
        "validated on, so that all cells are over the same documents.",
    )
    return Table("overlap", "overlap", title, columns, tuple(rows), notes)


def _overlap_row(
    label: str, every: Cell | GroupMean, rest: Cell | GroupMean, kind: str = PLAIN
) -> Row:
    both = every.mean is not None and rest.mean is not None
    cells = (
        label,
        with_sd(every.mean, every.sd),
        with_sd(rest.mean, rest.sd),
        points(rest.mean - every.mean if both else None),
        share_interval(rest.interval),
    )
    return Row(cells, kind)
