"""The study of diversity weighs all groups alike."""

from collections import Counter
from fractions import Fraction

import pytest

from xlt_flax.data.mixture import mixture_shape, parse_mixture
from xlt_flax.studies.diversity.mixtures import SHAPES, diversity_mixtures
from xlt_flax.studies.thesis import reported

MIXTURES = diversity_mixtures()


def weights(mixtures):
    """The share of each group in the documents of mixtures, each mixture weighing the same."""
    counts = Counter(group.name for mixture in mixtures for group in parse_mixture(mixture.name))
    return {name: Fraction(count, counts.total()) for name, count in counts.items()}


def test_a_draw_has_24_mixtures():
    assert Counter(mixture.shape for mixture in MIXTURES) == {"3:0": 3, "2:1": 18, "1:1:1": 3}
    groups = {frozenset(parse_mixture(mixture.name)) for mixture in MIXTURES}
    assert len(groups) == 24  # no two are the same set of groups under two names
    for mixture in MIXTURES:
        assert mixture_shape(parse_mixture(mixture.name)) == mixture.shape


@pytest.mark.parametrize("shape", SHAPES)
def test_every_group_has_the_same_weight_in_a_shape(shape):
    shares = weights([mixture for mixture in MIXTURES if mixture.shape == shape])
    assert shares == {f"{letter}{i}": Fraction(1, 9) for letter in "EDF" for i in (1, 2, 3)}


@pytest.mark.parametrize("major", "EDF")
@pytest.mark.parametrize("minor", "EDF")
def test_every_group_of_a_language_has_the_same_weight_in_a_pair(major, minor):
    pair = [mixture for mixture in MIXTURES if (mixture.major, mixture.minor) == (major, minor)]
    if major == minor:
        assert pair == []
        return
    assert weights(pair) == {
        **{f"{major}{i}": Fraction(2, 9) for i in (1, 2, 3)},
        **{f"{minor}{i}": Fraction(1, 9) for i in (1, 2, 3)},
    }
    assert sorted(mixture.index for mixture in pair) == [1, 2, 3]


def test_the_thesiss_twelve_are_among_them_by_the_same_names():
    names = {mixture.name for mixture in MIXTURES}
    for group in reported.ZERO_SHOT_GROUPS:
        assert set(group.runs) <= names
    six = {mixture.name for mixture in MIXTURES if mixture.shape == "2:1" and mixture.index == 1}
    assert six == set(reported.ZERO_SHOT_GROUPS[1].runs)
