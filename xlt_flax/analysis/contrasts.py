"""Contrasts between runs: numbers that answer a study's question, by run and weight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UNEQUAL_GROUPS = "groups not at equal weight"


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of runs' accuracies.

    Attributes:
      key: its name in results.json.
      weights: run name -> weight.
      equal_groups: every group of documents has the same weight on both sides.
      label: it in words; "": its key.
      told: in the report's sentences, not in its tables alone.
    """

    key: str
    weights: Mapping[str, float]
    equal_groups: bool = True
    label: str = ""
    told: bool = True

    @property
    def words(self) -> str:
        return self.label or self.key.replace(" - ", " − ")

    @property
    def squares(self) -> float:
        """The variance that runs of variance 1 give it."""
        return sum(weight * weight for weight in self.weights.values())

    def of(self, values: Mapping[str, float]) -> float:
        """The contrast of one number for each run."""
        return sum(weight * values[name] for name, weight in self.weights.items())


def difference(first: str, second: str) -> Contrast:
    """Two runs, the first less the second."""
    return Contrast(f"{first} - {second}", {first: 1.0, second: -1.0})


def mean_of(names: Sequence[str], key: str = "mean") -> Contrast:
    """The plain mean: no contrast, and weighed like one."""
    return Contrast(key, equal_weights(names))


def equal_weights(names: Sequence[str]) -> dict[str, float]:
    return dict.fromkeys(names, 1 / len(names)) if names else {}


def less(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """The weights of first less second, which share no run; none where a side is empty."""
    if not first or not second:
        return {}
    return {**first, **{name: -weight for name, weight in second.items()}}
