"""The report as one page: no scripts, nothing fetched, light and dark, wide and narrow."""

from html import escape

from matplotlib.figure import Figure

from xlt_flax.analysis import drawing, summary, tables
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.table import MEAN, UNFINISHED, Row, Table

_SECTIONS = (  # tables' `section`, its heading, and whether its tables start folded
    ("tables", "The thesis's tables", False),
    ("deviations", "How these runs and the thesis differ", False),
    ("compare", "Comparisons asked for", False),
    ("effects", "What diversity is worth", False),
    ("pairs", "Any two mixtures", False),
    ("languages", "By language", True),
    ("curves", "Learning curves", False),
    ("overlap", "Overlap of training and test documents", True),
    ("seeds", "Each seed", True),
)

_CAPTIONS = {
    "figure_4_1": (
        "Figure 4.1. Mean accuracy on {target} by number of source languages. Bars start at "
        "chance (.5); intervals resample mixtures, seeds and documents. Pale bars are unfinished."
    ),
    "figure_tables": (
        "Every mixture's mean over seeds with its 95% interval, one panel for each table, and the "
        "thesis's number."
    ),
    "learning_curves": (
        "Loss and accuracy by epoch, one line for each run and seed. Dots mark the epoch whose "
        "checkpoint is the model, as the run recorded it."
    ),
}

_METHODS = (
    "Accuracy is the share of test documents whose label is predicted. A cell is the mean over "
    "seeds ± their standard deviation; a mean row is the mean of its mixtures' means.",
    "Intervals are 95% percentile bootstraps. Documents are resampled jointly: every run is judged "
    "on the same draw, as all are judged on the same test set. Seeds are resampled within a "
    "mixture and mixtures within a group, n − 1 of n, which keeps so few from looking surer than "
    "they are (Rao and Wu 1988). Documents cross seeds and mixtures, for which no bootstrap is "
    "exact; this one errs on the wide side (Owen 2007; Owen and Eckles 2012).",
    "Permutation tests deal the group labels to the mixtures in every possible way; nothing is "
    "sampled. Two mixtures are compared with McNemar's exact test; with several seeds, a "
    "document's number of right seeds is compared, still exactly. Holm's correction counts every "
    "test of its table, those still waiting for runs too.",
    "The thesis has one seed, so its numbers are held against where one more seed of these runs "
    "would fall. Its groups were other draws of documents, which adds to the difference.",
)

_STYLE = """
:root { color-scheme: light dark; --natural: 100%;
  --font: system-ui, -apple-system, "Segoe UI", Roboto,
  "Noto Sans", "DejaVu Sans", sans-serif; --page: #f5f7f9; --tint: #eef2f6; --warn: #8a5300;
  --warn-ground: #fff4dc; LIGHT }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --tint: #1e2530; --warn: #f2c265;
  --warn-ground: #2c2413; DARK } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 var(--font); }
main, header, footer { max-width: 75rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; padding-bottom: 1.5rem; }
h1 { font-size: clamp(1.6rem, 4vw, 2.3rem); line-height: 1.15; margin: 0 0 .75rem;
  letter-spacing: -.015em; }
h2 { font-size: 1.35rem; margin: 3rem 0 1rem; letter-spacing: -.01em; scroll-margin-top: 1rem; }
a { color: var(--two); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--two);
  outline-offset: 2px; }
.setting { display: flex; flex-wrap: wrap; gap: .4rem 1.75rem; margin: 0 0 1.25rem; padding: 0; }
.setting div { display: flex; gap: .45rem; }
.setting dt { color: var(--muted); }
.setting dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 1rem 0 0;
  padding: .7rem 0; border-block: 1px solid var(--grid); font-size: .92rem; }
.card { background: var(--surface); border: 1px solid var(--grid); border-radius: 10px;
  padding: 1.1rem 1.25rem; min-width: 0; }
.warn { background: var(--warn-ground); border: 1px solid var(--warn); border-radius: 10px;
  padding: .8rem 1.1rem; margin: 0 0 1rem; }
.warn strong { color: var(--warn); }
.warn p { margin: 0; } .warn details { margin-top: .4rem; }
.lead { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.15fr); gap: 1.25rem;
  align-items: start; }
.answers { margin: 0; padding: 0; list-style: none; }
.answers li { padding: .7rem 0; border-bottom: 1px solid var(--grid); }
.answers li:first-child { padding-top: 0; } .answers li:last-child { border: 0; padding-bottom: 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 31rem), 1fr));
  gap: 1.25rem; align-items: start; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
figure { margin: 0; }
.figure { margin-bottom: 1.25rem; }
figcaption { color: var(--muted); font-size: .9rem; margin-top: .6rem; }
figure svg { display: block; width: 100%; height: auto; max-width: var(--natural); }
.scroll { overflow-x: auto; }
.big svg { min-width: min(52rem, var(--natural)); }
table { border-collapse: collapse; width: 100%; font-size: .875rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 650; font-size: 1rem; padding-bottom: .55rem; }
th, td { padding: .32rem .5rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; padding-left: .2rem; }
thead th { color: var(--muted); font-weight: 500; vertical-align: bottom; white-space: normal; }
tbody th { font-weight: 500; white-space: normal; min-width: 5rem; position: sticky; left: 0;
  background: var(--surface); }
tr.mean > * { font-weight: 700; background: var(--tint); }
tr.unfinished > * { color: var(--warn); font-style: italic; }
tbody tr:last-child > * { border-bottom: 0; }
.words td, .words thead th { text-align: left; white-space: normal; vertical-align: top; }
td.real { font-weight: 700; background: var(--tint); }
.notes { margin: .75rem 0 0; padding-left: 1.1rem; color: var(--muted); font-size: .85rem; }
details > summary { cursor: pointer; font-weight: 600; }
details[open] > summary { margin-bottom: .75rem; }
.stack > * + * { margin-top: 1.25rem; }
footer { color: var(--muted); font-size: .85rem; padding-block: 2.5rem; }
@media (max-width: 60rem) { .lead { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 40rem) { .card { padding: .9rem; } body { font-size: 15px; }
  .lead svg { min-width: 0; } }
@media print { body { background: none; } .card { break-inside: avoid; } nav { display: none; } }
"""


def render(findings: Findings, drawn: dict[str, Figure]) -> str:
    """The whole page.

    Args:
      findings: what to show.
      drawn: `figures.all_figures`' answer.
    """
    shown = tables.all_tables(findings)
    sections = [_section(*section, shown, drawn, findings) for section in _SECTIONS]
    present = [
        (key, title) for (key, title, _), html in zip(_SECTIONS, sections, strict=True) if html
    ]
    body = "\n".join([_lead(findings, drawn), *filter(None, sections), _methods()])
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_title(findings)}</title>\n<style>{_style()}</style>\n</head>\n<body>\n"
        f"{_header(findings, present)}\n<main>\n{body}\n</main>\n"
        "<footer>Written by <code>python -m xlt_flax.report</code>. The same numbers for programs: "
        "results.csv and results.json, beside this file.</footer>\n</body>\n</html>\n"
    )


def _title(findings: Findings) -> str:
    return f"{summary.title(findings)} · {escape(findings.sweep.path.resolve().name)}"


def _style() -> str:
    light, dark = (
        " ".join(f"--{name}: {pair[index]};" for name, pair in drawing.PALETTE.items())
        for index in (0, 1)
    )
    return _STYLE.replace("LIGHT", light).replace("DARK", dark)


def _header(findings: Findings, present: list[tuple[str, str]]) -> str:
    setting = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in summary.setting(findings)
    )
    links = "".join(
        f'<li><a href="#{key}">{escape(title)}</a></li>'
        for key, title in [*present, ("methods", "How it is computed")]
    )
    target = escape(language_name(findings.sweep.target_language))
    return (
        "<header>\n<h1>Does a more diverse mixture of source languages transfer better to "
        f'{target}?</h1>\n<dl class="setting">{setting}</dl>\n{_state(findings)}'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n</header>'
    )


def _state(findings: Findings) -> str:
    html = f"<p>{escape(summary.state(findings))}</p>\n"
    if summary.half_finished(findings):
        head, _, rest = summary.state(findings).partition(":")
        html = _warning(
            f"<p><strong>{escape(head)}.</strong>{escape(rest)} "
            "Means are over what is finished, and say so.</p>",
            summary.unfinished_runs(findings),
        )
    odd = summary.problems(findings)
    if odd:
        html += _warning(
            "<p><strong>Finished, with a problem.</strong> These numbers are in the tables, and "
            "say little of their mixtures.</p>",
            odd,
        )
    reasons = summary.not_the_thesis(findings)
    if reasons:
        html += _warning(
            "<p><strong>Not the thesis's experiment:</strong> "
            f"{escape('; '.join(reasons))}. Its numbers are shown for their place only.</p>"
        )
    return html


def _warning(html: str, which: list[tuple[str, str]] | None = None) -> str:
    """A box that stands out, with the runs concerned folded in it."""
    if which:
        runs = "".join(f"<li>{escape(name)}: {escape(said)}</li>" for name, said in which)
        html += f"<details><summary>Which</summary><ul>{runs}</ul></details>"
    return f'<div class="warn" role="status">{html}</div>\n'


def _lead(findings: Findings, drawn: dict[str, Figure]) -> str:
    said = summary.answers(findings)
    answers = "".join(f"<li>{_answer(text)}</li>" for text in said)
    left = f'<div class="card"><ul class="answers">{answers}</ul></div>' if said else ""
    right = _figure("figure_4_1", drawn, findings)
    if not left or not right:
        return left + right
    return f'<div class="lead">{left}{right}</div>'


def _answer(text: str) -> str:
    """The question in bold, where the sentence has one before its colon and space."""
    head, colon, rest = text.partition(": ")
    return f"<strong>{escape(head)}:</strong> {escape(rest)}" if colon else escape(text)


def _section(
    key: str,
    title: str,
    folded: bool,
    shown: list[Table],
    drawn: dict[str, Figure],
    findings: Findings,
) -> str:
    parts = [_card(table, folded) for table in shown if table.section == key]
    if key == "tables":
        parts = [_figure("figure_tables", drawn, findings, big=True), *_thesis_cards(shown)]
    if key == "curves":
        parts = [_figure("learning_curves", drawn, findings, big=True)]
    parts = [part for part in parts if part]
    if not parts:
        return ""
    heading = f'<h2 id="{key}">{escape(title)}</h2>'
    return (
        f'<section aria-labelledby="{key}">{heading}<div class="stack">{"".join(parts)}</div>'
        + ("</section>")
    )


def _thesis_cards(shown: list[Table]) -> list[str]:
    """The thesis's tables in two columns, as in the figure, and the wide ones below."""
    mine = [table for table in shown if table.section == "tables"]
    columns = (("4.1", "4.2", "4.3"), ("5.1", "E2D1F3", "J1"))
    halves = [
        "".join(_card(table, False) for key in keys for table in mine if table.key == key)
        for keys in columns
    ]
    halves = "".join(f'<div class="stack">{half}</div>' for half in halves if half)
    rest = [table for table in mine if not any(table.key in keys for keys in columns)]
    return [f'<div class="grid">{halves}</div>' if halves else "", *(_card(t, False) for t in rest)]


def _figure(name: str, drawn: dict[str, Figure], findings: Findings, big: bool = False) -> str:
    if name not in drawn:
        return ""
    svg = drawing.svg_for_page(drawn[name], prefix=name)
    target = language_name(findings.sweep.target_language)
    caption = escape(_CAPTIONS[name].format(target=target))
    picture = f'<div role="img" aria-label="{caption}">{svg}</div>'
    if big:
        picture = (
            f'<div class="scroll big" tabindex="0" role="group" aria-label="figure, scrolls">'
            f"{picture}</div>"
        )
    return f'<figure class="card figure">{picture}<figcaption>{caption}</figcaption></figure>'


def _card(table: Table, folded: bool) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    rows = "".join(_row(row, len(table.columns)) for row in table.rows)
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    notes = f'<ul class="notes">{notes}</ul>' if notes else ""
    told = any(table.title == title for _, title, _ in _SECTIONS)  # the heading says it already
    caption = f"<caption{' class=hidden' if told else ''}>{escape(table.title)}</caption>"
    opening = "<table class=words>" if table.words else "<table>"
    html = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}">'
        f"{opening}{'' if folded else caption}<thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{notes}"
    )
    if folded:
        html = f"<details><summary>{escape(table.title)}</summary>{html}</details>"
    return f'<div class="card" id="table-{escape(table.key)}">{html}</div>'


def _row(row: Row, columns: int) -> str:
    first, *rest = row.cells + ("",) * (columns - len(row.cells))
    cells = "".join(
        f'<td class="real">{escape(cell)}</td>'
        if cell.endswith("*")
        else f"<td>{escape(cell)}</td>"
        for cell in rest
    )
    kind = f' class="{row.kind}"' if row.kind in (MEAN, UNFINISHED) else ""
    return f'<tr{kind}><th scope="row">{escape(first)}</th>{cells}</tr>'


def _methods() -> str:
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in _METHODS)
    return (
        '<section aria-labelledby="methods"><h2 id="methods">How it is computed</h2>'
        f'<div class="card">{text}</div></section>'
    )
