"""Finds the runs of a study's folder, of a folder of runs, or of one run, and names them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xlt_flax.analysis import run_files, settings
from xlt_flax.analysis.eval_files import read_evaluations
from xlt_flax.analysis.fields import Config
from xlt_flax.analysis.json_files import inner, read_object
from xlt_flax.analysis.results import (
    BROKEN,
    FINISHED,
    NOT_EVALUATED,
    NOT_STARTED,
    OTHER,
    Audit,
    Evaluation,
    Record,
    Results,
    Run,
)
from xlt_flax.analysis.run_files import NOTHING_MOVED
from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.run_names import folder_name, read_folder_name, stage_name
from xlt_flax.workdir import StudyFolder


@dataclass(frozen=True)
class _Place:
    """A run that is there, or should be: its folder, and what it is called."""

    folder: Path
    name: str
    mixture: str
    source: str | None
    seed: int
    draw: int
    table: str | None = None  # as a sweep.json has it
    changes: Mapping[str, object] = field(default_factory=dict)  # likewise
    planned: Mapping[str, object] = field(default_factory=dict)  # see Run


def read_results(path: Path, moved: Mapping[str, str] = NOTHING_MOVED) -> Results:
    """Reads a study's folder, a folder of runs, or one run.

    Runs that were not made alike have names of their own: see `settings`.

    Args:
      path: the folder.
      moved: fields of the runs' configs that name a place which is another now.

    Raises:
      UserError: nothing to report there, or a file that cannot be read (named, with its line).
    """
    if not path.is_dir():
        raise UserError(f"--workdir={path}: no such folder; give the folder of a sweep or of a run")
    planned = StudyFolder(path).file.exists()
    targets: tuple[str, ...] = ()
    if planned:
        runs, targets = _planned_runs(path, moved)
    else:
        folders = (
            [path] if run_files.is_run(path) else sorted(filter(run_files.is_run, path.iterdir()))
        )
        if not folders:
            raise UserError(
                f"--workdir={path}: no sweep.json and no run in it; give the folder of a sweep or "
                "a run"
            )
        runs = [_read_run(place, record) for place, record in _unplanned(folders, moved)]
    return Results(path, tuple(_told_apart(settings.with_settings(runs))), planned, targets)


def _planned_runs(path: Path, moved: Mapping[str, str]) -> tuple[list[Run], tuple[str, ...]]:
    """Those that sweep.json lists, with every seed and draw that it or the folder has; and the
    languages that it says they are judged on."""
    plan_file = StudyFolder(path).file
    plan = read_object(plan_file)
    config = run_files.read_config(plan_file, plan)
    runs = []
    for place in _planned_places(path, plan, config):
        record = run_files.read_record(place.folder, moved)
        if not record.config and config:
            record = replace(record, config=_task_config({**config, **moved}, place))
        runs.append(_read_run(place, record))
    return runs, tuple(map(str, plan.get("targets") or ()))


def _planned_places(path: Path, plan: dict, config: Config) -> Iterator[_Place]:
    """
    Raises:
      UserError: the sweep.json, `plan`, is not whole.
    """
    entries, own_draw = _entries(StudyFolder(path).file, plan), _draw(config)
    draws = plan.get("draws") or [own_draw]
    listed = {(int(draw), int(seed)) for draw in draws for seed in plan["seeds"]}
    found = _folders_of_runs(path, own_draw)
    for name, entry in entries.items():
        for draw, seed in sorted(listed | found.get(name, set())):
            yield _Place(
                folder=path / folder_name(name, seed, None if draw == own_draw else draw),
                name=name,
                mixture=str(entry.get("mixture") or name),
                source=entry.get("source"),
                seed=seed,
                draw=draw,
                table=entry.get("table"),
                changes=inner(entry, "changes"),
                planned=_planned_settings(entry, entries, config),
            )


def _entries(plan_file: Path, plan: dict) -> dict[str, dict]:
    """What a sweep.json has of each run, by its name."""
    entries = plan.get("runs")
    if not isinstance(entries, list) or not isinstance(plan.get("seeds"), list):
        raise UserError(f"{plan_file}: wants lists named runs and seeds; start the sweep again")
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise UserError(f"{plan_file}: a run without a name; start the sweep again")
    return {entry["name"]: entry for entry in entries}


def _planned_settings(
    entry: dict, entries: Mapping[str, dict], config: Config
) -> dict[str, object]:
    """The settings in which the plan has a run, or one that it goes on from, differ from others,
    and what they are in the study's config."""
    found = {name: config.get(name) for name in inner(entry, "changes")}
    chain = [entry]
    while (source := entries.get(str(chain[-1].get("source")))) and source not in chain:
        chain.append(source)
    changed = {name for each in chain for name in inner(each, "changes")}
    return {**found, **{settings.of_source(name): config.get(name) for name in changed}}


def _draw(config: Config) -> int:
    draw = config.get("data.split_seed")
    return draw if isinstance(draw, int) else int(base().data.split_seed)


def _folders_of_runs(path: Path, own_draw: int) -> dict[str, set[tuple[int, int]]]:
    """A run's name -> the (draw, seed) of its folders."""
    found: dict[str, set[tuple[int, int]]] = {}
    for folder in path.iterdir():
        named = read_folder_name(folder.name)
        if named and run_files.is_run(folder):
            draw = own_draw if named.draw is None else named.draw
            found.setdefault(named.name, set()).add((draw, named.seed))
    return found


def _task_config(config: dict[str, object], place: _Place) -> dict[str, object]:
    """What the sweep will give a run that it has not begun."""
    init_from = place.source or ""  # the folder's name depends on the draw and is of no use here
    return {
        **config,
        **place.changes,
        "seed": place.seed,
        "mixture": place.mixture,
        "init_from": init_from,
        "data.split_seed": place.draw,
    }


def _unplanned(
    folders: Sequence[Path], moved: Mapping[str, str]
) -> Iterator[tuple[_Place, Record]]:
    for folder in folders:
        record = run_files.read_record(folder, moved)
        config = record.config
        named = read_folder_name(folder.resolve().name)
        mixture = str(config.get("mixture") or (named.name if named else folder.name))
        seed = config.get("seed")
        source = _source_mixture(record)
        yield (
            _Place(
                folder=folder,
                name=mixture if source is None else stage_name(source, mixture),
                mixture=mixture,
                source=source,
                seed=seed if isinstance(seed, int) else named.seed if named else 0,
                draw=_draw(config),
            ),
            record,
        )


def _source_mixture(record: Record) -> str | None:
    """The mixture of the run that a second stage started from."""
    init_from = record.config.get("init_from")
    if not init_from:
        return None
    if record.source is not None:
        return str(record.source.config.get("mixture") or Path(str(init_from)).name)
    name = Path(str(init_from)).name
    named = read_folder_name(name)
    return named.name if named else name


def _read_run(place: _Place, record: Record) -> Run:
    language = str(record.config.get("data.target_language") or base().data.target_language)
    status, evaluations, audit = _read_result(place.folder, record, language)
    return Run(
        name=place.name,
        mixture=place.mixture,
        table=place.table or OTHER,
        source=place.source,
        target_language=language,
        seed=place.seed,
        draw=place.draw,
        status=status,
        workdir=place.folder,
        record=record,
        setting=None,
        evaluations=evaluations,
        curve=tuple(run_files.read_curve(place.folder, status not in (FINISHED, BROKEN)))
        if status != NOT_STARTED
        else (),
        audit=audit,
        planned=place.planned,
    )


def _read_result(
    folder: Path, record: Record, language: str
) -> tuple[str, dict[str, Evaluation], Audit | None]:
    """A run's status, its evaluations by language, and its audit: none, unless it is finished."""
    status = run_files.read_status(folder, language)
    evaluations = read_evaluations(folder) if status in (FINISHED, NOT_EVALUATED) else {}
    if status == FINISHED and language not in evaluations:  # none of its documents has a label
        status = NOT_EVALUATED
    if status != FINISHED:
        return status, evaluations, None
    audit = run_files.read_audit(folder)
    target = run_files.with_seen(evaluations[language], audit)
    faults = run_files.faults(record, target)
    evaluations[language] = replace(target, problems=faults or target.problems)
    return BROKEN if faults else FINISHED, evaluations, audit


def _told_apart(runs: Sequence[Run]) -> Iterator[Run]:
    """Gives the second of two runs of one name, setting, draw and seed its folder's name."""
    taken: set[tuple[str, int, int]] = set()
    for run in runs:
        key = run.name, run.draw, run.seed
        yield replace(run, name=run.label, table=OTHER, apart=True) if key in taken else run
        taken.add(key)
