"""Mixtures: their names, and the parts that they stand for."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_flax.data.mixture import (
    Amount,
    Group,
    Part,
    counts_of,
    documents_of_groups,
    mixture_shape,
    parse_mixture,
    parts_of_groups,
)
from xlt_flax.errors import UserError


@pytest.mark.parametrize(
    ("name", "groups", "shape"),
    [
        ("", [], ""),
        ("E1", [Group("E", 1)], "1"),
        ("E1E2D1", [Group("E", 1), Group("E", 2), Group("D", 1)], "2:1"),
        ("D2F1D1", [Group("D", 2), Group("F", 1), Group("D", 1)], "2:1"),
        ("E3D3F3", [Group("E", 3), Group("D", 3), Group("F", 3)], "1:1:1"),
        ("F1F2F3", [Group("F", 1), Group("F", 2), Group("F", 3)], "3:0"),
        ("J1", [Group("J", 1)], "1"),
        ("E1J9", [Group("E", 1), Group("J", 9)], "1:1"),
    ],
)
def test_names(name, groups, shape):
    assert parse_mixture(name) == groups
    assert mixture_shape(groups) == shape
    assert "".join(group.name for group in groups) == name


@pytest.mark.parametrize(
    "name", ["X1", "E", "1", "E0", "e1", "E1 D1", "E1,D1", "E10", "E1\n", "Ｅ1"]
)
def test_names_that_are_none(name):
    with pytest.raises(UserError, match=r"config.mixture .* such as E1D1F1") as error:
        parse_mixture(name, "EDFJ")
    assert repr(name) in str(error.value)


@pytest.mark.parametrize("name", ["E", "1", "E0", "e1", "E1 D1", "E1\n"])
def test_what_is_no_mixture_of_any_data_set(name):
    with pytest.raises(UserError, match="a group is a letter and a number from 1 to 9"):
        parse_mixture(name)


def test_letters_are_those_of_the_data_set():
    letters = {"A": "sw", "B": "yo"}
    parts = parts_of_groups(parse_mixture("A1B2", letters), letters, 30, 10)
    assert parts == [Part("A1", "sw", 1, 30, 10), Part("B2", "yo", 2, 30, 10)]
    with pytest.raises(UserError, match="a group is one of A, B and a number"):
        parse_mixture("E1", letters)
    assert parse_mixture("", {}) == []
    with pytest.raises(UserError, match="a group is one of none and"):
        parse_mixture("E1", {})


def test_a_group_that_is_named_twice():
    with pytest.raises(UserError, match=r"'E1D1E1' names E1 more than once"):
        parse_mixture("E1D1E1")


@pytest.mark.parametrize(
    ("name", "amounts"),
    [
        ("en", [Amount("en", "en")]),
        ("en+de:1000", [Amount("en", "en"), Amount("de:1000", "de", 1000)]),
        ("zh-Hans:5", [Amount("zh-Hans:5", "zh-Hans", 5)]),
        ("jpn_Jpan+EN", [Amount("jpn_Jpan", "jpn_Jpan"), Amount("EN", "EN")]),
        ("en:66.7%", [Amount("en:66.7%", "en", None, Fraction("66.7"))]),
    ],
)
def test_amounts(name, amounts):
    assert parse_mixture(name, "EDFJ") == parse_mixture(name, ()) == amounts
    assert "+".join(amount.name for amount in amounts) == name
    assert mixture_shape(amounts) == "languages"
    with pytest.raises(ValueError, match="not known from its name"):
        documents_of_groups(amounts, 1000)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("en:0", "neither a list of languages such as"),
        ("en:", "neither"),
        ("en:20x", "neither"),
        ("en:-5", "neither"),
        ("en+", "neither"),
        ("en + de", "neither"),
        ("en+E1", "neither"),
        ("E1D1+en", "neither"),
        ("en:5%%", "neither"),
        ("en+de+en:5", "names en more than once"),
        ("en+ru", "names ru: give one of en, de"),
    ],
)
def test_amounts_that_are_none(name, line):
    with pytest.raises(UserError, match=line):
        parse_mixture(name, "EDFJ", ["en", "de"])


PERCENTS = st.lists(st.integers(1, 40), min_size=1, max_size=3).filter(lambda p: sum(p) <= 100)


@given(PERCENTS, st.integers(400, 10_000))
def test_shares_are_whole_documents_and_as_many_as_they_should_be(percents, budget):
    amounts = parse_mixture("+".join(f"a{c}:{p}%" for c, p in zip("bcd", percents, strict=False)))
    counts = counts_of(amounts, budget)
    assert sum(counts.values()) == round(Fraction(sum(percents) * budget, 100))
    for amount in amounts:
        assert abs(counts[amount.language] - amount.percent * budget / 100) < 1


@pytest.mark.parametrize(
    ("name", "budget", "line"),
    [
        ("en:67%", 0, "config.data.budget does not say of how many"),
        ("en:67%+de:34%", 100, "more than 100% of config.data.budget"),
        ("en:99%+de:1%", 10, "leaves none for de"),
    ],
)
def test_shares_that_cannot_be(name, budget, line):
    with pytest.raises(UserError, match=line):
        counts_of(parse_mixture(name), budget)
