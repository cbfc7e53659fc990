"""Mixtures: their names, and the parts that they stand for."""

import pytest

from xlt_flax.data.mixture import (
    Group,
    Part,
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
