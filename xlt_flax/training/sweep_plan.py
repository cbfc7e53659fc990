"""Which runs a sweep has, in which order, and which of them a shard takes. Reads nothing.

A run is named by its mixture, "E1D1F1"; one that goes on from another names both, "E1D1F1+J1".
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml_collections import ConfigDict

from xlt_flax.config import resolve
from xlt_flax.data.mixture import parse_mixture
from xlt_flax.errors import UserError

_OTHER = "other"  # the table of a run that the thesis does not have


@dataclass(frozen=True)
class PlannedRun:
    """A run, whatever its seed.

    Attributes:
      name: see above.
      mixture: that it trains on.
      source: the run whose best checkpoint it starts from; None: the model as it is.
      table: of the thesis, where it stands.
    """

    name: str
    mixture: str
    source: str | None
    table: str


@dataclass(frozen=True)
class Task:
    """A run with a seed: what has one workdir."""

    run: PlannedRun
    seed: int

    @property
    def folder(self) -> str:
        return f"{self.run.name}-seed{self.seed}"

    @property
    def source_folder(self) -> str | None:
        return self.run.source and f"{self.run.source}-seed{self.seed}"


def plan_runs(names: Sequence[str], tables: Mapping[str, str]) -> list[PlannedRun]:
    """The runs of a sweep in an order that has each after its source.

    Args:
      names: of all runs.
      tables: the table of a name.

    Raises:
      UserError: a name is no mixture or stands twice, or a source is not among the names.
    """
    runs = [_planned(name, tables.get(name, _OTHER)) for name in names]
    known = [run.name for run in runs]
    for run in runs:
        if known.count(run.name) > 1:
            raise UserError(f"config.sweep.runs has {run.name} more than once")
        if run.source is not None and run.source not in known:
            raise UserError(f"config.sweep.runs has {run.name}, but not {run.source}: add it")
    return sorted(runs, key=lambda run: run.name.count("+"))  # stable: the order as given else


def pick(runs: Sequence[PlannedRun], only: Sequence[str]) -> list[PlannedRun]:
    """The runs that `only` names, by table or by name, and the sources that they need.

    Raises:
      UserError: there is no such table or run.
    """
    wanted = set()
    for word in only:
        found = {run.name for run in runs if word in (run.table, run.name)}
        if not found:
            choices = list(dict.fromkeys([*(r.table for r in runs), *(r.name for r in runs)]))
            near = difflib.get_close_matches(word, choices, n=3) or choices[:3]
            raise UserError(f"--only={word}: no such table or run; there is {', '.join(near)}")
        wanted |= found
    for run in reversed(runs):  # sources come before the runs that need them
        if run.name in wanted and run.source:
            wanted.add(run.source)
    return [run for run in runs if run.name in wanted] if only else list(runs)


def make_tasks(runs: Sequence[PlannedRun], seeds: Sequence[int]) -> list[Task]:
    """All runs with all seeds: the first seed's come first, so that it is complete soonest."""
    return [Task(run, seed) for seed in seeds for run in runs]


def take_shard(
    tasks: Sequence[Task], steps: Mapping[str, int], index: int, count: int
) -> list[Task]:
    """The tasks of one shard, in the order they came in.

    A run and all that goes on from it stay together. The shares depend on the tasks alone, so the
    shards need not know of each other: the longest chain goes to whoever has least so far.

    Args:
      tasks: of all shards.
      steps: of a mixture.
      index: of the shard, from 0.
      count: of shards.
    """
    chains: dict[str, list[Task]] = {}
    for task in tasks:
        chains.setdefault(f"{task.run.name.split('+')[0]}-seed{task.seed}", []).append(task)
    length = {name: sum(steps[t.run.mixture] for t in chain) for name, chain in chains.items()}
    shares = [0] * count
    taken = set()
    for name in sorted(chains, key=lambda name: -length[name]):
        shard = min(range(count), key=lambda i: shares[i])
        shares[shard] += length[name]
        if shard == index:
            taken |= set(chains[name])
    return [task for task in tasks if task in taken]


def parse_shard(text: str) -> tuple[int, int]:
    """(index, count) of "I/N".

    Raises:
      UserError: it is not two numbers with I below N.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    index, count = map(int, match.groups()) if match else (0, 0)
    if index >= count:
        raise UserError(f"--shard={text}: give I/N, such as 0/4, 1/4, 2/4 and 3/4 for four shards")
    return index, count


def parse_seeds(texts: Sequence[str]) -> list[int]:
    """Seeds from the words of a flag.

    Raises:
      UserError: one is not a whole number from 0 to 4294967295, or stands twice.
    """
    for text in texts:
        if not text.isdecimal() or int(text) >= 2**32:
            raise UserError(f"--seeds has {text!r}: give whole numbers, such as --seeds=50,51,52")
    seeds = [int(text) for text in texts]
    if len(set(seeds)) < len(seeds):
        raise UserError(f"--seeds={','.join(texts)} has a seed more than once")
    return seeds


def _planned(name: str, table: str) -> PlannedRun:
    source, _, mixture = name.rpartition("+")
    if not mixture:
        raise UserError(
            f"config.sweep.runs has {name!r}: give mixtures such as E1D1F1 or E1D1F1+J1"
        )
    parse_mixture(mixture)
    return PlannedRun(name, mixture, source or None, table)


def split_config(config: ConfigDict) -> tuple[ConfigDict, list[str]]:
    """What a sweep's runs have in common, resolved, and their names (`config.sweep.runs`).

    Raises:
      UserError: the config is no sweep's, or sets what each run sets for itself.
    """
    common = config.copy_and_resolve_references()
    listed = common.get("sweep")
    if not isinstance(listed, ConfigDict) or list(listed) != ["runs"] or not listed.runs:
        raise UserError("--config: a sweep needs config.sweep.runs, as configs/thesis.py has it")
    for field in ("mixture", "init_from"):
        if common.get(field):
            raise UserError(
                f"config.{field} is {common[field]!r}, but each run of a sweep has its own: "
                "pick runs with --only"
            )
    with common.unlocked():
        del common["sweep"]
    return resolve(common), list(listed.runs)
