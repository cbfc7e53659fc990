"""What a run is to a target of its study: a source, a stage on the target, or the ceiling."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xlt_flax.analysis.results import Results, Run
from xlt_flax.data.mixture import parse_mixture
from xlt_flax.data.sources import find_source
from xlt_flax.studies.own_text.runs import SOURCES, STAGES, languages_of
from xlt_flax.studies.texts import data_of


@dataclass(frozen=True)
class Stage:
    """A run that goes on from a source's with a little of the target.

    Attributes:
      name: of the run.
      source: the run that it goes on from.
      word: what it trains on, "ja:50".
      documents: labelled documents of the target that it spends, for training and validation; None
        where that is not known yet.
    """

    name: str
    source: str
    word: str
    documents: int | None


@dataclass(frozen=True)
class Roles:
    """Names of runs by what they are to a target.

    Attributes:
      target: which.
      sources: mixtures without any of the target's labels: zero-shot.
      labelled: mixtures with some.
      stages: in order of their documents.
      ceiling: trained on the target's own documents alone; None: there is no such run.
    """

    target: str
    sources: tuple[str, ...]
    labelled: tuple[str, ...]
    stages: tuple[Stage, ...]
    ceiling: str | None


def roles_of(results: Results) -> Roles:
    """Of runs as they were judged on `results.target_language`; those set apart have none."""
    target, runs = results.target_language, [run for run in results.runs if not run.apart]
    letters = find_source(data_of(results.runs)).letters
    taken = {
        run.mixture: languages_of(parse_mixture(run.mixture, letters), letters) for run in runs
    }
    mixtures = [run for run in runs if run.table == SOURCES]
    stages = [
        Stage(run.name, run.source, run.mixture, _documents(results.of(run.name)))
        for run in _each_once(runs)
        if run.table == STAGES and run.source and target in taken[run.mixture]
    ]
    return Roles(
        target=target,
        sources=_names(run for run in mixtures if target not in taken[run.mixture]),
        labelled=_names(
            run for run in mixtures if target in taken[run.mixture] and run.mixture != target
        ),
        stages=tuple(sorted(stages, key=lambda stage: (stage.documents is None, stage.documents))),
        ceiling=next((run.name for run in runs if run.name == target), None),
    )


def _names(runs: Iterable[Run]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(run.name for run in runs))


def _each_once(runs: Iterable[Run]) -> list[Run]:
    return list({run.name: run for run in reversed(list(runs))}.values())[::-1]


def _documents(runs: Sequence[Run]) -> int | None:
    """As the audit of a run counted them; as the mixture says, where it says so many."""
    _, colon, count = runs[0].mixture.partition(":")
    if colon and count.isdecimal():
        return int(count)
    counted = (run.audit for run in runs if run.audit)
    return next((a.train + a.validation for a in counted if a.train and a.validation), None)
