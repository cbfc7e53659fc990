"""The report as one page: no scripts, nothing fetched, light and dark, wide and narrow.

What it says is in templates/: `page.html` composes it, `parts.html` has its boxes, tables and
figures, `style.css` how it looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from xlt_flax.analysis import drawing, summary
from xlt_flax.analysis.figures import Drawn
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.table import Section, Table
from xlt_flax.analysis.tables import Placed

_METHODS = (
    "Accuracy is the share of test documents whose label is predicted. A cell is the mean over "
    "seeds ± their standard deviation; a mean row is the mean of its mixtures' means.",
    "Runs share a cell if they were made alike: every field of their configs and of their source "
    "runs' but seed, draw and mixture, and the digests of weights, tokenizer and documents. The "
    "tables have the setting of most runs; others are named by the fields that differ. Runs that "
    "failed, or whose model puts out no numbers, are in no mean.",
    "Intervals are 95%. Two things vary and cross: blocks of runs (draws of the training "
    "documents, their seeds averaged; with one draw, seeds) and test documents, which judge all "
    "runs alike. A mean's variance is (MS_R + MS_J − MS_RJ) / (R N), from the mean squares of "
    "blocks, documents and their interaction, with Satterthwaite's degrees of freedom. With one "
    "seed only documents vary: the interval holds seed and draw fixed, and says so. An accuracy's "
    "interval ends at 0 and 1.",
    "Sign-flip tests choose the signs of the blocks' contrasts in every possible way, on these "
    "test documents; nothing is sampled. Tests that could never reject are left out of the "
    "correction (Tarone 1990; Holm 1979).",
)


@dataclass(frozen=True)
class _Picture:
    """A figure as it stands in the page."""

    caption: str
    svg: Markup


@dataclass(frozen=True)
class _Part:
    """A section of the page: its figures, then tables beside each other, then wide ones."""

    key: str
    title: str
    figures: list[_Picture]
    columns: list[list[Table]]
    tables: list[Table]


def render(findings: Findings, shown: Sequence[Placed], drawn: Sequence[Drawn]) -> str:
    """The whole page.

    Args:
      findings: what to show.
      shown: `tables.placed_tables`' answer.
      drawn: `figures.all_figures`' answer.
    """
    sections = _sections(shown, drawn)
    unfinished = summary.half_finished(findings)
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=f"{summary.title(findings)} · {findings.results.path.resolve().name}",
            heading=findings.study.heading(findings.results),
            study=findings.study,
            setting=summary.setting(findings),
            state=summary.state(findings),
            unfinished=summary.unfinished_runs(findings) if unfinished else [],
            problems=summary.problems(findings),
            departures=findings.study.departures(findings),
            answers=summary.answers(findings),
            leading=[_picture(each) for each in drawn if each.section is None],
            sections=sections,
            titles=[section.title for section in sections],
            methods=[*_METHODS, *findings.study.methods],
        )
    )


def _environment() -> Environment:
    """Everything that is put into a template is escaped, but what is Markup."""
    environment = Environment(
        loader=PackageLoader("xlt_flax.analysis"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["variables"] = _variables
    return environment


def _variables(index: int) -> Markup:
    """CSS variables of the figures' colours: 0 for light, 1 for dark."""
    return Markup(" ".join(f"--{name}: {both[index]};" for name, both in drawing.PALETTE.items()))


def _picture(drawn: Drawn) -> _Picture:
    return _Picture(drawn.caption, Markup(drawing.svg_for_page(drawn.figure, prefix=drawn.name)))


def _sections(shown: Sequence[Placed], drawn: Sequence[Drawn]) -> list[_Part]:
    """The page's sections, in the order of the first table or figure that stands in each."""
    placed = [(each.order, each.table.section) for each in shown]
    placed += [(each.order, each.section) for each in drawn if each.section is not None]
    first: dict[str, Section] = {}
    for _, section in sorted(placed, key=lambda both: both[0]):
        first.setdefault(section.key, section)
    tables = [each.table for each in shown]
    return [
        _Part(
            key=key,
            title=section.title,
            figures=[_picture(each) for each in drawn if each.section and each.section.key == key],
            columns=_columns([table for table in tables if table.section.key == key]),
            tables=[t for t in tables if t.section.key == key and t.column is None],
        )
        for key, section in first.items()
    ]


def _columns(tables: Sequence[Table]) -> list[list[Table]]:
    """The tables that stand beside each other, column by column."""
    numbers = sorted({table.column for table in tables if table.column is not None})
    return [[table for table in tables if table.column == number] for number in numbers]
