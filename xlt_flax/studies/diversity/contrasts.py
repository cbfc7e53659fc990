"""The contrasts between mixtures that say what diversity is worth, by name and weight.

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
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from xlt_flax.analysis.contrasts import Contrast, equal_weights, less
from xlt_flax.analysis.languages import language_name
from xlt_flax.data.sources.webis_cls10.languages import LANGUAGE_OF_LETTER

DIVERSITY = "1:1:1 - 3:0"
TWO_LANGUAGES = "2:1 - 3:0"

_GROUP = re.compile(f"([{''.join(LANGUAGE_OF_LETTER)}])[1-9]")
_NOTHING = 1e-9  # weights that cancel leave rounding errors


def delta_key(language: str) -> str:
    return f"delta_{language}"


def share_fixed(language: str) -> str:
    """What a delta is called in words."""
    return f"{language_name(language)}'s share held fixed"


def diversity_contrasts(names: Iterable[str], left_out: Collection[str] = ()) -> list[Contrast]:
    """What a study's mixtures can say of diversity.

    Args:
      names: of all the study's runs, finished or not; those that are no mixtures are passed over.
      left_out: mixtures that have no part in it.

    Returns:
      1:1:1 - 3:0, 2:1 - 3:0 and the deltas, those for which there are mixtures.
    """
    mixtures = [name for name in names if name not in left_out]
    shapes = {shape: _of_shape(mixtures, shape) for shape in ((3,), (2, 1), (1, 1, 1))}
    single, double, triple = shapes.values()
    languages = sorted({letter for name in triple for letter in letters_of(name)})
    found = [
        Contrast(DIVERSITY, less(equal_weights(triple), equal_weights(single))),
        *(_delta(letter, triple, double) for letter in languages),
        # A step on the way to three languages, and no question of its own.
        Contrast(TWO_LANGUAGES, less(equal_weights(double), equal_weights(single)), told=False),
    ]
    return [
        replace(each, equal_groups=_cancels(each.weights, lambda group: group))
        for each in found
        if each.weights and _cancels(each.weights, lambda group: group[0])
    ]


def letters_of(name: str) -> Counter[str]:
    """How many groups of each language, by letter, a mixture has; empty for any other name."""
    is_mixture = re.fullmatch(f"({_GROUP.pattern})+", name)
    return Counter(_GROUP.findall(name) if is_mixture else ())


def _of_shape(names: Iterable[str], shape: tuple[int, ...]) -> list[str]:
    return [
        name for name in names if tuple(sorted(letters_of(name).values(), reverse=True)) == shape
    ]


def _delta(letter: str, triple: Sequence[str], double: Sequence[str]) -> Contrast:
    """Without weights where a pair of languages has no mixtures."""
    others = sorted({other for name in triple for other in letters_of(name)} - {letter})
    pairs = [
        [name for name in double if letters_of(name) == {letter: 1, other: 2}] for other in others
    ]
    second = {
        name: weight / len(others) for pair in pairs for name, weight in equal_weights(pair).items()
    }
    language = LANGUAGE_OF_LETTER[letter]
    weights = less(equal_weights(triple), second) if all(pairs) else {}
    return Contrast(delta_key(language), weights, label=f"1:1:1, {share_fixed(language)}")


def _cancels(weights: Mapping[str, float], part_of: Callable[[str], str]) -> bool:
    """Whether each part of a mixture (a group, a language) has weight 0 over all mixtures."""
    parts: dict[str, float] = {}
    for name, weight in weights.items():
        for group in re.findall("..", name):
            part = part_of(group)
            parts[part] = parts.get(part, 0.0) + weight / (len(name) // 2)
    return all(abs(weight) < _NOTHING for weight in parts.values())
