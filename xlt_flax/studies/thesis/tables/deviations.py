"""How the runs depart from the thesis: from its text's experiment, and from its listing's."""

from collections.abc import Sequence

from xlt_flax.analysis.experiment import Deviation
from xlt_flax.analysis.fields import shown
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import count
from xlt_flax.analysis.results import Run
from xlt_flax.analysis.table import UNFINISHED, Row, Section, Table
from xlt_flax.studies.thesis import experiment, reported

ORDER = 30

_SAME = "the same"


def tables(findings: Findings) -> list[Table]:
    """One row for each thing that these runs, the text and the listing do not all do alike.

    None where no run has a config.
    """
    runs = [run for run in findings.results.runs if run.record.config]
    if not runs:
        return []
    rows = [*_fields(runs), *_particulars(runs), _seeds(runs), *_test_sets(findings)]
    notes = (
        "The text is the thesis's account of its experiment; the listing is its program, where it "
        "does other than the text, or more than it says.",
    )
    columns = ("What", "The thesis's text", "Its listing", "These runs")
    title = "How these runs and the thesis differ"
    section = Section("deviations", title)
    return [Table("deviations", section, title, columns, tuple(rows), notes, words=True)]


def _fields(runs: Sequence[Run]) -> list[Row]:
    """Fields of the experiment in which some run is another."""
    found: dict[str, tuple[Deviation, dict[str, list[Run]]]] = {}
    for run in runs:
        for each in experiment.EXPERIMENT.deviations(run.record.config):
            if each.field != "protocol":  # is among the particulars
                _, values = found.setdefault(each.field, (each, {}))
                values.setdefault(shown(each.run), []).append(run)
    return [
        Row(
            (f"{each.what} ({each.field})", shown(each.wanted), _SAME, _by_runs(values, runs)),
            UNFINISHED,
        )
        for each, values in found.values()
    ]


def _particulars(runs: Sequence[Run]) -> list[Row]:
    rows = []
    for each in experiment.PARTICULARS:
        concerned = [run for run in runs if each.concerns(run.record.config)]
        values: dict[str, list[Run]] = {}
        for run in concerned:
            values.setdefault(each.run(run.record.config), []).append(run)
        if concerned:
            cells = (each.what, each.text, each.listing, _by_runs(values, concerned))
            rows.append(Row(cells))
    return rows


def _by_runs(values: dict[str, list[Run]], runs: Sequence[Run]) -> str:
    """A value, or each of them with how many runs have it."""
    if len(values) == 1 and len(next(iter(values.values()))) == len(runs):
        return next(iter(values))
    return "; ".join(f"{value} ({len(those)} of {len(runs)} runs)" for value, those in
                     values.items())  # fmt: skip


def _seeds(runs: Sequence[Run]) -> Row:
    seeds = ", ".join(str(seed) for seed in sorted({run.seed for run in runs}))
    draws = ", ".join(str(draw) for draw in sorted({run.draw for run in runs}))
    ours = f"seed {seeds} of JAX; draw {draws}"
    return Row(("seed, and draw of the groups", "not said", f"{experiment.SEED} of PyTorch", ours))


def _test_sets(findings: Findings) -> list[Row]:
    sizes = sorted({cell.documents for cell in findings.every.cells.values() if cell.documents})
    if not sizes or sizes == [reported.TEST_DOCUMENTS]:
        return []
    ours = ", ".join(map(count, sizes))
    return [Row(("test documents", count(reported.TEST_DOCUMENTS), _SAME, ours), UNFINISHED)]
