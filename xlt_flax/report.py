"""Writes the report of a sweep: tables, statistics, figures and a page.

    python -m xlt_flax.report --workdir=DIR [--compare RUN_A RUN_B] [--config.model.name=PLACE]

DIR is a sweep's folder, a folder of runs, or one run. DIR/report/ gets tables.md, results.csv,
results.json, index.html, and figure_4_1, figure_tables and learning_curves as PNG and SVG. What
is not finished is marked. RUN is a mixture (E1D1F1, E1D1F1+J1) or one run of it (E1D1F1-seed50).
PLACE is where a model or data lies that was moved since.
"""

import difflib
from pathlib import Path

from absl import flags

from xlt_flax import cli, files
from xlt_flax.analysis import drawing, figures, page, records, summary, tables
from xlt_flax.analysis.findings import Findings, find
from xlt_flax.analysis.read_runs import read_sweep
from xlt_flax.analysis.results import Run, Sweep, finished_of
from xlt_flax.analysis.table import markdown
from xlt_flax.errors import UserError
from xlt_flax.stored_config import PLACES

_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of a sweep, of runs, or of one run.", required=True
)
_COMPARE = flags.DEFINE_multi_string(
    "compare", [], "Two runs to compare: --compare=A,B or --compare A B; may be repeated."
)
_GIVEN = cli.define_field_flags(PLACES)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the bootstraps: the same seed, the same report.")
_RESAMPLES = flags.DEFINE_integer("resamples", 10_000, "Resamples of each bootstrap.", 100)


def main(argv: list[str]) -> None:
    pairs = asked_pairs(_COMPARE.value, argv[1:])
    folder = Path(_WORKDIR.value).expanduser()
    sweep = read_sweep(folder, cli.given(_GIVEN))
    asked = [(_runs_named(sweep, one), _runs_named(sweep, other)) for one, other in pairs]
    findings = find(sweep, asked, _RESAMPLES.value, _SEED.value)
    text = _markdown(findings)
    write(findings, text, folder / "report")
    print(text)
    print(f"Written: {folder / 'report' / 'index.html'}")


def asked_pairs(values: list[str], rest: list[str]) -> list[tuple[str, str]]:
    """Pairs of names from --compare's values and the words that follow the flags.

    Raises:
      UserError: a value that is not two names, or words that belong to nothing.
    """
    words = [word for value in values for word in value.split(",") if word]
    if rest and not values:
        raise UserError(f"{rest[0]}: not a flag; the folder goes in --workdir=DIR")
    words += rest
    if len(words) % 2:
        raise UserError(f"--compare: wants two runs, such as --compare=E1D1F1,E1E2E3; got {words}")
    return list(zip(words[::2], words[1::2], strict=True))


def _runs_named(sweep: Sweep, name: str) -> list[Run]:
    runs = [run for run in sweep.runs if name in (run.name, run.label)]
    if not runs:
        near = difflib.get_close_matches(name, sweep.names(), n=3) or sweep.names()[:3]
        raise UserError(f"--compare: no run {name} in {sweep.path}; there is {', '.join(near)}")
    judged = [run for run in finished_of(runs) if run.target.ids]
    if not judged:
        raise UserError(f"--compare: {name} has no finished run with predictions yet")
    return judged


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
