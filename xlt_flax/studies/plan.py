"""Which runs a study has, in which order, and which of them a shard takes. Reads nothing.

The runs of a study are a directed acyclic graph: each begins with the model as it is, or goes on
from another run. In a config, `config.sweep.runs`, a run is named by its mixture, "E1D1F1"; one
that goes on from another names both, "E1D1F1+J1" (see run_names). A study that changes other
fields from run to run is made of `PlannedRun`s directly.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ml_collections import ConfigDict

from xlt_flax.config import resolve
from xlt_flax.data.mixture import mixture_shape, parse_mixture
from xlt_flax.errors import UserError
from xlt_flax.run_names import folder_name, split_name

_AFTER = "other"  # the table of a run that goes on from another, where none is given


@dataclass(frozen=True)
class PlannedRun:
    """A run, whatever its draw and seed.

    Attributes:
      name: unique in its study; a part of its folder's name.
      mixture: that it trains on.
      source: the run whose best checkpoint it starts from; None: the model as it is.
      table: in which a study's report has it; or how many groups each language has, "2:1".
      changes: other fields of the config in which it differs from its study's other runs,
        {"train.learning_rate": 1e-5}.
    """

    name: str
    mixture: str
    source: str | None
    table: str
    changes: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Task:
    """A run with a draw and a seed: what has one workdir.

    Attributes:
      run: what it trains on, and what it starts from.
      seed: `config.seed`.
      draw: of its documents, `config.data.split_seed`; None: the study's own.
    """

    run: PlannedRun
    seed: int
    draw: int | None = None

    @property
    def folder(self) -> str:
        return folder_name(self.run.name, self.seed, self.draw)

    @property
    def source_folder(self) -> str | None:
        """Of the same draw and seed."""
        return self.run.source and folder_name(self.run.source, self.seed, self.draw)


def plan_runs(names: Sequence[str], tables: Mapping[str, str]) -> list[PlannedRun]:
    """The runs that a config's names say, in order.

    Args:
      names: of all runs, as `config.sweep.runs` has them.
      tables: the table of a name; of others, "3:0", "2:1" and so on.

    Raises:
      UserError: a name is no mixture, or see `in_order`.
    """
    return in_order([run_of(name, tables.get(name)) for name in names])


def run_of(name: str, table: str | None = None) -> PlannedRun:
    """The run of a name: its mixture, and the run that it goes on from.

    Raises:
      UserError: the name has no mixture.
    """
    source, mixture = split_name(name)
    if not mixture:
        raise UserError(
            f"config.sweep.runs has {name!r}: give mixtures such as E1D1F1 or E1D1F1+J1"
        )
    shape = mixture_shape(parse_mixture(mixture))
    return PlannedRun(name, mixture, source, table or (_AFTER if source else shape))


def in_order(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """The runs of a study so that each comes after its source: all first stages, then all second
    ones and so on, else as given.

    Raises:
      UserError: a name stands twice, a source is not among the runs, or runs go round in a circle.
    """
    by_name = {run.name: run for run in runs}
    names = [run.name for run in runs]
    for run in runs:
        if names.count(run.name) > 1:
            raise UserError(f"config.sweep.runs has {run.name} more than once")
        if run.source is not None and run.source not in by_name:
            raise UserError(f"config.sweep.runs has {run.name}, but not {run.source}: add it")
    return sorted(runs, key=lambda run: len(_sources(run, by_name)))  # stable


def _sources(run: PlannedRun, by_name: Mapping[str, PlannedRun]) -> list[PlannedRun]:
    """What a run goes on from, and what that goes on from, back to a run with no source.

    Raises:
      UserError: there is none: they go round in a circle.
    """
    found: list[PlannedRun] = []
    while run.source is not None:
        run = by_name[run.source]
        if run in found:
            circle = " -> ".join(each.name for each in [*found[found.index(run) :], run])
            raise UserError(f"runs go on from each other in a circle, {circle}: take one out")
        found.append(run)
    return found


def pick(runs: Sequence[PlannedRun], only: Sequence[str]) -> list[PlannedRun]:
    """The runs that `only` names, by table or by name, and the sources that they need.

    Raises:
      UserError: there is no such table or run.
    """
    by_name = {run.name: run for run in runs}
    wanted: set[str] = set()
    for word in only:
        named = [run for run in runs if word in (run.table, run.name)]
        if not named:
            choices = list(dict.fromkeys([*(r.table for r in runs), *(r.name for r in runs)]))
            near = difflib.get_close_matches(word, choices, n=3) or choices[:3]
            raise UserError(f"--only={word}: no such table or run; there is {', '.join(near)}")
        for run in named:
            wanted |= {each.name for each in (run, *_sources(run, by_name))}
    return [run for run in runs if run.name in wanted] if only else list(runs)


def make_tasks(
    runs: Sequence[PlannedRun], seeds: Sequence[int], draws: Sequence[int | None] = (None,)
) -> list[Task]:
    """All runs with all seeds and draws: the first draw's first seed first, then its other seeds,
    so that there is a complete block to report on soonest."""
    return [Task(run, seed, draw) for draw in draws for seed in seeds for run in runs]


def take_shard(
    tasks: Sequence[Task], steps: Mapping[str, int], index: int, count: int
) -> list[Task]:
    """The tasks of one shard, in the order they came in.

    A run and all that goes on from it stay together. The shares depend on the tasks alone, so the
    shards need not know of each other: the longest chain goes to whoever has least so far.

    Args:
      tasks: of all shards, sources included.
      steps: of a run, by its name.
      index: of the shard, from 0.
      count: of shards.
    """
    chains = _chains(tasks)
    lengths = [sum(steps[task.run.name] for task in chain) for chain in chains]
    shares = [0] * count
    taken: set[Task] = set()
    for number in sorted(range(len(chains)), key=lambda number: -lengths[number]):
        shard = min(range(count), key=lambda i: shares[i])
        shares[shard] += lengths[number]
        if shard == index:
            taken |= set(chains[number])
    return [task for task in tasks if task in taken]


def _chains(tasks: Sequence[Task]) -> list[list[Task]]:
    """Tasks that go on from each other, all of one draw and seed, together."""
    by_name = {task.run.name: task.run for task in tasks}
    chains: dict[tuple[str, int | None, int], list[Task]] = {}
    for task in tasks:
        *_, first = task.run, *_sources(task.run, by_name)
        chains.setdefault((first.name, task.draw, task.seed), []).append(task)
    return list(chains.values())


def parse_seeds(texts: Sequence[str]) -> list[int]:
    """Seeds from the words of --seeds.

    Raises:
      UserError: one is not a whole number from 0 to 4294967295, or stands twice.
    """
    return _parse_numbers("--seeds", texts, "seed")


def parse_draws(texts: Sequence[str]) -> list[int]:
    """Draws, values of `config.data.split_seed`, from the words of --draws.

    Raises:
      UserError: one is not a whole number from 0 to 4294967295, or stands twice.
    """
    return _parse_numbers("--draws", texts, "draw")


def _parse_numbers(flag: str, texts: Sequence[str], what: str) -> list[int]:
    for text in texts:
        if not text.isdecimal() or int(text) >= 2**32:
            raise UserError(
                f"{flag} has {text!r}: give whole numbers from 0 to {2**32 - 1}, "
                f"such as {flag}=50,51,52"
            )
    numbers = [int(text) for text in texts]
    if len(set(numbers)) < len(numbers):
        raise UserError(f"{flag}={','.join(texts)} has a {what} more than once")
    return numbers


def split_config(config: ConfigDict) -> tuple[ConfigDict, list[str]]:
    """What a study's runs have in common, resolved, and their names (`config.sweep.runs`).

    Raises:
      UserError: the config is no sweep's, or sets what each run sets for itself.
    """
    common = config.copy_and_resolve_references()
    listed = common.get("sweep")
    if not isinstance(listed, ConfigDict) or list(listed) != ["runs"] or not listed.runs:
        raise UserError(
            "--config: a sweep needs config.sweep.runs, as configs/thesis.py has it, or --mixtures"
        )
    for each in ("mixture", "init_from"):
        if common.get(each):
            raise UserError(
                f"config.{each} is {common[each]!r}, but each run of a sweep has its own: "
                "pick runs with --only"
            )
    with common.unlocked():
        del common["sweep"]
    return resolve(common), list(listed.runs)
