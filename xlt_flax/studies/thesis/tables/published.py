"""The thesis's tables, 4.1 to 5.2: these runs' accuracies beside the thesis's."""

from collections.abc import Iterator, Mapping

from xlt_flax.analysis.accuracies import (
    COLUMNS,
    REPEATS,
    accuracy_cells,
    interval_cell,
    mean_repeats,
    notes,
    repeats,
)
from xlt_flax.analysis.cells import Cell, GroupMean
from xlt_flax.analysis.comparisons import Comparison
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import NOTHING, p_value, points, share, span, with_sd
from xlt_flax.analysis.groups import Group
from xlt_flax.analysis.table import MEAN, PLAIN, UNFINISHED, Row, Section, Table
from xlt_flax.studies.thesis import reported

ORDER = 10

SECTION = Section("tables", "The thesis's tables")
_PAGE_COLUMN = {"4.1": 0, "4.2": 0, "4.3": 0, "5.1": 1, "E2D1F3": 1, "J1": 1}
_AFTER_J1 = "5.2"  # has the gains from J1

Gains = Mapping[str, Comparison]  # by the run after J1; its source's run is the other side


def tables(findings: Findings) -> list[Table]:
    """Those of which there is a run that the thesis's numbers can stand beside."""
    return [found for table in reported.TABLES for found in _table(table, findings)]


def _table(table: reported.Table, findings: Findings) -> list[Table]:
    names = [name for group in table.groups for name in group.runs]
    known = findings.every.cells
    cells = {n: known[n] for n in names if n in known and known[n].reported is not None}
    if not cells:
        return []
    after = table.key == _AFTER_J1
    gains = {gain.first: gain for gain in findings.compared["gains"]} if after else None
    of_gain = () if gains is None else ("Gain from J1", "p (Holm)")
    rows = [row for group in table.groups for row in _rows(group, cells, findings, gains)]
    means = (findings.every.groups[group.key] for group in table.groups)
    numbers: list[Cell | GroupMean] = [*cells.values(), *means]
    told = [*notes(list(cells.values()), numbers), *_told(gains)]
    return [
        Table(
            table.key,
            SECTION,
            _title(table, findings),
            ("Mixture", *COLUMNS, "Thesis", "Difference", *REPEATS, *of_gain),
            tuple(rows),
            tuple(told),
            column=_PAGE_COLUMN.get(table.key),
        )
    ]


def _title(table: reported.Table, findings: Findings) -> str:
    """With the size of these runs' groups, which may be another than the thesis's."""
    configs = [
        run.record.config
        for group in table.groups
        for name in group.runs
        for run in findings.results.of(name)
    ]
    sizes = [config.get("data.train_per_group") for config in configs]
    known = [size for size in sizes if isinstance(size, int)]
    return table.title.format(size=span(known) if known else "1,000")


def _told(gains: Gains | None) -> list[str]:
    if gains is None:
        return []
    unchanged = [name for name, gain in gains.items() if gain.same_predictions]
    changed_nothing = [
        f"{name}: its J1 stage changed no prediction of its source's model" for name in unchanged
    ]
    return [
        *changed_nothing,
        "Gain from J1, points: the same mixture before its J1 stage, the same seeds and documents; "
        "p by the t of its blocks and documents, Holm's correction over the mixtures; one seed has "
        "none.",
        "The thesis's D1D2D3 has .7450 here and in table 4.1: its J1 stage seems to have changed "
        "nothing.",
    ]


def _rows(
    group: Group, cells: Mapping[str, Cell], findings: Findings, gains: Gains | None
) -> Iterator[Row]:
    """A row for each run, and the mean row, where the thesis has one."""
    for name in group.runs:
        gain = _gain(name, gains)
        yield _row(name, cells[name], findings, gain) if name in cells else _empty_row(name, gain)
    if group.mean is not None:
        yield _mean_row(findings.every.groups[group.key], group.mean, findings, gains is not None)


def _gain(name: str, gains: Gains | None) -> tuple[str, ...]:
    """The cells of the gain from J1; none in a table without it."""
    if gains is None:
        return ()
    gain = gains.get(name)
    return (points(gain.difference), p_value(gain.holm)) if gain else (NOTHING, NOTHING)


def _empty_row(name: str, gain: tuple[str, ...]) -> Row:
    thesiss = share(reported.ACCURACY.get(name)), NOTHING
    cells = (_without_stage(name), NOTHING, NOTHING, "0", *thesiss, NOTHING, NOTHING, *gain)
    return Row(cells, UNFINISHED)


def _row(name: str, cell: Cell, findings: Findings, gain: tuple[str, ...]) -> Row:
    cells = (
        _without_stage(name),
        *accuracy_cells(cell),
        share(cell.reported),
        points(_less(cell.mean, cell.reported)),
        *repeats(findings.results.of(name)),
        *gain,
    )
    return Row(cells, PLAIN if cell.complete else UNFINISHED)


def _less(ours: float | None, thesiss: float | None) -> float | None:
    return None if ours is None or thesiss is None else ours - thesiss


def _mean_row(mean: GroupMean, thesiss: float, findings: Findings, after: bool) -> Row:
    total = len(mean.group.runs)
    whole = mean.finished == total
    cells = (
        f"mean {mean.group.label}{_extent(mean)}" if after else f"mean{_extent(mean)}",
        with_sd(mean.mean, mean.sd),
        interval_cell(mean),
        "",
        share(thesiss),
        points(_less(_printed(mean.mean), thesiss) if whole else None),
        *mean_repeats([findings.results.of(name) for name in mean.group.runs]),
    )
    return Row((*cells, "", "") if after else cells, MEAN)


def _extent(mean: GroupMean) -> str:
    """Of what a mean row is the mean, where that is not the whole group."""
    if mean.finished < len(mean.group.runs):
        return f" of {mean.finished} of {len(mean.group.runs)}"
    return "" if mean.complete else " (seeds missing)"


def _printed(mean: float | None) -> float | None:
    """The mean to the four digits of the thesis's, so that equal figures differ by 0.00."""
    return None if mean is None else round(mean, 4)


def _without_stage(name: str) -> str:
    return name.removesuffix(reported.AFTER_J1)
