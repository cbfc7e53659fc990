"""A little of a target: accuracy by documents of the target that are trained on after a mixture."""

from xlt_flax.analysis.comparison_tables import comparison_table
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.formats import NOTHING, count, share_interval, with_sd
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.table import PLAIN, UNFINISHED, Row, Section, Table
from xlt_flax.studies.own_text.roles import Roles, roles_of

ORDER = 15
EACH_TARGET = True
SECTION = Section("curve", "A little of the target")


def tables(findings: Findings) -> list[Table]:
    """None without stages."""
    roles = roles_of(findings.results)
    if not roles.stages:
        return []
    words = list(dict.fromkeys(stage.word for stage in roles.stages))
    name = language_name(roles.target)
    columns = ["Trained on, then", f"{roles.target}:0"]
    columns += [column for word in words for column in (word, "95% interval")]
    rows = tuple(_row(source, words, findings, roles) for source in _sources(roles))
    title = f"Accuracy on {name} by documents of it"
    notes = (
        "Each stage goes on from the mixture's run of the same draw and seed.",
        *_spent(roles),
    )
    table = Table("curve", SECTION, title, tuple(columns), rows, notes)
    gains = findings.compared["gains"]
    told = (f"p (Holm): corrected over the {len(gains)} stages of this target.",)
    return [table, *comparison_table(gains, "gains", SECTION, "Gain over the mixture alone", told)]


def _sources(roles: Roles) -> list[str]:
    return list(dict.fromkeys(stage.source for stage in roles.stages))


def _row(source: str, words: list[str], findings: Findings, roles: Roles) -> Row:
    cells, known = findings.every.cells, {(s.source, s.word): s.name for s in roles.stages}
    shown, complete = [source], True
    first = cells.get(source)
    shown.append(with_sd(first.mean, first.sd) if first else NOTHING)
    for word in words:
        cell = cells.get(known.get((source, word), ""))
        complete = complete and cell is not None and cell.complete
        shown += (
            [with_sd(cell.mean, cell.sd), share_interval(cell.interval)] if cell else [NOTHING] * 2
        )
    return Row(tuple(shown), PLAIN if complete else UNFINISHED)


def _spent(roles: Roles) -> list[str]:
    """What stages cost whose names do not say it."""
    found = {s.word: s.documents for s in roles.stages if not s.word.endswith(f":{s.documents}")}
    return [f"{word}: {count(spent)} documents." for word, spent in found.items() if spent]
