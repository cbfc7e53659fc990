"""What the study says first: for each target, which mixture is best, and how sure that is."""

from collections.abc import Sequence
from dataclasses import replace

from xlt_flax.analysis.cells import Cell
from xlt_flax.analysis.comparisons import Comparison
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import listed, points, share, share_interval
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.sentences import equals
from xlt_flax.analysis.statistics import LEVEL, Interval
from xlt_flax.analysis.study_report import Answer
from xlt_flax.analysis.yardsticks import Yardstick
from xlt_flax.studies.own_text.roles import Roles

NEGLIGIBLE = 0.01  # a share: a mixture that is better by less is not worth its documents


def ranked(findings: Findings, roles: Roles) -> list[Cell]:
    """The cells of mixtures without the target's labels that have a result, the best first."""
    cells = (findings.every.cells[name] for name in roles.sources)
    return sorted((cell for cell in cells if cell.mean is not None), key=lambda c: -(c.mean or 0))


def of_target(findings: Findings, roles: Roles, yardsticks: Sequence[Yardstick]) -> list[Answer]:
    """One sentence on the best mixture, and one on a little of the target; none without results.

    Args:
      findings: on the target.
      roles: of the runs on it.
      yardsticks: to say beside it.
    """
    cells = ranked(findings, roles)
    if not cells:
        return []
    best, *others = cells
    level = [cell.name for cell in cells if cell.mean == best.mean]
    verb = "is best" if others else "is the only mixture"
    verb = f"is level with {listed(level[1:])}" if len(level) > 1 else verb
    said = f"{best.name} {verb}: {_accuracy(best)}"
    if others and len(level) == 1:
        said += f"; {_against(best, others[0], findings)}"
    beside = _beside(best, findings, roles, yardsticks)
    waiting = len(roles.sources) - len(cells)
    beside += [f"{waiting} of {len(roles.sources)} mixtures have no result yet"] if waiting else []
    question = f"For {language_name(roles.target)}"
    return [Answer(question, ". ".join([said, *beside]) + "."), *_curve(best, findings, roles)]


def _accuracy(cell: Cell) -> str:
    """.8120 (95% interval .7900 – .8300, 3 seeds)"""
    if cell.interval is None:
        return share(cell.mean)
    return f"{share(cell.mean)} (95% interval {share_interval(cell.interval)}, {cell.basis})"


def _against(best: Cell, other: Cell, findings: Findings) -> str:
    found = comparison_of(findings.compared["pairs"], best.name, other.name)
    alone = "" if "+" in other.name else " alone"
    question = f"better than {other.name}{alone}"
    if found is None:
        return f"{question}: cannot tell, the two have no run in common"
    low, high = (points(end) for end in found.interval)
    p = "" if found.holm is None else f", p {equals(found.holm)}"
    fixed = f", {found.holds_fixed} held fixed" if found.holds_fixed else ""
    difference = f"{points(found.difference)} points [{low}, {high}]"
    return f"{question}: {verdict(found)} ({difference}{p}{fixed})"


def comparison_of(found: Sequence[Comparison], first: str, second: str) -> Comparison | None:
    """The comparison of two names, first less second; None where it is not there."""
    for each in found:
        if (each.first, each.second) == (first, second):
            return each
        if (each.first, each.second) == (second, first):
            low, high = each.interval
            turned = Interval(-high, -low)
            return replace(
                each, first=first, second=second, difference=-each.difference, interval=turned
            )
    return None


def verdict(comparison: Comparison) -> str:
    """Whether the first is better than the second."""
    if comparison.holm is None:
        return "cannot tell from one seed"
    if comparison.holm < LEVEL and comparison.difference > 0:
        return "yes"
    if comparison.interval.high < NEGLIGIBLE:
        return f"no, not by {100 * NEGLIGIBLE:g} point"
    return "cannot tell"


def _beside(
    best: Cell, findings: Findings, roles: Roles, yardsticks: Sequence[Yardstick]
) -> list[str]:
    """What the best mixture's accuracy is to be held against."""
    held = [] if best.majority is None else [f"the majority class gets {share(best.majority)}"]
    for each in yardsticks:
        if (got := each.of(roles.target, best.name)) is not None:
            held.append(f"{each.title} on the same documents {share(got)}")
    ceiling = findings.every.cells.get(roles.ceiling or "")
    if ceiling and ceiling.mean is not None:
        name = language_name(roles.target)
        held.append(f"the model trained on {name} itself {share(ceiling.mean)}")
    text = ", ".join(held)
    return [text[0].upper() + text[1:]] if text else []


def _curve(best: Cell, findings: Findings, roles: Roles) -> list[Answer]:
    """What the most documents of the target add to the best mixture."""
    stages = [stage for stage in roles.stages if stage.source == best.name]
    cells = findings.every.cells
    known = [(stage, cells[stage.name]) for stage in stages if cells[stage.name].mean is not None]
    if not known:
        return []
    stage, cell = known[-1]
    said = f"{best.name} gets {share(cell.mean)} after {stage.word}, {share(best.mean)} without"
    gain = comparison_of(findings.compared["gains"], stage.name, best.name)
    if gain is not None:
        low, high = (points(end) for end in gain.interval)
        p = "" if gain.holm is None else f", p {equals(gain.holm)}"
        said += f": {points(gain.difference)} points [{low}, {high}]{p}"
    return [Answer(f"A little of {language_name(roles.target)}", f"{said}.")]
