"""The thesis re-read: what an audit of its published cells found, computed from them."""

import pytest

from xlt_flax.studies.thesis import reported, reread


def points(value):
    return round(100 * value, 2)


def test_german_is_in_every_mixture_that_does_well():
    found = reread.presence()
    assert found.counts == (8, 4)
    assert (found.least_with, found.most_without) == (0.7395, 0.7310)
    assert (round(found.mean_with, 4), round(found.mean_without, 4)) == (0.7578, 0.7190)
    assert found.test.p == found.test.least == pytest.approx(2 / 495)


def test_three_against_three_can_give_no_less():
    gain, test = reread.diversity()
    assert points(gain) == 3.25
    assert test.p == test.least == 0.1
    assert [round(mean, 4) for mean in reread.pairs_without()] == [0.7130, 0.7250]


def test_least_squares_with_and_without_german():
    alone, beside = reread.slope(), reread.slope("D")
    assert 100 * alone.slope == pytest.approx(1.62, abs=0.006)
    assert points(alone.error) == 0.77
    assert (points(beside.slope), points(beside.error)) == (0.44, 0.51)


def test_the_deltas_and_what_germans_presence_alone_predicts():
    found = {each.language: each for each in reread.deltas()}
    assert {key: points(each.value) for key, each in found.items()} == {
        "de": 0.92,
        "en": 2.99,
        "fr": 2.79,
    }
    worth = reread.presence().worth
    assert found["de"].predicted == pytest.approx(0)
    assert found["en"].predicted == found["fr"].predicted == pytest.approx(worth / 2)


def test_the_j1_claim_is_one_broken_run():
    gain, rest, broken = reread.after_j1()
    assert broken == "D1D2D3+J1"
    assert (points(gain), points(rest)) == (2.03, 0.07)


def test_e2d1f3_was_chosen_on_the_test_set():
    assert "".join(reread.best_singles()) == reported.BEST_SINGLES.key


def test_every_figure_is_computed_and_none_typed_in(monkeypatch):
    before = reread.sentences()
    assert "exact p = .004" in before[0]
    assert "+3.25 points, exact p = .100, the least" in before[1]
    assert "+1.62 ± 0.77" in before[2]
    assert "+0.92 (German), +2.99 (English), +2.79 (French)" in before[3]
    assert "+2.03 points; without D1D2D3+J1" in before[4]
    changed = {name: value + 0.01 * (name == "E2D2F2") for name, value in reported.ACCURACY.items()}
    changed["E2D2F2+J1"] += 0.01
    changed["E1D1F1"] -= 0.0300  # now below the best without German
    monkeypatch.setattr(reported, "ACCURACY", changed)
    after = reread.sentences()
    assert all(one != other for one, other in zip(before, after, strict=True))
