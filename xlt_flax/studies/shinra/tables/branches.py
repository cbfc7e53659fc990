"""F1 by top-level branch of the hierarchy, of the runs on the most articles."""

from collections.abc import Callable, Sequence

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import mean_share, span
from xlt_flax.analysis.label_sets import Counts, counts_by, groups_counted
from xlt_flax.analysis.results import Evaluation
from xlt_flax.analysis.table import Row, Section, Table
from xlt_flax.data.sources.shinra.class_list import branch_of
from xlt_flax.studies.shinra.curve import judged_of, on_most_articles
from xlt_flax.studies.shinra.hierarchy import hierarchy_of

ORDER = 12

_COLUMNS = (
    "Branch", "English", "Japanese", "Precision", "Recall", "F1", "F1 of the branch itself",
    "True labels",
)  # fmt: skip


def tables(findings: Findings) -> list[Table]:
    """None while no run is finished."""
    name = on_most_articles(findings)
    if name is None:
        return []
    hierarchy = hierarchy_of(findings.results)
    runs = judged_of(findings.results.of(name))
    leaves = _by_branch(runs, counts_by)
    whole = _by_branch(runs, groups_counted)
    rows = tuple(
        Row(
            (
                branch,
                hierarchy.english(branch),
                hierarchy.japanese(branch),
                mean_share([each.precision for each in leaves[branch]]),
                mean_share([each.recall for each in leaves[branch]]),
                mean_share([each.f1 for each in leaves[branch]]),
                mean_share([each.f1 for each in whole[branch]]),
                span([each.true for each in leaves[branch]]),
            )
        )
        for branch in sorted(leaves, key=lambda id: (len(id), id))
    )
    notes = (
        f"{name}: means over its draws and seeds. F1: of all classes of the branch, their "
        "decisions pooled. F1 of the branch itself: another class of the same branch counts as "
        "right.",
        *hierarchy.notes,
    )
    section = Section("branches", "By branch")
    return [Table("branches", section, "F1 by top-level branch", _COLUMNS, rows, notes)]


def _by_branch(
    runs: Sequence[Evaluation],
    counted: Callable[[Evaluation, Callable[[str], str]], dict[str, Counts]],
) -> dict[str, list[Counts]]:
    """Branch -> its counts in each run."""
    found = [counted(run, branch_of) for run in runs]
    branches = {branch for each in found for branch in each}
    return {branch: [each.get(branch, Counts()) for each in found] for branch in branches}
