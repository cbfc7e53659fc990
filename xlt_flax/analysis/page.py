"""The report as one page: no scripts, nothing fetched, light and dark, wide and narrow."""

from html import escape

from xlt_flax.analysis import drawing, page_style, summary, tables
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.plain_matplotlib import Figure
from xlt_flax.analysis.table import MEAN, UNFINISHED, Row, Table

_SECTIONS = (  # tables' `section`, its heading, and whether its tables start folded
    ("tables", "The thesis's tables", False),
    ("deviations", "How these runs and the thesis differ", False),
    ("compare", "Comparisons asked for", False),
    ("effects", "What diversity is worth", False),
    ("pairs", "Any two mixtures", False),
    ("reread", "The thesis read again", False),
    ("languages", "By language", True),
    ("curves", "Learning curves", False),
    ("overlap", "Overlap of training and test documents", True),
    ("seeds", "Each seed", True),
)

_SENTENCE = 60  # characters: no number of the report is as long

_CAPTIONS = {
    "figure_4_1": (
        "Figure 4.1. Mean accuracy on {target} by number of source languages. Bars start at "
        "chance (.5); 95% intervals are over blocks and documents. Pale bars are unfinished."
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
    "Runs share a cell if they were made alike: every field of their configs and of their source "
    "runs' but seed, draw and mixture, and the digests of weights, tokenizer and documents. The "
    "thesis's tables have the setting of most runs; others are named by the fields that differ. "
    "Runs that failed, or whose model puts out no numbers, are in no mean.",
    "Intervals are 95%. Two things vary and cross: blocks of runs (draws of the training "
    "documents, their seeds averaged; with one draw, seeds) and test documents, which judge all "
    "runs alike. A mean's variance is (MS_R + MS_J − MS_RJ) / (R N), from the mean squares of "
    "blocks, documents and their interaction, with Satterthwaite's degrees of freedom. With one "
    "seed only documents vary: the interval holds seed and draw fixed, and says so.",
    "What diversity is worth is one contrast a block, not three mixtures against three: both sides "
    "of 1:1:1 − 3:0 train on the same groups, so that languages and draws cancel. With a "
    "language's share held fixed, 1:1:1 is held against the 2:1 mixtures in which that language "
    "has a third. Sign-flip tests choose the signs of the blocks' contrasts in every possible way, "
    "on these test documents; nothing is sampled. Tests that could never reject are left out of "
    "the correction (Tarone 1990; Holm 1979).",
    "The thesis has one seed, so its numbers are held against where one more seed of these runs "
    "would fall. Its groups were other draws of documents, which adds to the difference.",
)

_FEW = 6  # runs that a box names at once


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
        f"<title>{_title(findings)}</title>\n<style>{page_style.css()}</style>\n</head>\n<body>\n"
        f"{_header(findings, present)}\n<main>\n{body}\n</main>\n"
        "<footer>Written by <code>python -m xlt_flax.report</code>. The same numbers for programs: "
        "results.csv and results.json, beside this file.</footer>\n</body>\n</html>\n"
    )


def _title(findings: Findings) -> str:
    return f"{summary.title(findings)} · {escape(findings.sweep.path.resolve().name)}"


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
    """A box that stands out, with the runs concerned in it: folded, where they are many."""
    if which:
        opened = " open" if len(which) <= _FEW else ""
        runs = "".join(f"<li>{escape(name)}: {escape(said)}</li>" for name, said in which)
        html += f"<details{opened}><summary>Which</summary><ul>{runs}</ul></details>"
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
    cells = "".join(f"<td{_kind_of(cell)}>{escape(cell)}</td>" for cell in rest)
    kind = f' class="{row.kind}"' if row.kind in (MEAN, UNFINISHED) else ""
    return f'<tr{kind}><th scope="row">{escape(first)}</th>{cells}</tr>'


def _kind_of(cell: str) -> str:
    """A difference that is real, a sentence, or (no class) a number."""
    if cell.endswith("*"):
        return ' class="real"'
    return ' class="sentence"' if len(cell) > _SENTENCE else ""


def _methods() -> str:
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in _METHODS)
    return (
        '<section aria-labelledby="methods"><h2 id="methods">How it is computed</h2>'
        f'<div class="card">{text}</div></section>'
    )
