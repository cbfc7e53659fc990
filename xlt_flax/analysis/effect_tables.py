"""The table of a study's effects, over all test documents or over some of them."""

from collections.abc import Sequence

from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.formats import NOTHING, listed, p_value, points, points_interval
from xlt_flax.analysis.measured import ONE_SEED
from xlt_flax.analysis.study_report import StudyReport
from xlt_flax.analysis.table import PLAIN, UNFINISHED, Row, Section, Table

BASIS = (
    "95% interval: blocks (draws with their seeds averaged; with one draw, seeds) and test "
    f"documents both counted as drawn. {ONE_SEED.capitalize()}: its interval holds seed and draw "
    "fixed, and knows nothing of what another seed would do."
)
_COLUMNS = (
    "Effect",
    "Stage",
    "Difference",
    "95% interval",
    "Over",
    "Could see",
    "p (sign flip)",
    "least p",
    "p (Tarone–Holm)",
)
_NOTES = (
    f"Differences in percentage points. {BASIS}",
    "Could see: the true difference that a study as sure as this one finds in 80% of its "
    "repetitions.",
    "p: exact, all ways to choose the signs of the blocks' contrasts on these test documents, "
    "which it holds fixed; least p: the smallest that so few blocks can give. Tarone–Holm: "
    "corrected over the tests of a stage that can reject at all; empty where a test cannot.",
)


def effects_table(
    found: Sequence[Effect], study: StudyReport, key: str, section: Section, title: str
) -> list[Table]:
    """Every contrast, with its interval and its exact test; none while there is none."""
    if all(effect.difference is None for effect in found):
        return []
    waiting = [name for effect in found for name in effect.measured.waiting]
    notes = (
        *([f"Empty rows wait for {listed(waiting)}."] if waiting else []),
        *_flags(found),
        *_NOTES,
        *study.effects_notes,
    )
    columns = (*_COLUMNS, *([study.name.capitalize()] if study.name else []))
    rows = tuple(_row(effect, bool(study.name)) for effect in found)
    return [Table(key, section, title, columns, rows, notes)]


def _row(effect: Effect, with_reported: bool) -> Row:
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
        *([points(effect.reported)] if with_reported else []),
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
