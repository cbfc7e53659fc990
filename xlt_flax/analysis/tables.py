"""The report's tables as plain strings in rows, and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from xlt_flax.analysis import thesis
from xlt_flax.analysis.cells import Cell, GroupMean
from xlt_flax.analysis.comparisons import Comparison
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.findings import Findings, View
from xlt_flax.analysis.results import Audit, Run
from xlt_flax.analysis.statistics import Interval

NOTHING = "—"
MEAN, UNFINISHED, PLAIN = "mean", "unfinished", "plain"
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Row:
    """Cells as text, and what kind of row: a mean, one with unfinished runs, or plain."""

    cells: tuple[str, ...]
    kind: str = PLAIN


@dataclass(frozen=True)
class Table:
    """A table with its title, its notes, and the section of the report it stands in."""

    key: str
    section: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def share(value: float | None) -> str:
    """.7310, as the thesis prints accuracies."""
    if value is None:
        return NOTHING
    text = f"{value:.4f}"
    return text[1:] if text.startswith("0.") else text


def points(value: float | None) -> str:
    """A difference of shares in percentage points, signed: +3.25."""
    if value is None:
        return NOTHING
    text = f"{100 * value:+.2f}".replace("-", "−")
    return "0.00" if text[1:] == "0.00" else text


def share_interval(interval: Interval | None) -> str:
    if interval is None:
        return NOTHING
    return f"{share(interval.low)} – {share(interval.high)}"


def points_interval(interval: Interval | None) -> str:
    if interval is None:
        return NOTHING
    return f"{points(interval.low)} to {points(interval.high)}"


def p_value(p: float | None) -> str:
    if p is None:
        return NOTHING
    if p < 0.001:
        return "< .001"
    return share(round(p, 3))[:4] if p < 0.9995 else "1"


def with_sd(mean: float | None, sd: float | None) -> str:
    return share(mean) if sd is None else f"{share(mean)} ± {share(sd)}"


def all_tables(findings: Findings) -> list[Table]:
    """Every table that has something to show, in the report's order."""
    tables = [_thesis_table(table, findings) for table in thesis.TABLES]
    tables += [
        _others(findings),
        _asked(findings),
        _effects(findings.every.effects, "effects"),
        _pairs(findings),
        _languages(findings),
        _each_seed(findings),
        _audit(findings),
    ]
    if findings.without_overlap is not None:
        tables.append(_overlap(findings.every, findings.without_overlap, len(findings.affected)))
        tables.append(_effects(findings.without_overlap.effects, "effects-without-overlap"))
    return [table for table in tables if table is not None]


def markdown(table: Table) -> str:
    """The table as GitHub Markdown, its mean rows bold and its notes below."""
    lines = [f"### {table.title}", "", _line(table.columns)]
    lines.append(_line(["---"] + ["---:"] * (len(table.columns) - 1)))
    for row in table.rows:
        bold = "**" if row.kind == MEAN else ""
        lines.append(_line([f"{bold}{cell}{bold}" if cell else "" for cell in row.cells]))
    lines += [""] + [f"- {note}" for note in table.notes]
    return "\n".join(lines).rstrip() + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _thesis_table(table: thesis.Table, findings: Findings) -> Table | None:
    view = findings.every
    names = [name for group in table.groups for name in group.runs]
    if not any(name in view.cells for name in names):
        return None
    after = table.key == "5.2"
    columns = ["Mixture", "Accuracy", "95% interval", "Seeds", "Thesis", "Difference"]
    columns += ["Gain from J1", "p (Holm)"] if after else []
    gains = {gain.first: gain for gain in findings.gains} if after else None
    rows = []
    for group in table.groups:
        rows += [_cell_row(name, view.cells.get(name), gains) for name in group.runs]
        if group.mean is not None:
            rows.append(_mean_row(view.groups[group.key], after))
    notes = [f"{name}: {note}" for name in names if name in view.cells for note in
             view.cells[name].notes]  # fmt: skip
    return Table(
        table.key,
        "tables",
        table.title,
        tuple(columns),
        tuple(rows),
        (*notes, *_told(after, gains)),
    )


def _told(after: bool, gains: dict[str, Comparison] | None) -> list[str]:
    if not after:
        return []
    unchanged = [name for name, gain in gains.items() if gain.same_predictions]
    notes = [
        f"{name}: its J1 stage changed no prediction of its source's model" for name in unchanged
    ]
    return [
        *notes,
        "Gain from J1, points: the same mixture before its J1 stage, the same seeds and documents; "
        "McNemar's exact test, corrected over the 12 mixtures.",
        "The thesis's D1D2D3 has .7450 here and in table 4.1: its J1 stage seems to have changed "
        "nothing.",
    ]


def _cell_row(name: str, cell: Cell | None, gains: dict[str, Comparison] | None) -> Row:
    gain = (gains or {}).get(name)
    extra = () if gains is None else (NOTHING, NOTHING)
    if gain is not None:
        extra = (points(gain.difference), p_value(gain.holm))
    shown = name.removesuffix(thesis.AFTER_J1)
    if cell is None:
        missing = (shown, NOTHING, NOTHING, "0", share(thesis.ACCURACY.get(name)), NOTHING, *extra)
        return Row(missing, UNFINISHED)
    difference = None if not cell.seeds or cell.thesis is None else cell.mean - cell.thesis
    cells = (
        shown,
        with_sd(cell.mean, cell.sd),
        share_interval(cell.interval),
        _seeds(cell),
        share(cell.thesis),
        points(difference),
        *extra,
    )
    return Row(cells, PLAIN if cell.complete else UNFINISHED)


def _seeds(cell: Cell) -> str:
    done, expected = len(cell.seeds), len(set(cell.expected) | set(cell.seeds))
    return str(done) if done == expected else f"{done} of {expected}"


def _mean_row(mean: GroupMean, after: bool) -> Row:
    count = len(mean.group.runs)
    extent = "" if mean.finished == count else f" of {mean.finished} of {count}"
    if not mean.complete and not extent:
        extent = " (seeds missing)"
    label = f"mean {mean.group.label}{extent}" if after else f"mean{extent}"
    comparable = mean.mean is not None and mean.finished == count
    cells = (
        label,
        with_sd(mean.mean, mean.sd),
        share_interval(mean.interval),
        "",
        share(mean.group.mean),
        points(_printed(mean) - mean.group.mean if comparable else None),
    )
    return Row((*cells, "", "") if after else cells, MEAN)


def _printed(mean: GroupMean) -> float:
    """The mean to the four digits of the thesis's, so that equal figures differ by 0.00."""
    return round(mean.mean, 4)


def _others(findings: Findings) -> Table | None:
    names = [name for name in findings.every.cells if name not in thesis.ACCURACY]
    if not names:
        return None
    cells = [findings.every.cells[name] for name in names]
    rows = tuple(
        Row(
            (c.name, with_sd(c.mean, c.sd), share_interval(c.interval), _seeds(c)),
            PLAIN if c.complete else UNFINISHED,
        )
        for c in cells
    )
    notes = tuple(f"{cell.name}: {note}" for cell in cells for note in cell.notes)
    columns = ("Run", "Accuracy", "95% interval", "Seeds")
    return Table("other", "tables", "Runs that the thesis does not have", columns, rows, notes)


def _asked(findings: Findings) -> Table | None:
    if not findings.asked:
        return None
    columns = (
        "Comparison",
        "Seeds",
        "Documents",
        "Difference",
        "95% interval",
        "Only first right",
        "Only second right",
        "p (McNemar, exact)",
        "p (Holm)",
    )
    rows = tuple(_comparison_row(comparison) for comparison in findings.asked)
    notes = [
        "p: do these trained models differ on documents like these? The interval also lets the "
        "seeds vary, where there are several.",
    ]
    if any(len(comparison.first_seeds) > 1 for comparison in findings.asked):
        notes.append(
            "Several seeds: a document's number of right seeds is compared, so that no document is "
            "counted twice; with one seed this is McNemar's exact test."
        )
    return Table("compare", "compare", "Comparisons asked for", columns, rows, tuple(notes))


def _comparison_row(c: Comparison) -> Row:
    seeds = ", ".join(map(str, c.first_seeds))
    if c.first_seeds != c.second_seeds:
        seeds += " | " + ", ".join(map(str, c.second_seeds))
    cells = (
        f"{c.first} − {c.second}",
        seeds,
        str(c.documents),
        points(c.difference),
        points_interval(c.interval),
        str(c.only_first),
        str(c.only_second),
        p_value(c.p),
        p_value(c.holm),
    )
    return Row(cells)


def _effects(effects: Sequence[Effect], key: str) -> Table | None:
    if all(effect.difference is None for effect in effects):
        return None
    columns = (
        "Effect",
        "Stage",
        "Difference",
        "95% interval",
        "for these mixtures",
        "p",
        "least p",
        "p (Holm)",
        "Thesis",
    )
    rows = tuple(_effect_row(effect) for effect in effects)
    waiting = [name for effect in effects for name in effect.waiting]
    lacking = [name for effect in effects if not effect.waiting for name in effect.lacking]
    title = "What diversity is worth"
    if key != "effects":
        title += ", overlapping test documents left out"
    notes = (
        *([f"Empty rows wait for {_listed(waiting)}."] if waiting else []),
        *([f"Seeds are missing of {_listed(lacking)}."] if lacking else []),
        "Differences in percentage points. 95% interval: mixtures, seeds and documents resampled. "
        "For these mixtures: seeds and documents only; it says nothing of other mixtures.",
        "p: exact permutation test over mixtures; least p: the smallest that so few mixtures can "
        "give, whatever the difference. Holm: over the three tests of a stage.",
    )
    section = "effects" if key == "effects" else "overlap"
    return Table(key, section, title, columns, rows, notes)


def _effect_row(effect: Effect) -> Row:
    test, reference = effect.test, effect.thesis_test
    cells = (
        effect.label,
        effect.stage,
        points(effect.difference),
        points_interval(effect.interval),
        points_interval(effect.interval_fixed),
        p_value(test.p if test else None),
        p_value(test.smallest if test else None),
        p_value(effect.holm),
        points(effect.thesis) + (f" (p {p_value(reference.p)})" if reference else ""),
    )
    return Row(cells, UNFINISHED if effect.waiting or effect.lacking else PLAIN)


def _listed(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:6])} and more"


def _pairs(findings: Findings) -> Table | None:
    if not findings.pairs:
        return None
    names = [name for group in thesis.ZERO_SHOT_GROUPS for name in group.runs]
    by_pair = {(c.first, c.second): c for c in findings.pairs}
    rows = []
    for row, first in enumerate(names[:-1]):
        cells = [""] * row
        for second in names[row + 1 :]:
            comparison = by_pair.get((first, second))
            mark = "*" if comparison and comparison.holm < SIGNIFICANT else ""
            cells.append(f"{points(comparison.difference if comparison else None)}{mark}")
        rows.append(Row((first, *cells)))
    known = sum(name in findings.every.cells for name in names)
    planned = known * (known - 1) // 2
    real = sum(comparison.holm < SIGNIFICANT for comparison in findings.pairs)
    notes = (
        "Row less column, points; zero-shot accuracy on the same documents and seeds.",
        f"* p < .05 in McNemar's exact test after Holm's correction over {planned} "
        f"pairs ({real} of them). It speaks of these trained models; all p-values are in "
        "results.json.",
    )
    columns = ("", *names[1:])
    return Table("pairs", "pairs", "Any two mixtures", columns, tuple(rows), notes)


def _languages(findings: Findings) -> Table | None:
    languages = list(findings.languages)
    if languages in ([], [thesis.TARGET_LANGUAGE]):
        return None
    names = [
        name
        for name in findings.every.cells
        if any(name in findings.languages[language] for language in languages)
    ]
    rows = []
    for name in names:
        values = [findings.languages[language].get(name, ()) for language in languages]
        rows.append(Row((name, *(_mean_with_sd(each) for each in values))))
    columns = ("Run", *languages)
    return Table("languages", "languages", "Accuracy by language", columns, tuple(rows))


def _mean_with_sd(values: Sequence[float]) -> str:
    if not values:
        return NOTHING
    mean = sum(values) / len(values)
    if len(values) == 1:
        return share(mean)
    return with_sd(mean, (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5)


def _each_seed(findings: Findings) -> Table | None:
    runs = [run for run in findings.sweep.runs if run.target]
    if len(runs) == len({run.name for run in runs}):
        return None  # one seed: the tables above have it all
    columns = ("Run", "Seed", "Accuracy", "95% interval", "Macro F1", "Loss", "Documents")
    rows = []
    for run in runs:
        target = run.target
        cells = (
            run.name,
            str(run.seed),
            share(target.accuracy),
            share_interval(findings.every.runs.get(run.label)),
            share(target.macro_f1),
            NOTHING if target.loss is None else f"{target.loss:.4f}",
            NOTHING if target.documents is None else f"{target.documents:,}",
        )
        rows.append(Row(cells))
    notes = ("95% interval: documents resampled.",)
    return Table("seeds", "seeds", "Each seed", columns, tuple(rows), notes)


def _audit(findings: Findings) -> Table | None:
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
        "Test documents seen",
    )
    rows = tuple(_audit_row(name, runs) for name, runs in by_name.items())
    without = sorted({run.name for run in findings.sweep.runs if run.target} - set(by_name))
    notes = [
        "Test documents seen: those whose text is in the run's training or validation documents, "
        "or in its source stage's."
    ]
    if without:
        notes.append(f"No audit.json: {_listed(without)}")
    return Table("audit", "overlap", "Overlaps of each mixture", columns, rows, tuple(notes))


def _audit_row(name: str, runs: Sequence[Run]) -> Row:
    audits: list[Audit] = [run.audit for run in runs]
    counts = (
        [audit.train for audit in audits],
        [audit.within_train for audit in audits],
        [audit.validation for audit in audits],
        [audit.train_validation for audit in audits],
        [len(audit.test_ids) for audit in audits],
    )
    return Row((name, *(_span(values) for values in counts)))


def _span(values: Sequence[int | None]) -> str:
    """One count, or the least and greatest over seeds."""
    known = [value for value in values if value is not None]
    if not known:
        return NOTHING
    low, high = min(known), max(known)
    return str(low) if low == high else f"{low}–{high}"


def _overlap(every: View, rest: View, affected: int) -> Table:
    rows = []
    for group in thesis.GROUPS:
        for name in group.runs:
            if name in every.cells:
                rows.append(_overlap_row(name, every.cells[name], rest.cells[name], PLAIN))
        if group.mean is not None and any(name in every.cells for name in group.runs):
            label = f"mean {group.label}" + (thesis.AFTER_J1 if group.table == "5.2" else "")
            both = (view.groups[group.key] for view in (every, rest))
            rows.append(_overlap_row(label, *both, MEAN))
    title = f"The same results without the {affected} overlapping test documents"
    columns = ("Run", "All documents", "Without overlap", "Change", "95% interval without")
    notes = (
        "Left out of every run alike: each test document that any finished run trained or "
        "validated on, so that all cells are over the same documents.",
    )
    return Table("overlap", "overlap", title, columns, tuple(rows), notes)


def _overlap_row(label: str, every: Cell | GroupMean, rest: Cell | GroupMean, kind: str) -> Row:
    both = every.mean is not None and rest.mean is not None
    cells = (
        label,
        with_sd(every.mean, every.sd),
        with_sd(rest.mean, rest.sd),
        points(rest.mean - every.mean if both else None),
        share_interval(rest.interval),
    )
    return Row(cells, kind)
