"""Tables of accuracies: the thesis's, the runs that it does not have, by language, and by seed.

No accuracy stands alone: its table says what always guessing the majority class would get, how
often texts repeat in what it was trained on, and marks those that were trained on what they judge.
"""

from collections.abc import Sequence

import numpy as np

from xlt_flax.analysis.cells import Cell, GroupMean
from xlt_flax.analysis.comparisons import Comparison
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import (
    NOTHING,
    count,
    p_value,
    plural,
    points,
    share,
    share_interval,
    span,
    with_sd,
)
from xlt_flax.analysis.languages import LanguageCell, language_name
from xlt_flax.analysis.measured import ONE_SEED
from xlt_flax.analysis.overlap_tables import REPEATS, REPEATS_TOLD, mean_repeats, repeats
from xlt_flax.analysis.remarks import SEEN, without_seen
from xlt_flax.analysis.results import Run, finished_of
from xlt_flax.analysis.table import MEAN, PLAIN, UNFINISHED, Row, Table
from xlt_flax.studies.thesis import reported

DOCUMENTS_ONLY = "¹"  # marks an interval that knows of no other seed
UNKNOWN = "‡"  # marks a number of which it was not recorded how much was trained on


def thesis_table(table: reported.Table, findings: Findings) -> Table | None:
    """One of the thesis's tables; None where there is no run of it."""
    names = [name for group in table.groups for name in group.runs]
    known = findings.every.cells
    cells = {n: known[n] for n in names if n in known and known[n].thesis is not None}
    if not cells:
        return None
    gains = {gain.first: gain for gain in findings.gains} if table.key == "5.2" else None
    columns = ["Mixture", "Accuracy", "95% interval", "Seeds", "Thesis", "Difference", *REPEATS]
    columns += [] if gains is None else ["Gain from J1", "p (Holm)"]
    rows = []
    for group in table.groups:
        rows += [_cell_row(name, cells.get(name), findings, gains) for name in group.runs]
        if group.mean is not None:
            rows.append(_mean_row(findings.every.groups[group.key], findings, gains is not None))
    notes = [f"{name}: {note}" for name, cell in cells.items() for note in cell.notes]
    shown = [*cells.values(), *(findings.every.groups[group.key] for group in table.groups)]
    notes += [*_majority(list(cells.values())), *_documents_only(shown), REPEATS_TOLD]
    notes += _told(gains)
    return Table(table.key, "tables", _title(table, findings), tuple(columns), tuple(rows),
                 tuple(notes))  # fmt: skip


def _title(table: reported.Table, findings: Findings) -> str:
    """With the size of these runs' groups, which may be another than the thesis's."""
    sizes = {
        run.record.config["data.train_per_group"]
        for group in table.groups
        for name in group.runs
        for run in findings.sweep.of(name)
        if "data.train_per_group" in run.record.config
    }
    return table.title.format(size=span(sorted(sizes)) if sizes else "1,000")


def _majority(cells: Sequence[Cell]) -> list[str]:
    known = [cell.majority for cell in cells if cell.majority is not None]
    return [f"Majority class {span(known, share)}: the accuracy of always saying the more frequent "
            "class."] if known else []  # fmt: skip


def _told(gains: dict[str, Comparison] | None) -> list[str]:
    if gains is None:
        return []
    unchanged = [name for name, gain in gains.items() if gain.same_predictions]
    notes = [
        f"{name}: its J1 stage changed no prediction of its source's model" for name in unchanged
    ]
    return [
        *notes,
        "Gain from J1, points: the same mixture before its J1 stage, the same seeds and documents; "
        "p by the t of its blocks and documents, Holm's correction over the mixtures; one seed has "
        "none.",
        "The thesis's D1D2D3 has .7450 here and in table 4.1: its J1 stage seems to have changed "
        "nothing.",
    ]


def _cell_row(
    name: str, cell: Cell | None, findings: Findings, gains: dict[str, Comparison] | None
) -> Row:
    gain = (gains or {}).get(name)
    extra = () if gains is None else (NOTHING, NOTHING)
    if gain is not None:
        extra = (points(gain.difference), p_value(gain.holm))
    shown = name.removesuffix(reported.AFTER_J1)
    if cell is None:
        thesiss = share(reported.ACCURACY.get(name)), NOTHING
        missing = (shown, NOTHING, NOTHING, "0", *thesiss, NOTHING, NOTHING, *extra)
        return Row(missing, UNFINISHED)
    difference = None if not cell.seeds or cell.thesis is None else cell.mean - cell.thesis
    cells = (
        shown,
        _accuracy(cell),
        _interval(cell),
        _seeds(cell),
        share(cell.thesis),
        points(difference),
        *repeats(findings.sweep.of(name)),
        *extra,
    )
    return Row(cells, PLAIN if cell.complete else UNFINISHED)


def _accuracy(cell: Cell) -> str:
    return with_sd(cell.mean, cell.sd) + (SEEN if cell.seen else "")


def _interval(number: Cell | GroupMean) -> str:
    return share_interval(number.interval) + (DOCUMENTS_ONLY if number.basis == ONE_SEED else "")


def _documents_only(numbers: Sequence[Cell | GroupMean]) -> list[str]:
    if not any(number.basis == ONE_SEED for number in numbers):
        return []
    return [f"{DOCUMENTS_ONLY} {ONE_SEED}; the interval holds its seed and draw fixed."]


def _seeds(cell: Cell) -> str:
    """Runs that are finished of those there should be, and over how many draws."""
    done, expected = len(cell.seeds), max(len(cell.expected), len(cell.seeds))
    text = str(done) if done == expected else f"{done} of {expected}"
    return f"{text}, {plural(len(cell.draws), 'draw')}" if len(cell.draws) > 1 else text


def _mean_row(mean: GroupMean, findings: Findings, after: bool) -> Row:
    total = len(mean.group.runs)
    extent = "" if mean.finished == total else f" of {mean.finished} of {total}"
    if not mean.complete and not extent:
        extent = " (seeds missing)"
    label = f"mean {mean.group.label}{extent}" if after else f"mean{extent}"
    comparable = mean.mean is not None and mean.finished == total
    cells = (
        label,
        with_sd(mean.mean, mean.sd),
        _interval(mean),
        "",
        share(mean.group.mean),
        points(_printed(mean) - mean.group.mean if comparable else None),
        *mean_repeats([findings.sweep.of(name) for name in mean.group.runs]),
    )
    return Row((*cells, "", "") if after else cells, MEAN)


def _printed(mean: GroupMean) -> float:
    """The mean to the four digits of the thesis's, so that equal figures differ by 0.00."""
    return round(mean.mean, 4)


def other_runs(findings: Findings) -> Table | None:
    """What stands in no table of the thesis: other mixtures, settings, or target language."""
    cells = [cell for cell in findings.every.cells.values() if cell.thesis is None]
    if not cells:
        return None
    rows = tuple(
        Row(
            (
                cell.name,
                _accuracy(cell),
                _interval(cell),
                _seeds(cell),
                *repeats(findings.sweep.of(cell.name)),
            ),
            PLAIN if cell.complete else UNFINISHED,
        )
        for cell in cells
    )
    notes = [f"{cell.name}: {note}" for cell in cells for note in cell.notes]
    notes += [*_majority(cells), *_documents_only(cells), REPEATS_TOLD]
    if any("[" in cell.name for cell in cells):
        notes.append(
            "In brackets: what sets runs apart from most runs here. They share no cell, and enter "
            "no table of the thesis and no comparison of its groups."
        )
    columns = ("Run", "Accuracy", "95% interval", "Seeds", *REPEATS)
    title = "Runs that the thesis does not have"
    if findings.sweep.target_language != reported.TARGET_LANGUAGE:
        title = f"Accuracy on {language_name(findings.sweep.target_language)}"
    return Table("other", "tables", title, columns, rows, tuple(notes))


def by_language(findings: Findings) -> Table | None:
    """Every run on every language that it was judged on; None if that is the target alone."""
    languages = findings.languages
    if list(languages) in ([], [findings.sweep.target_language]):
        return None
    names = [
        name for name in findings.every.cells if any(name in cells for cells in languages.values())
    ]
    rows, notes, unknown = [], [], False
    for name in names:
        cells = {language: found[name] for language, found in languages.items() if name in found}
        rows.append(Row((name, *(_language_accuracy(cells.get(each)) for each in languages))))
        notes += [note for language, cell in cells.items() for note in _seen(name, language, cell)]
        unknown = unknown or any(None in cell.seen for cell in cells.values())
    if unknown:
        notes.append(
            f"{UNKNOWN} how many of the judged documents were trained on was not recorded: "
            "evaluate these runs again"
        )
    columns = ("Run", *(_language_heading(name, cells) for name, cells in languages.items()))
    return Table("languages", "languages", "Accuracy by language", columns, tuple(rows),
                 tuple(notes))  # fmt: skip


def _language_heading(language: str, cells: dict[str, LanguageCell]) -> str:
    known = [m for cell in cells.values() for m in cell.majority if m is not None]
    return f"{language} (majority class {span(known, share)})" if known else language


def _language_accuracy(cell: LanguageCell | None) -> str:
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


def each_seed(findings: Findings) -> Table | None:
    """One row for each finished run; None with one seed, where the tables above have it all."""
    runs = [run for run in finished_of(findings.sweep.runs) if run.target]
    if len(runs) == len({run.name for run in runs}):
        return None
    columns = (
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
    rows = tuple(_seed_row(run, findings) for run in runs)
    notes = (f"95% interval: {ONE_SEED}.",)
    return Table("seeds", "seeds", "Each seed", columns, rows, notes)


def _seed_row(run: Run, findings: Findings) -> Row:
    target = run.target
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
