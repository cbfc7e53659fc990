"""The part of the api that is of several runs: doing them, and reporting on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from ml_collections import ConfigDict

from xlt_flax.console import shown
from xlt_flax.places import local_folder
from xlt_flax.workdir import StudyFolder

if TYPE_CHECKING:
    from xlt_flax.analysis.results import Results


def sweep(
    config: ConfigDict,
    workdir: str | PathLike[str] = "runs/sweep",
    seeds: Sequence[int] = (),
    draws: Sequence[int] = (),
    only: Sequence[str] = (),
    shard: tuple[int, int] = (0, 1),
    dry_run: bool = False,
    begin: Callable[[ConfigDict], None] = lambda config: None,
    *,
    mixtures: Sequence[str] = (),
    targets: Sequence[str] = (),
    then: Sequence[str] = (),
    ceiling: bool = True,
) -> list[str]:
    """Trains and evaluates every run of a sweep, or of one shard of it; prints a line for each.

    Args:
      config: with `config.sweep.runs`, as configs/thesis.py has it; or of one run, with `mixtures`.
      workdir: of the sweep, with one folder a run in it.
      seeds: of each run; none: config.seed alone.
      draws: of the groups' documents, each with all seeds; none: config.data.split_seed alone.
      only: tables or runs to do, with the sources that they need; none: all.
      shard: (index from 0, count).
      dry_run: do nothing; say what would be done.
      begin: is called with what the runs have in common when all was found good, before a device is
        used.
      mixtures: to train on, "en+de", each once a draw and seed.
      targets: languages to judge every run on; none: config.data.target_language alone.
      then: what stages train on that go on from each mixture's run: a little of a target, "ja:50";
        "ja:0" is none of it, the run itself.
      ceiling: with `mixtures`: train on each target's own training documents as well.

    Returns:
      A line for each run, with how far it is, and one for all.

    Raises:
      UserError: config, names or folder are not usable.
      RunError: at the end, if some runs failed.
    """
    from xlt_flax.studies.own_text.runs import Transfer
    from xlt_flax.studies.planned import plan_study_runs

    with shown():
        folder = local_folder(fspath(workdir), "--workdir")
        asked = Transfer(mixtures, targets, then, ceiling)
        planned = plan_study_runs(config, folder, seeds, draws, only, shard, asked)
        if not dry_run:
            begin(planned.config)
            planned.run()
        return planned.describe()


@dataclass(frozen=True)
class Report:
    """What a report has written.

    Attributes:
      text: its tables, as tables.md has them.
      page: the page that shows all.
      summary: what the runs say, in a few lines.
      tables: the file of the tables.
    """

    text: str
    page: Path
    summary: str
    tables: Path


def report(
    workdir: str | PathLike[str],
    compare: Sequence[tuple[str, str]] = (),
    places: Mapping[str, str | int] | None = None,
    texts: bool = False,
) -> Report:
    """Writes the report of a sweep, of a folder of runs, or of one run, into its folder report/.

    Args:
      workdir: the folder.
      compare: pairs of mixtures, or of one run of each, to compare besides.
      places: as of `evaluate`.
      texts: show the most certain mistakes with their texts, which may be private.

    Raises:
      UserError: there is nothing to report, a file cannot be read, a pair cannot be compared, or
        texts are asked for and are not at hand.
    """
    from xlt_flax.analysis import written
    from xlt_flax.analysis.pairs import pair_of
    from xlt_flax.studies import known

    with shown():
        results = _results(workdir, places)
        asked = [pair_of(results, one, other) for one, other in compare]
        findings = known.find(results, asked, texts)
        folder = StudyFolder(results.path).report
        text, page, tables = written.write(findings, folder), written.PAGE, written.TABLES
        return Report(text, folder / page, written.in_short(findings), folder / tables)


def study_size(
    effect: float = 1.0,
    sd: float | None = None,
    documents: int | None = None,
    pilot: str | PathLike[str] | None = None,
    places: Mapping[str, str | int] | None = None,
) -> str:
    """How many draws and seeds a study needs that is to see 1:1:1 and 3:0 differ.

    Args:
      effect: points that are to be seen.
      sd: of a run over draws and seeds, in points; None: the pilot's.
      documents: that judge; None: as many as in the pilot, or 2,000.
      pilot: folder of a finished study; None: there is none.
      places: as of `evaluate`.

    Raises:
      UserError: numbers are missing or cannot be, or the pilot has none.
    """
    from xlt_flax.studies.diversity.size import needed

    with shown():
        return needed(effect, sd, documents, None if pilot is None else _results(pilot, places))


def _results(workdir: str | PathLike[str], places: Mapping[str, str | int] | None) -> Results:
    from xlt_flax.analysis.read_runs import read_results

    moved = {field: str(place) for field, place in (places or {}).items()}
    return read_results(local_folder(fspath(workdir), "--workdir"), moved)
