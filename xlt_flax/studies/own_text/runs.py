"""The runs of a study that asks which mixture of sources serves some target languages best.

Each mixture is trained once a draw and seed, and judged on every target: a target is where a model
is judged, and has no part in what it learns. Stages go on from a mixture's run with a little of a
target; the ceiling is a run on a target's own training documents.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ml_collections import ConfigDict

from xlt_flax.config import resolve
from xlt_flax.data.mixture import Amount, Group, parse_mixture
from xlt_flax.data.sources import Source, find_source
from xlt_flax.errors import UserError
from xlt_flax.run_names import stage_name
from xlt_flax.studies.plan import PlannedRun, in_order

SOURCES, STAGES, CEILING = "mixture", "stage", "ceiling"  # tables in which such runs stand


@dataclass(frozen=True)
class Transfer:
    """What is asked for: the flags of `sweep` of the same names.

    Attributes:
      mixtures: to train on, "en+de:1000".
      targets: languages to judge all runs on; none: config.data.target_language.
      then: what stages train on that go on from each mixture, "ja:50"; "ja:0" is none at all, the
        mixture's own run.
      ceiling: train on each target's own documents as well, where it has any.
    """

    mixtures: Sequence[str] = ()
    targets: Sequence[str] = ()
    then: Sequence[str] = ()
    ceiling: bool = True

    def require_mixtures(self) -> None:
        """
        Raises:
          UserError: something is asked for that goes with mixtures, and there are none.
        """
        asked = {"targets": self.targets, "then": self.then, "noceiling": not self.ceiling}
        for flag in (flag for flag, given in asked.items() if given and not self.mixtures):
            raise UserError(f"--{flag} goes with --mixtures: add --mixtures=en,de, or leave it out")


NOTHING = Transfer()


@dataclass(frozen=True)
class TransferRuns:
    """The study that was asked for.

    Attributes:
      config: what its runs have in common, resolved; its target language is the first target.
      runs: sources before what goes on from them.
      targets: that all runs are judged on.
    """

    config: ConfigDict
    runs: list[PlannedRun]
    targets: tuple[str, ...]


def transfer_runs(config: ConfigDict, asked: Transfer) -> TransferRuns:
    """Plans the runs of a config that lists none itself.

    Args:
      config: of one run; its mixture is as good as not there.
      asked: with mixtures.

    Raises:
      UserError: config or flags are not usable: one line, which names the flag.
    """
    if "sweep" in config:
        raise UserError(
            "--mixtures: this config lists its runs itself, in config.sweep.runs: leave --mixtures "
            "out, or give a config of one run"
        )
    if config.init_from:
        raise UserError(
            f"config.init_from is {config.init_from!r}, but the runs of --mixtures begin with the "
            "model itself: give --then=LANGUAGE:COUNT for what goes on from them"
        )
    targets = tuple(asked.targets or [config.data.target_language])
    common = config.copy_and_resolve_references()
    common.mixture, common.data.target_language = "", targets[0]
    planner = _Planner(find_source(common.data), targets, common.data.dedup)
    return TransferRuns(resolve(common), planner.runs(asked), targets)


@dataclass(frozen=True)
class _Planner:
    source: Source
    targets: tuple[str, ...]
    dedup: bool
    _languages: dict[str, frozenset[str]] = field(default_factory=dict)

    def runs(self, asked: Transfer) -> list[PlannedRun]:
        self._require_targets()
        for flag, words in (("--mixtures", asked.mixtures), ("--then", asked.then)):
            _require_each_once(flag, words)
            for word in words:
                self._read(flag, word)
        sources = [PlannedRun(name, name, None, SOURCES) for name in asked.mixtures]
        stages = [run for word in asked.then for run in self._stages(word, asked.mixtures)]
        return in_order([*sources, *stages, *(self._ceilings(asked) if asked.ceiling else ())])

    def _require_targets(self) -> None:
        _require_each_once("--targets", self.targets)
        for target in self.targets:
            if target not in self.source.languages:
                raise UserError(
                    f"--targets: there is no language {target!r} in the data: give some of "
                    f"{', '.join(self.source.languages)}"
                )
            if "test" not in self.source.splits(target):
                raise UserError(
                    f"--targets={target}: the data has no test documents of {target} to judge by: "
                    "add them, or leave it out"
                )

    def _read(self, flag: str, word: str) -> None:
        """Keeps what languages a mixture takes.

        Raises:
          UserError: it is none, or targets have a part in what it would take.
        """
        mixture = _without_nothing(word) if flag == "--then" else word
        try:
            parts = parse_mixture(mixture, self.source.letters, self.source.languages)
        except UserError as error:
            raise UserError(f"{flag}={word}: {error}") from None
        if not parts:
            raise UserError(f"{flag} names no mixture: give some, such as {flag}=en,de,en+de")
        letters = self.source.letters
        pooled = languages_of([part for part in parts if isinstance(part, Group)], letters)
        self._languages[word] = languages_of(parts, letters)
        self._require_apart(flag, word, pooled)

    def _require_apart(self, flag: str, word: str, pooled: frozenset[str]) -> None:
        """Groups are drawn from test documents as well, and deduplication looks at a test set: for
        config.data.target_language both make an exception, which is the first target alone."""
        _, *others = self.targets
        reason = "are drawn from its test documents too" if pooled & {*others} else ""
        if self.dedup and self._languages[word] & {*others}:
            pooled = self._languages[word]
            reason = "keep texts of its test documents, since config.data.dedup looks at one target"
        if reason:
            named = min(pooled & {*others})
            raise UserError(
                f"{flag}={word}: {named} is a target, and its documents there {reason}: name "
                f"{named} first in --targets, or sweep each target by itself"
            )

    def _stages(self, word: str, mixtures: Iterable[str]) -> list[PlannedRun]:
        """From each mixture that knows nothing of the word's target; none for "ja:0".

        Raises:
          UserError: the word is of no target, or no mixture is without that.
        """
        named = sorted(self._languages[word])
        if len(named) > 1 or named[0] not in self.targets:
            raise UserError(
                f"--then={word}: give a little of one target ({', '.join(self.targets)}), such as "
                f"{self.targets[0]}:50"
            )
        before = [name for name in mixtures if named[0] not in self._languages[name]]
        if not before:
            raise UserError(
                f"--then={word}: every mixture has {named[0]} already: give one without it"
            )
        if word != _without_nothing(word):
            return []
        return [PlannedRun(stage_name(name, word), word, name, STAGES) for name in before]

    def _ceilings(self, asked: Transfer) -> list[PlannedRun]:
        """A run on each target's own training documents, unless it is a mixture anyway."""
        able = [target for target in self.targets if "train" in self.source.splits(target)]
        return [
            PlannedRun(name, name, None, CEILING) for name in able if name not in asked.mixtures
        ]


def languages_of(parts: Iterable[Group | Amount], letters: Mapping[str, str]) -> frozenset[str]:
    """The languages that the parts of a mixture take documents of."""
    return frozenset(
        letters[part.letter] if isinstance(part, Group) else part.language for part in parts
    )


def _without_nothing(word: str) -> str:
    """ "ja" of "ja:0", which no mixture can be called; any other word as it is."""
    return word.removesuffix(":0")


def _require_each_once(flag: str, words: Sequence[str]) -> None:
    for word in words:
        if words.count(word) > 1:
            raise UserError(f"{flag}={','.join(words)} has {word} more than once")
