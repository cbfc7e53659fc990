"""Writes a report's files: tables, figures, the page, and the same for programs."""

from pathlib import Path

from xlt_flax import files
from xlt_flax.analysis import drawing, page, records, summary
from xlt_flax.analysis.figures import all_figures
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.table import Table, markdown
from xlt_flax.analysis.tables import compare, placed_tables

PAGE, TABLES = "index.html", "tables.md"


def write(findings: Findings, folder: Path) -> str:
    """Writes the report's files, each whole or not at all; returns what tables.md has."""
    shown, drawn = placed_tables(findings), all_figures(findings)
    text = as_markdown(findings, [placed.table for placed in shown])
    files.write_text(folder / TABLES, text)
    files.write_text(folder / "results.csv", records.results_csv(findings))
    files.write_json(folder / "results.json", records.results_json(findings))
    for each in drawn:
        files.write_bytes(folder / f"{each.name}.png", drawing.png(each.figure))
        files.write_text(folder / f"{each.name}.svg", drawing.svg(each.figure))
    files.write_text(folder / PAGE, page.render(findings, shown, drawn))
    return text


def in_short(findings: Findings) -> str:
    """How far the runs are, what is wrong, what they say, and comparisons that were asked for."""
    lines = [f"{summary.title(findings)}. {summary.state(findings).text}"]
    lines += [*_remarks(findings), *_answers(findings)]
    compared = [p.table for p in placed_tables(findings) if p.table.section == compare.SECTION]
    return "\n".join([*lines, *(f"\n{markdown(table)}" for table in compared)])


def _answers(findings: Findings) -> list[str]:
    return [f"- {answer.text}" for answer in summary.answers(findings)]


def _remarks(findings: Findings) -> list[str]:
    """What must be known beside the numbers."""
    lines = []
    if reasons := findings.study.departures(findings):
        lines.append(f"- not the {findings.study.name}'s experiment: {'; '.join(reasons)}")
    lines += [f"- {line}" for line in summary.unfinished_in_short(findings)]
    return lines + [f"- {line}" for line in summary.problems_in_short(findings)]


def as_markdown(findings: Findings, shown: list[Table]) -> str:
    """The summary, then all tables."""
    lines = [f"# {summary.title(findings)}", "", summary.state(findings).text, ""]
    lines += [f"- {name}: {value}" for name, value in summary.setting(findings)]
    lines += [*_remarks(findings), "", "## In short", "", *_answers(findings)]
    lines += ["", "## Tables", ""]
    return "\n".join(lines + [markdown(table) for table in shown])
