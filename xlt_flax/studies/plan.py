"""Which runs a sweep has, in which order, and which of them a shard takes. Reads nothing.

A run is named by its mixture, "E1D1F1"; one that goes on from another names both, "E1D1F1+J1".
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml_collections import ConfigDict

from xlt_flax.config import resolve
from xlt_flax.data.mixture import mixture_shape, parse_mixture
from xlt_flax.errors import UserError

_AFTER = "other"  # the table of a run that goes on from another, where none is given


@dataclass(frozen=True)
class PlannedRun:
    """A run, whatever its draw and seed.

    Attributes:
      name: see above.
      mixture: that it trains on.
      source: the run whose best checkpoint it starts from; None: the model as it is.
      table: of the thesis, where it stands; or how many groups each language has, "2:1".
    """

    name: str
    mixture: str
    source: str | None
    table: str


@dataclass(frozen=True)
class Task:
    """A run with a draw and a seed: what has one workdir.

    Attributes:
      run: what it trains on, and what it starts from.
      seed: `config.seed`.
      draw: of its documents, `config.data.split_seed`; None: the sweep's own.
    """

    run: PlannedRun
    seed: int
    draw: int | None = None

    @property
    def folder(self) -> str:
        return self._folder_of(self.run.name)

    @property
    def source_folder(self) -> str | None:
        """Of the same draw and seed."""
        return self.run.source and self._folder_of(self.run.source)

    def _folder_of(self, name: str) -> str:
        draw = "" if self.draw is None else f"-draw{self.draw}"
        return f"{name}{draw}-seed{self.seed}"


def plan_runs(names: Sequence[str], tables: Mapping[str, str]) -> list[PlannedRun]:
    """The runs of a sweep in an order that has each after its source.

    Args:
      names: of all runs.
      tables: the table of a name; of others, "3:0", "2:1" and so on.

    Raises:
      UserError: a name is no mixture or stands twice, or a source is not among the names.
    """
    runs = [_planned(name, tables.get(name)) for name in names]
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
      tasks: of all shards.
      steps: of a mixture.
      index: of the shard, from 0.
      count: of shards.
    """
    chains: dict[tuple, list[Task]] = {}
    for task in tasks:
        first = task.run.name.split("+")[0]
        chains.setdefault((first, task.draw, task.seed), []).append(task)
    length = {key: sum(steps[t.run.mixture] for t in chain) for key, chain in chains.items()}
    shares = [0] * count
    taken = set()
    for key in sorted(chains, key=lambda key: -length[key]):
        shard = min(range(count), key=lambda i: shares[i])
        shares[shard] += length[key]
        if shard == index:
            taken |= set(chains[key])
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


def _planned(name: str, table: str | None) -> PlannedRun:
    source, _, mixture = name.rpartition("+")
    if not mixture:
        raise UserError(
            f"config.sweep.runs has {name!r}: give mixtures such as E1D1F1 or E1D1F1+J1"
        )
    shape = mixture_shape(parse_mixture(mixture))
    return PlannedRun(name, mixture, source or None, table or (_AFTER if source else shape))


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
