"""Writes the report of a sweep: tables, statistics, figures and a page.

    python -m xlt_flax.report --workdir=DIR [--compare=A,B] [--config.model.name=PLACE]
    python -m xlt_flax.report --plan --sd=2 --effect=1

DIR is a sweep's folder, a folder of runs, or one run. DIR/report/ gets tables.md, results.csv,
results.json, index.html, and figure_4_1, figure_tables and learning_curves as PNG and SVG. What
is not finished is marked. A and B are mixtures (E1D1F1, E1D1F1+J1) or one run of each
(E1D1F1-seed50). PLACE is where a model or data lies that was moved since.

--plan says how many draws and seeds a study of 1:1:1 against 3:0 needs; with --workdir it takes a
pilot's components of variance.
"""

import difflib

from absl import flags

from xlt_flax import cli, overrides
from xlt_flax.analysis import written
from xlt_flax.analysis.comparisons import compare
from xlt_flax.analysis.findings import Pair
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.read_runs import read_results
from xlt_flax.analysis.results import Results, Run, finished_of
from xlt_flax.errors import UserError
from xlt_flax.places import local_folder
from xlt_flax.stored_config import PLACES
from xlt_flax.studies import known
from xlt_flax.studies.diversity.size import needed

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a sweep, of runs, or of one run.")
_COMPARE = flags.DEFINE_multi_string(
    "compare", [], "Two mixtures to compare, such as --compare=E1D1F1,E1E2E3; may be repeated."
)
_GIVEN = overrides.define_field_flags(PLACES)
_PLAN = flags.DEFINE_bool("plan", False, "Say how many draws and seeds a study needs.")
_SD = flags.DEFINE_float(
    "sd", None, "With --plan: standard deviation of a run over draws and seeds, in points."
)
_EFFECT = flags.DEFINE_float("effect", None, "With --plan: points that are to be seen (1).")
_DOCUMENTS = flags.DEFINE_integer("documents", None, "With --plan: test documents (2,000).")


def main(_: list[str]) -> None:
    pairs = asked_pairs(_COMPARE.value)
    numbers = [flag.name for flag in (_SD, _EFFECT, _DOCUMENTS) if flag.value is not None]
    if _PLAN.value:
        if pairs:
            raise UserError("--compare goes with a report, not with --plan: leave one out")
        print(_plan())
        return
    if numbers:
        raise UserError(f"--{numbers[0]} is for --plan: add --plan, or leave it out")
    if _WORKDIR.value is None:
        raise UserError("--workdir: give the folder of a sweep or of a run")
    results = _results(_WORKDIR.value)
    findings = known.find(results, [asked(results, one, other) for one, other in pairs])
    folder = results.path / "report"
    print(written.write(findings, folder))
    print(f"Written: {folder / 'index.html'}")


def _results(workdir: str) -> Results:
    moved = {field: str(place) for field, place in overrides.given(_GIVEN).items()}
    return read_results(local_folder(workdir, "--workdir"), moved)


def _plan() -> str:
    """How many draws and seeds are needed, for the flags' numbers or for a pilot's.

    Raises:
      UserError: numbers are missing, or the pilot has none.
    """
    effect = 1.0 if _EFFECT.value is None else _EFFECT.value
    pilot = None if _WORKDIR.value is None else _results(_WORKDIR.value)
    return needed(effect, _SD.value, _DOCUMENTS.value, pilot)


def asked_pairs(values: list[str]) -> list[tuple[str, str]]:
    """Pairs of names from --compare's values.

    Raises:
      UserError: a value that is not two names.
    """
    pairs = []
    for value in values:
        names = [name for name in value.split(",") if name]
        if len(names) != 2:
            raise UserError(f"--compare={value}: wants two runs, such as --compare=E1D1F1,E1E2E3")
        pairs.append((names[0], names[1]))
    return pairs


def asked(results: Results, one: str, other: str) -> Pair:
    """The runs of both sides of a comparison.

    Raises:
      UserError: a name is not there, or the two have no finished draw and seed in common.
    """
    first, second = _runs_named(results, one), _runs_named(results, other)
    if first[0].name == second[0].name:
        raise UserError(f"--compare={one},{other}: both are {first[0].name}; give two mixtures")
    if compare(Judged(results), first, second) is None:
        raise UserError(
            f"--compare={one},{other}: no draw and seed is finished for both, on the same documents"
        )
    return first, second


def _runs_named(results: Results, name: str) -> list[Run]:
    runs = [run for run in results.runs if name in (run.name, run.label)]
    if not runs:
        near = difflib.get_close_matches(name, results.names(), n=3) or results.names()[:3]
        raise UserError(f"--compare: no run {name} in {results.path}; there is {', '.join(near)}")
    if not any(run.result.ids for run in finished_of(runs)):
        raise UserError(f"--compare: {name} has no finished run with predictions yet")
    return runs


if __name__ == "__main__":
    cli.run(main)
