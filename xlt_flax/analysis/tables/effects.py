"""A study's effects, and how much blocks, documents and the rest make them vary."""

from collections.abc import Sequence
from math import sqrt

from xlt_flax.analysis.effect_tables import effects_table
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import points
from xlt_flax.analysis.table import Row, Section, Table

ORDER = 50
EACH_TARGET = True


def tables(findings: Findings) -> list[Table]:
    """None for a study without contrasts."""
    found, study = findings.every.effects, findings.study
    section = Section("effects", study.effects_title)
    return [
        *effects_table(found, study, "effects", section, study.effects_title),
        *_components(found, section),
    ]


def _components(found: Sequence[Effect], section: Section) -> list[Table]:
    """How much blocks, documents and the rest make one block's contrast vary; none without."""
    known = [
        (effect, effect.measured.estimate)
        for effect in found
        if effect.measured.estimate and effect.measured.estimate.components
    ]
    if not known:
        return []
    columns = ("Effect", "Stage", "Blocks", "Documents", "Rest", "One block", "Mean of all")
    rows = []
    for effect, estimate in known:
        total = sqrt(sum(part * part for part in estimate.parts))
        shown = (*estimate.parts, total, sqrt(estimate.variance))
        rows.append(Row((effect.label, effect.stage, *(points(v).lstrip("+") for v in shown))))
    notes = (
        "Standard deviations in percentage points. Blocks: between draws, or between seeds, on "
        "endless documents. Documents: these test documents, whatever the block; more blocks do "
        "not lower it. Rest: one block on these documents. Mean of all: the standard error.",
    )
    return [Table("components", section, "Components of variance", columns, tuple(rows), notes)]
