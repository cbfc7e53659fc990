"""Which runs are meant where a comparison is asked for by names."""

import difflib

from xlt_flax.analysis.comparisons import compare
from xlt_flax.analysis.findings import Pair
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.results import Results, Run, finished_of
from xlt_flax.errors import UserError


def pair_of(results: Results, one: str, other: str) -> Pair:
    """The runs of both sides of a comparison.

    Args:
      results: that have them.
      one, other: each a mixture, E1D1F1, or one run of it, E1D1F1-seed50.

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
