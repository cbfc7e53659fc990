"""What the study says first: the micro-F1, what more articles are worth, what is confused."""

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import count, points, share, share_interval
from xlt_flax.analysis.study_report import Answer
from xlt_flax.studies.shinra.confusions import confusions_of
from xlt_flax.studies.shinra.curve import Point, curve_of
from xlt_flax.studies.shinra.hierarchy import hierarchy_of
from xlt_flax.studies.shinra.reported import FIGURES, are_of_real_pages

_TOLD = 3  # pairs of classes in a sentence
_OTHER_PAGES = "Reported elsewhere, on other pages"
_MADE = "These are made articles; reported of real ones, and no yardstick for these"


def answers(findings: Findings) -> list[Answer]:
    """None while no run is finished."""
    known = [point for point in curve_of(findings) if point.cell.mean is not None]
    if not known:
        return []
    return [
        _micro_f1(known[-1], are_of_real_pages(findings.results)),
        *_more_articles(known),
        *_confused(findings),
    ]


def _micro_f1(point: Point, real: bool) -> Answer:
    cell = point.cell
    over = f" (95% interval {share_interval(cell.interval)}, {cell.basis})" if cell.interval else ""
    figures = ", ".join(f"{share(each.micro_f1)} {each.whose}" for each in FIGURES)
    return Answer(
        "Micro-F1",
        f"{share(cell.mean)}{over} with {count(point.articles)} articles, on "
        f"{count(cell.documents)} pages; the most frequent class alone gets "
        f"{share(point.majority)}. {_OTHER_PAGES if real else _MADE}: {figures}.",
    )


def _more_articles(known: list[Point]) -> list[Answer]:
    """What the last step of the curve is worth; none with one point."""
    if len(known) < 2:
        return []
    before, last = known[-2:]
    said = (
        f"{share(before.cell.mean)} with {count(before.articles)} articles, "
        f"{share(last.cell.mean)} with {count(last.articles)}"
    )
    if last.gain and last.gain.estimate:
        low, high = map(points, last.gain.taken.interval)
        said += f": {points(last.gain.taken.mean)} points [{low}, {high}]"
    return [Answer("More articles", f"{said}.")]


def _confused(findings: Findings) -> list[Answer]:
    found, names = confusions_of(findings)[:_TOLD], hierarchy_of(findings.results)
    said = [
        f"{names.words(each.true)} taken for {names.words(each.said)} "
        f"({each.pages:g} of {each.of:g} pages)"
        for each in found
    ]
    return [Answer("Confused most", f"{'; '.join(said)}.")] if said else []
