"""Writes the report of a sweep: tables, statistics, figures and a page.

    python -m xlt_flax.report --workdir=DIR [--compare=A,B] [--config.model.name=PLACE]
    python -m xlt_flax.report --plan --sd=2 --effect=1

DIR is a sweep's folder, a folder of runs, or one run. DIR/report/ gets tables.md, results.csv,
results.json, index.html, and figure_4_1, figure_tables and learning_curves as PNG and SVG. What
is not finished is marked. A and B are mixtures (E1D1F1, E1D1F1+J1) or one run of each
(E1D1F1-seed50). PLACE is where a model or data lies that was moved since. --plan says how many
draws and seeds a study of 1:1:1 against 3:0 needs; with --workdir it takes a pilot's components of
variance.
"""

import difflib
from pathlib import Path

from absl import flags

from xlt_flax import cli, files
from xlt_flax.analysis import drawing, figures, page, power, records, summary, tables
from xlt_flax.analysis.comparisons import compare
from xlt_flax.analysis.contrasts import DIVERSITY
from xlt_flax.analysis.effects import all_effects
from xlt_flax.analysis.findings import Findings, find
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.read_runs import read_sweep
from xlt_flax.analysis.results import Run, Sweep, finished_of
from xlt_flax.analysis.table import markdown
from xlt_flax.errors import UserError
from xlt_flax.stored_config import PLACES

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a sweep, of runs, or of one run.")
_COMPARE = flags.DEFINE_multi_string(
    "compare", [], "Two mixtures to compare, such as --compare=E1D1F1,E1E2E3; may be repeated."
)
_GIVEN = cli.define_field_flags(PLACES)
_PLAN = flags.DEFINE_bool("plan", False, "Say how many draws and seeds a study needs.")
_SD = flags.DEFINE_float(
    "sd", None, "--plan: standard deviation of a run over draws and seeds, in points."
)
_EFFECT = flags.DEFINE_float("effect", 1.0, "--plan: the difference that is to be seen, in points.")
_DOCUMENTS = flags.DEFINE_integer("documents", None, "--plan: test documents (2,000).")


def main(argv: list[str]) -> None:
    del argv
    if _PLAN.value:
        print(_plan())
        return
    if _WORKDIR.value is None:
        raise UserError("--workdir: give the folder of a sweep or of a run")
    folder = Path(_WORKDIR.value).expanduser()
    pairs = [_pair(value) for value in _COMPARE.value]
    sweep = read_sweep(folder, cli.given(_GIVEN))
    asked = [_asked(sweep, one, other) for one, other in pairs]
    findings = find(sweep, asked)
    text = _markdown(findings)
    write(findings, text, folder / "report")
    print(text)
    print(f"Written: {folder / 'report' / 'index.html'}")


def _plan() -> str:
    """How many draws and seeds are needed, for the flags' numbers or for a pilot's.

    Raises:
      UserError: numbers are missing, or the pilot has none.
    """
    if _WORKDIR.value is None:
        if _SD.value is None:
            raise UserError("--plan: give --sd=POINTS, or a pilot's folder in --workdir")
        documents = 2000 if _DOCUMENTS.value is None else _DOCUMENTS.value
        return power.plan(power.Parts(_SD.value, documents), _EFFECT.value)
    sweep = read_sweep(Path(_WORKDIR.value).expanduser())
    found = {e.key: e.measured for e in all_effects(sweep, Judged(sweep))}
    parts = power.parts_of_pilot(found.get(DIVERSITY), _SD.value, _DOCUMENTS.value)
    return power.plan(parts, _EFFECT.value)


def _pair(value: str) -> tuple[str, str]:
    words = [word for word in value.split(",") if word]
    if len(words) != 2:
        raise UserError(f"--compare={value}: wants two mixtures, such as --compare=E1D1F1,E1E2E3")
    return words[0], words[1]


def _asked(sweep: Sweep, one: str, other: str) -> tuple[list[Run], list[Run]]:
    """The runs of both sides of a comparison.

    Raises:
      UserError: a name is not there, or the two have no finished draw and seed in common.
    """
    first, second = _runs_named(sweep, one), _runs_named(sweep, other)
    if first[0].name == second[0].name:
        raise UserError(f"--compare={one},{other}: both are {first[0].name}; give two mixtures")
    if compare(Judged(sweep), first, second) is None:
        raise UserError(
            f"--compare={one},{other}: no draw and seed is finished for both, on the same documents"
        )
    return first, second


def _runs_named(sweep: Sweep, name: str) -> list[Run]:
    runs = [run for run in sweep.runs if name in (run.name, run.label)]
    if not runs:
        near = difflib.get_close_matches(name, sweep.names(), n=3) or sweep.names()[:3]
        raise UserError(f"--compare: no run {name} in {sweep.path}; there is {', '.join(near)}")
    if not any(run.target.ids for run in finished_of(runs)):
        raise UserError(f"--compare: {name} has no finished run with predictions yet")
    return runs


def _markdown(findings: Findings) -> str:
    lines = [f"# {summary.title(findings)}", "", summary.state(findings), ""]
    lines += [f"- {name}: {value}" for name, value in summary.setting(findings)]
    if reasons := summary.not_the_thesis(findings):
        lines.append(f"- not the thesis's experiment: {'; '.join(reasons)}")
    lines += [f"- {line}" for line in summary.unfinished_in_short(findings)]
    lines += [f"- {name}: finished, but {said}" for name, said in summary.problems(findings)]
    lines += ["", "## In short", ""]
    lines += [f"- {answer}" for answer in summary.answers(findings)]
    lines += ["", "## Tables", ""]
    return "\n".join(lines + [markdown(table) for table in tables.all_tables(findings)])


def write(findings: Findings, text: str, folder: Path) -> None:
    """Writes the report's files, each whole or not at all."""
    drawn = figures.all_figures(findings)
    files.write_text(folder / "tables.md", text)
    files.write_text(folder / "results.csv", records.results_csv(findings))
    files.write_json(folder / "results.json", records.results_json(findings))
    for name, figure in drawn.items():
        files.write_bytes(folder / f"{name}.png", drawing.png(figure))
        files.write_text(folder / f"{name}.svg", drawing.svg(figure))
    files.write_text(folder / "index.html", page.render(findings, drawn))


if __name__ == "__main__":
    cli.run(main)
