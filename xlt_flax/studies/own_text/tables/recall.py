"""Accuracy within each class, mixture beside mixture."""

from collections.abc import Sequence

import numpy as np

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import share, span
from xlt_flax.analysis.results import finished_of
from xlt_flax.analysis.table import Row, Section, Table
from xlt_flax.studies.own_text.roles import roles_of

ORDER = 18
EACH_TARGET = True

_MOST = 30  # classes that are shown

Scores = Sequence[dict[str, dict[str, float]]]  # of each run, as eval has them


def tables(findings: Findings) -> list[Table]:
    """None while no run is finished."""
    roles = roles_of(findings.results)
    names = [*roles.sources, *roles.labelled, *([roles.ceiling] if roles.ceiling else [])]
    scores = {name: _scores(findings, name) for name in names}
    scores = {name: found for name, found in scores.items() if found}
    if not scores:
        return []
    supports = _supports([each for found in scores.values() for each in found])
    classes = sorted(supports, key=lambda name: -max(supports[name]))
    rows = tuple(
        Row((each, *(_recall(found, each) for found in scores.values()), span(supports[each])))
        for each in classes[:_MOST]
    )
    left_out = len(classes) - _MOST
    notes = ["Of the documents of a class, the share that is given it; means over seeds and draws."]
    notes += [f"The {_MOST} classes of most documents; {left_out} more."] if left_out > 0 else []
    section = Section("within", "Accuracy within each class")
    columns = ("Class", *scores, "Documents")
    return [Table("within", section, section.title, columns, rows, tuple(notes))]


def _scores(findings: Findings, name: str) -> Scores:
    runs = finished_of(findings.results.of(name))
    return [run.result.per_class for run in runs if run.result.per_class]


def _supports(scores: Scores) -> dict[str, list[int]]:
    """Documents of each class, in every run."""
    found: dict[str, list[int]] = {}
    for each in scores:
        for name, numbers in each.items():
            found.setdefault(name, []).append(int(numbers.get("support") or 0))
    return found


def _recall(scores: Scores, name: str) -> str:
    known = [each[name].get("recall") for each in scores if name in each]
    values = [value for value in known if value is not None]
    return share(float(np.mean(values)) if values else None)
