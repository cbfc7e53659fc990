"""One row for each finished run."""

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import NOTHING, count, share, share_interval
from xlt_flax.analysis.measured import ONE_SEED
from xlt_flax.analysis.remarks import SEEN
from xlt_flax.analysis.results import Run, finished_of
from xlt_flax.analysis.table import Row, Section, Table

ORDER = 110
EACH_TARGET = True

_COLUMNS = (
    "Run",
    "Draw",
    "Seed",
    "Accuracy",
    "95% interval",
    "Majority class",
    "Macro F1",
    "Loss",
    "Documents",
    "trained on",
)


def tables(findings: Findings) -> list[Table]:
    """None with one seed, where the tables above have it all."""
    runs = finished_of(findings.results.runs)
    if len(runs) == len({run.name for run in runs}):
        return []
    rows = tuple(_row(run, findings) for run in runs)
    section = Section("seeds", "Each seed", folded=True)
    notes = (f"95% interval: {ONE_SEED}.",)
    return [Table("seeds", section, "Each seed", _COLUMNS, rows, notes)]


def _row(run: Run, findings: Findings) -> Row:
    target = run.result
    cells = (
        run.name,
        str(run.draw),
        str(run.seed),
        share(target.accuracy) + (SEEN if target.seen else ""),
        share_interval(findings.every.runs.get(run.label)),
        share(target.majority),
        share(target.macro_f1),
        NOTHING if target.loss is None else f"{target.loss:.4f}",
        count(target.documents),
        count(target.seen),
    )
    return Row(cells)
