"""Writes the report of a sweep: tables, statistics, figures and a page.

    python -m xlt_flax.report --workdir=DIR [--compare=RUN_A,RUN_B]

DIR is a sweep's folder, a folder of runs, or one run. DIR/report/ gets tables.md, results.csv,
results.json, index.html, and figure_4_1, figure_tables and learning_curves as PNG and SVG. What
is not finished is marked. RUN is a mixture (E1D1F1, E1D1F1+J1) or one run of it (E1D1F1-seed50).
"""

import difflib
from pathlib import Path

from absl import flags

from xlt_flax import cli, files
from xlt_flax.analysis import figures, page, records, summary, tables
from xlt_flax.analysis.findings import Findings, find
from xlt_flax.analysis.results import Run, Sweep, finished_of, read_sweep
from xlt_flax.errors import UserError
from xlt_flax.places import local_folder

_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of a sweep, of runs, or of one run.", required=True
)
_COMPARE = flags.DEFINE_multi_string(
    "compare", [], "Two runs to compare: --compare=A,B; may be repeated."
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the bootstraps: the same seed, the same report.")
_RESAMPLES = flags.DEFINE_integer("resamples", 10_000, "Resamples of each bootstrap.", 100)


def main(_) -> None:
    pairs = asked_pairs(_COMPARE.value)
    folder = local_folder(_WORKDIR.value, "--workdir")
    sweep = read_sweep(folder)
    asked = [(_runs_named(sweep, one), _runs_named(sweep, other)) for one, other in pairs]
    findings = find(sweep, asked, _RESAMPLES.value, _SEED.value)
    text = _markdown(findings)
    write(findings, text, folder / "report")
    print(text)
    print(f"Written: {folder / 'report' / 'index.html'}")


def asked_pairs(values: list[str]) -> list[tuple[str, str]]:
    """Pairs of names from --compare's values.

    Raises:
      UserError: a value that is not two names.
    """
    pairs = [tuple(filter(None, value.split(","))) for value in values]
    for value, pair in zip(values, pairs, strict=True):
        if len(pair) != 2:
            raise UserError(f"--compare={value}: wants two runs, such as --compare=E1D1F1,E1E2E3")
    return pairs


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
    lines = ["# Zero-shot transfer to Japanese", "", summary.state(findings), ""]
    lines += [f"- {name}: {value}" for name, value in summary.setting(findings)]
    lines += [f"- not the thesis's experiment: {r}" for r in summary.not_the_thesis(findings)]
    lines += [f"- {name}: {status}" for name, status in summary.unfinished_runs(findings)]
    lines += ["", "## In short", ""]
    lines += [f"- {answer}" for answer in summary.answers(findings)]
    lines += ["", "## Tables", ""]
    return "\n".join(lines + [tables.markdown(table) for table in tables.all_tables(findings)])


def write(findings: Findings, text: str, folder: Path) -> None:
    """Writes the report's files, each whole or not at all."""
    drawn = figures.all_figures(findings)
    files.write_text(folder / "tables.md", text)
    files.write_text(folder / "results.csv", records.results_csv(findings))
    files.write_json(folder / "results.json", records.results_json(findings))
    for name, figure in drawn.items():
        files.write_bytes(folder / f"{name}.png", figures.png(figure))
        files.write_text(folder / f"{name}.svg", figures.svg(figure))
    files.write_text(folder / "index.html", page.render(findings, drawn))


if __name__ == "__main__":
    cli.run(main)
