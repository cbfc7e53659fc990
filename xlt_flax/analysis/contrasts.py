"""Contrasts between mixtures: which numbers answer the thesis's question, by name and weight.

A contrast weighs mixtures so that what it must not see cancels. With c_k the weight of mixture k:

    1:1:1 - 3:0   mean accuracy of 1:1:1 less that of 3:0. Both sides train on the same groups at
                  the same weight, so additive effects of languages and of draws cancel.
    delta_l       mean accuracy of 1:1:1 less half the sum over m != l of accuracy(1/3 l, 2/3 m):
                  the share of language l is a third on both sides. Were the presence of one
                  language all that matters, by b, its delta would be 0 and the others' b/2.

Draws cancel where every group has the same weight on both sides; the thesis's six 2:1 mixtures do
not give that, the 18 cyclic ones of configs/diversity.py do.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xlt_flax.data.sources.webis_cls10.languages import LANGUAGE_OF_LETTER
from xlt_flax.studies.thesis import reported

DIVERSITY = "1:1:1 - 3:0"
TWO_LANGUAGES = "2:1 - 3:0"
AFTER_J1 = ", after J1"
J1_STAGE = "after J1 - before"
SOURCE_STAGE = "J1 after a source stage - J1 alone"
UNEQUAL_GROUPS = "groups not at equal weight"

_GROUP = re.compile(f"([{''.join(LANGUAGE_OF_LETTER)}])[1-9]")
_CHOSEN = reported.BEST_SINGLES.runs  # its groups were chosen by what they get on the test set
_NOTHING = 1e-9  # weights that cancel leave rounding errors


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of mixtures' accuracies.

    Attributes:
      key: its name in results.json.
      weights: run name -> weight.
      equal_groups: every group of documents has the same weight on both sides.
    """

    key: str
    weights: Mapping[str, float]
    equal_groups: bool = True

    def of(self, values: Mapping[str, float]) -> float:
        """The contrast of one number for each mixture."""
        return sum(weight * values[name] for name, weight in self.weights.items())


def delta_key(language: str) -> str:
    return f"delta_{language}"


def language_of(key: str) -> str | None:
    """The language whose share a contrast holds fixed; None for any other contrast."""
    found = re.fullmatch(delta_key("(.+)"), key.removesuffix(AFTER_J1))
    return found and found[1]


def difference(first: str, second: str) -> Contrast:
    """Two runs, the first less the second."""
    return Contrast(f"{first} - {second}", {first: 1.0, second: -1.0})


def mean_of(names: Sequence[str], key: str = "mean") -> Contrast:
    """The plain mean: no contrast, and weighed like one."""
    return Contrast(key, dict.fromkeys(names, 1 / len(names)))


def diversity_contrasts(names: Iterable[str], after_j1: bool = False) -> list[Contrast]:
    """What a study's mixtures can say of diversity.

    Args:
      names: of all the study's runs, finished or not.
      after_j1: of the runs that went on with J1, in place of the others.

    Returns:
      1:1:1 - 3:0, 2:1 - 3:0 and the deltas, those for which there are mixtures.
    """
    end = reported.AFTER_J1 if after_j1 else ""
    mixtures = [name.removesuffix(end) for name in names if name.endswith(end)]
    mixtures = [name for name in mixtures if name not in _CHOSEN]
    shapes = {shape: _of_shape(mixtures, shape) for shape in ((3,), (2, 1), (1, 1, 1))}
    single, double, triple = shapes.values()
    sides = [(DIVERSITY, _less(_mean(triple), _mean(single)))]
    for letter in sorted({letter for name in triple for letter in letters_of(name)}):
        sides.append((delta_key(LANGUAGE_OF_LETTER[letter]), _delta(letter, triple, double)))
    sides.append((TWO_LANGUAGES, _less(_mean(double), _mean(single))))
    suffix = AFTER_J1 if after_j1 else ""
    return [
        Contrast(
            key + suffix,
            {name + end: weight for name, weight in weights.items()},
            equal_groups=_cancels(weights, lambda group: group),
        )
        for key, weights in sides
        if weights and _cancels(weights, lambda group: group[0])
    ]


def j1_contrasts(names: Iterable[str]) -> list[Contrast]:
    """What the J1 stage gives to mixtures, and what a source stage gives to J1."""
    names = list(names)
    after = [name for name in names if name.endswith(reported.AFTER_J1)]
    pairs = [(name, name.removesuffix(reported.AFTER_J1)) for name in after]
    pairs = [pair for pair in pairs if pair[1] in names]
    contrasts = []
    if pairs:
        weights = _less(_mean([one for one, _ in pairs]), _mean([other for _, other in pairs]))
        contrasts.append(Contrast(J1_STAGE, weights))
    if after and reported.J1_ALONE.key in names:
        weights = _less(_mean(after), _mean([reported.J1_ALONE.key]))
        contrasts.append(Contrast(SOURCE_STAGE, weights))
    return contrasts


def of_the_thesis() -> dict[str, float]:
    """Every contrast that the thesis's mixtures give, of its own accuracies."""
    names = list(reported.ACCURACY)
    contrasts = [
        *diversity_contrasts(names),
        *diversity_contrasts(names, after_j1=True),
        *j1_contrasts(names),
    ]
    return {contrast.key: contrast.of(reported.ACCURACY) for contrast in contrasts}


def letters_of(name: str) -> Counter:
    """How many groups of each language, by letter, a mixture has; empty for any other name."""
    is_mixture = re.fullmatch(f"({_GROUP.pattern})+", name)
    return Counter(_GROUP.findall(name) if is_mixture else ())


def _of_shape(names: Iterable[str], shape: tuple[int, ...]) -> list[str]:
    return [
        name for name in names if tuple(sorted(letters_of(name).values(), reverse=True)) == shape
    ]


def _mean(names: Sequence[str]) -> dict[str, float]:
    return dict.fromkeys(names, 1 / len(names)) if names else {}


def _less(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """First less second; nothing where a side is empty."""
    if not first or not second:
        return {}
    return {**first, **{name: -weight for name, weight in second.items()}}


def _delta(letter: str, triple: Sequence[str], double: Sequence[str]) -> dict[str, float]:
    others = sorted({other for name in triple for other in letters_of(name)} - {letter})
    second: dict[str, float] = {}
    for other in others:
        pair = [name for name in double if letters_of(name) == {letter: 1, other: 2}]
        if not pair:
            return {}
        second |= {name: weight / len(others) for name, weight in _mean(pair).items()}
    return _less(_mean(triple), second)


def _cancels(weights: Mapping[str, float], part_of) -> bool:
    """Whether each part of a mixture (a group, a language) has weight 0 over all mixtures."""
    total: Counter = Counter()
    for name, weight in weights.items():
        for group in re.findall("..", name):
            total[part_of(group)] += weight / (len(name) // 2)
    return all(abs(weight) < _NOTHING for weight in total.values())
