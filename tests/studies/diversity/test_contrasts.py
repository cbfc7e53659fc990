"""What contrasts of mixtures weigh, and what cancels in them."""

import numpy as np
import pytest
from simulated_worlds import DIVERSITY, LETTERS, THESIS

from xlt_flax.studies.thesis import reported
from xlt_flax.studies.thesis.contrasts import (
    J1_STAGE,
    SOURCE_STAGE,
    after_j1_contrasts,
    j1_contrasts,
    of_the_thesis,
    zero_shot_contrasts,
)

KEYS = ["1:1:1 - 3:0", "delta_de", "delta_en", "delta_fr", "2:1 - 3:0"]


def by_key(names):
    return {each.key: each for each in zero_shot_contrasts(names)}


def accuracies_of(names, languages=None, groups=None, diversity=0.0):
    """Additive effects: shares of languages, of groups, and what diversity is worth."""
    found = {}
    for name in names:
        parts = [name[i : i + 2] for i in range(0, len(name), 2)]
        own = sum((languages or {}).get(part[0], 0) + (groups or {}).get(part, 0) for part in parts)
        found[name] = own / len(parts) + diversity * (len({part[0] for part in parts}) == 3)
    return found


@pytest.mark.parametrize("names", [THESIS, DIVERSITY], ids=["thesis", "diversity"])
def test_effects_of_languages_cancel_and_diversity_does_not(names):
    languages = {"E": 0.1, "D": 0.7, "F": -0.3}
    found = by_key(names)
    assert sorted(found) == sorted(KEYS)
    for key in KEYS[:4]:
        assert found[key].of(accuracies_of(names, languages)) == pytest.approx(0, abs=1e-12)
        assert found[key].of(accuracies_of(names, languages, diversity=0.02)) == pytest.approx(0.02)


@pytest.mark.parametrize("key", KEYS)
def test_draws_cancel_in_the_cyclic_mixtures_alone(key):
    rng = np.random.default_rng(0)
    groups = {f"{letter}{number}": rng.normal() for letter in LETTERS for number in (1, 2, 3)}
    cyclic, six = by_key(DIVERSITY)[key], by_key(THESIS)[key]
    assert cyclic.of(accuracies_of(DIVERSITY, groups=groups)) == pytest.approx(0, abs=1e-12)
    assert cyclic.equal_groups
    assert six.equal_groups == (key == "1:1:1 - 3:0")
    left = abs(six.of(accuracies_of(THESIS, groups=groups)))
    assert (left < 1e-12) == six.equal_groups


def test_were_germans_presence_all_only_its_own_delta_would_be_zero():
    presence = {name: float("D" in name) for name in DIVERSITY}
    found = {key: contrast.of(presence) for key, contrast in by_key(DIVERSITY).items()}
    assert found["delta_de"] == pytest.approx(0)
    assert found["delta_en"] == found["delta_fr"] == pytest.approx(0.5)
    assert found["1:1:1 - 3:0"] == pytest.approx(2 / 3)


def test_the_thesiss_own_numbers():
    known = of_the_thesis()
    points = {key: round(100 * value, 2) for key, value in known.items()}
    assert points["1:1:1 - 3:0"] == 3.25
    assert (points["delta_de"], points["delta_en"], points["delta_fr"]) == (0.92, 2.99, 2.79)
    assert points["1:1:1 - 3:0, after J1"] == 2.03


def test_a_mixture_of_groups_chosen_on_the_test_set_is_in_no_contrast():
    assert "E2D1F3" in reported.ACCURACY
    assert all("E2D1F3" not in each.weights for each in zero_shot_contrasts(reported.ACCURACY))


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["E1E2E3", "D1D2D3", "F1F2F3", "E1D1F1"], ["1:1:1 - 3:0"]),
        (["E1E2E3", "D1D2D3", "E1D1F1"], []),  # French on one side only
        (["E1E2D1", "F1F2D1", "E1D1F1"], ["delta_de"]),
        (["E1E2D1", "E1D1F1"], []),
        (["E1D1F1 [train.epochs 3]", "E1E2E3", "D1D2D3", "F1F2F3"], []),
        ([], []),
    ],
)
def test_only_contrasts_with_the_same_languages_on_both_sides(names, keys):
    assert list(by_key(names)) == keys


def test_after_j1_the_same_mixtures_are_weighed():
    found = {each.key: each for each in after_j1_contrasts(reported.ACCURACY)}["delta_de, after J1"]
    assert set(found.weights) == {
        "E1D1F1+J1", "E2D2F2+J1", "E3D3F3+J1", "E1E2D1+J1", "F1F2D1+J1",
    }  # fmt: skip
    names = [each.key for each in j1_contrasts(reported.ACCURACY)]
    assert names == [J1_STAGE, SOURCE_STAGE]
    assert j1_contrasts(["E1", "J1"]) == []
