"""Tables of differences: contrasts, their variance, pairs of mixtures, the thesis read again."""

from collections.abc import Sequence
from math import sqrt

from xlt_flax.analysis.comparisons import Comparison
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import NOTHING, listed, p_value, points, points_interval
from xlt_flax.analysis.measured import ONE_SEED
from xlt_flax.analysis.statistics import LEVEL
from xlt_flax.analysis.table import PLAIN, UNFINISHED, Row, Table
from xlt_flax.studies.thesis import reported, reread

_BASIS = (
    "95% interval: blocks (draws with their seeds averaged; with one draw, seeds) and test "
    f"documents both counted as drawn. {ONE_SEED.capitalize()}: its interval holds seed and draw "
    "fixed, and knows nothing of what another seed would do."
)


def effects(found: Sequence[Effect], key: str = "effects") -> Table | None:
    """Every contrast, with its interval and its exact test; None while there is none."""
    if all(effect.difference is None for effect in found):
        return None
    columns = (
        "Effect",
        "Stage",
        "Difference",
        "95% interval",
        "Over",
        "Could see",
        "p (sign flip)",
        "least p",
        "p (Tarone–Holm)",
        "Thesis",
    )
    waiting = [name for effect in found for name in effect.measured.waiting]
    notes = [
        *([f"Empty rows wait for {listed(waiting)}."] if waiting else []),
        *_flags(found),
        f"Differences in percentage points. {_BASIS}",
        "Could see: the true difference that a study as sure as this one finds in 80% of its "
        "repetitions.",
        "p: exact, all ways to choose the signs of the blocks' contrasts on these test documents, "
        "which it holds fixed; least p: the smallest that so few blocks can give. Tarone–Holm: "
        "corrected over the tests of a stage that can reject at all; empty where a test cannot.",
        "1:1:1 − 3:0: the same groups on both sides. A language's share held fixed: 1:1:1 less the "
        "2:1 mixtures in which it has a third; were German's presence all that matters, German's "
        "would be 0.",
    ]
    title = "What diversity is worth"
    if key != "effects":
        title += ", overlapping test documents left out"
    section = "effects" if key == "effects" else "overlap"
    return Table(key, section, title, columns, tuple(map(_effect_row, found)), tuple(notes))


def _effect_row(effect: Effect) -> Row:
    measured = effect.measured
    estimate, test = measured.estimate, measured.test
    cells = (
        effect.label,
        effect.stage,
        points(effect.difference),
        points_interval(measured.interval),
        measured.blocks.basis if estimate else NOTHING,
        points(estimate.detectable).lstrip("+") if estimate else NOTHING,
        p_value(test.p if test else None),
        p_value(test.least if test else None),
        p_value(effect.adjusted),
        points(effect.thesis),
    )
    partial = measured.waiting or (estimate and measured.blocks.lacking)
    return Row(cells, UNFINISHED if partial else PLAIN)


def _flags(found: Sequence[Effect]) -> list[str]:
    """What a reader must know, and what intervals hold fixed, once for all that it is true of."""
    said: dict[str, list[str]] = {}
    for effect in found:
        measured = effect.measured
        told = [flag for flag in measured.flags if flag != ONE_SEED]
        if measured.estimate and (fixed := measured.blocks.holds_fixed):
            told.append(f"The interval holds {fixed} fixed")
        for text in told:
            said.setdefault(text, []).append(f"{effect.label} ({effect.stage})")
    return [
        f"{text[0].upper()}{text[1:]}: {'all' if len(names) == len(found) else listed(names)}."
        for text, names in said.items()
    ]


def components(found: Sequence[Effect]) -> Table | None:
    """How much blocks, documents and the rest make one block's contrast vary; None without."""
    known = [effect for effect in found if (e := effect.measured.estimate) and e.components]
    if not known:
        return None
    columns = ("Effect", "Stage", "Blocks", "Documents", "Rest", "One block", "Mean of all")
    rows = []
    for effect in known:
        estimate = effect.measured.estimate
        parts = estimate.parts
        total = sqrt(sum(part * part for part in parts))
        shown = (*parts, total, sqrt(estimate.variance))
        rows.append(Row((effect.label, effect.stage, *(points(v).lstrip("+") for v in shown))))
    notes = (
        "Standard deviations in percentage points. Blocks: between draws, or between seeds, on "
        "endless documents. Documents: these test documents, whatever the block; more blocks do "
        "not lower it. Rest: one block on these documents. Mean of all: the standard error.",
    )
    title = "Components of variance"
    return Table("components", "effects", title, columns, tuple(rows), notes)


def asked(findings: Findings) -> Table | None:
    """The comparisons that --compare asks for."""
    if not findings.asked:
        return None
    columns = (
        "Comparison",
        "Over",
        "Documents",
        "Difference",
        "95% interval",
        "p (t)",
        "p (Holm)",
        "p (sign flip)",
        "least p",
    )
    rows = tuple(_comparison_row(comparison) for comparison in findings.asked)
    fixed = {f"{c.first} − {c.second}: the interval holds {c.holds_fixed} fixed."
             for c in findings.asked if c.holds_fixed}  # fmt: skip
    flags = {f"{c.first} − {c.second}: {flag}." for c in findings.asked for flag in c.flags}
    notes = (
        *sorted(fixed | flags),
        f"Paired: the same draws, seeds and documents on both sides. {_BASIS} With one seed there "
        "is no p-value: it could only tell two trained models apart.",
    )
    return Table("compare", "compare", "Comparisons asked for", columns, rows, notes)


def _comparison_row(c: Comparison) -> Row:
    cells = (
        f"{c.first} − {c.second}",
        c.basis,
        str(c.documents),
        points(c.difference),
        points_interval(c.interval),
        p_value(c.p),
        p_value(c.holm),
        p_value(c.p_sign_flip),
        p_value(c.least_p),
    )
    return Row(cells)


def pairs(findings: Findings) -> Table | None:
    """Every two zero-shot mixtures of the thesis."""
    if not findings.pairs:
        return None
    names = [name for group in reported.ZERO_SHOT_GROUPS for name in group.runs]
    by_pair = {(c.first, c.second): c for c in findings.pairs}
    rows = []
    for row, first in enumerate(names[:-1]):
        cells = [""] * row
        for second in names[row + 1 :]:
            comparison = by_pair.get((first, second))
            mark = "*" if comparison and _is_real(comparison) else ""
            cells.append(f"{points(comparison.difference if comparison else None)}{mark}")
        rows.append(Row((first, *cells)))
    basis = listed([comparison.basis for comparison in findings.pairs])
    real = sum(map(_is_real, findings.pairs))
    notes = ["Row less column, points: the same draws, seeds and documents on both sides.",
             f"Over {basis}."]  # fmt: skip
    if any(comparison.p is not None for comparison in findings.pairs):
        notes.append(
            f"* p < .05 over blocks and documents, after Holm's correction over "
            f"{len(findings.pairs)} pairs ({real} of them). Intervals are in results.json."
        )
    else:
        notes.append("One seed cannot tell a mixture from its run, so no difference is marked.")
    columns = ("", *names[1:])
    return Table("pairs", "pairs", "Any two mixtures", columns, tuple(rows), tuple(notes))


def _is_real(comparison: Comparison) -> bool:
    return comparison.holm is not None and comparison.holm < LEVEL


def thesis_reread(findings: Findings) -> Table | None:
    """What the thesis's own cells show; where the sweep has some of its mixtures."""
    if len(findings.every.groups) < 2 or not any(c.thesis for c in findings.every.cells.values()):
        return None
    rows = tuple(Row((line.question, line.answer)) for line in reread.lines())
    notes = (
        "Computed from the thesis's published accuracies: one seed, so other seeds might differ; "
        "p-values are exact permutation tests over its mixtures.",
    )
    columns = ("Question", "What the published cells show")
    return Table("reread", "reread", "The thesis read again", columns, rows, notes)
