"""Plans: the formula, what it says is needed, and a pilot's own components."""

import math

import numpy as np
import pytest
from simulated_worlds import DIVERSITY, World, values_of

from xlt_flax.analysis import power, statistics
from xlt_flax.analysis.contrasts import Contrast, difference
from xlt_flax.analysis.judged import Unit
from xlt_flax.analysis.measured import DRAWS, SEEDS, Blocks, Measured
from xlt_flax.errors import UserError

SIX = Contrast("1:1:1 - 3:0", {name: (1 if name < "d" else -1) / 3 for name in "abcdef"})


@pytest.mark.parametrize(
    ("sd", "draws", "seeds", "documents"), [(2, 5, 1, 2000), (1, 8, 2, 2000), (3, 10, 3, 500)]
)
def test_the_formula(sd, draws, seeds, documents):
    runs = draws * seeds
    variance = 2 / 3 * sd**2 / runs + 1e4 * (0.0104 + 0.066 / runs) / documents
    found = power.Parts(SIX, sd, documents).least(draws, seeds)
    assert found == pytest.approx(2.8 * variance**0.5)


def test_what_is_needed_is_the_least_that_suffices():
    parts = power.Parts(SIX, 2.0)
    text = power.plan(parts, 1.0)
    assert "at least 40: 40 draws with one seed, or 20 with two, 14 with three" in text
    assert parts.least(40, 1) <= 1 < parts.least(39, 1)
    assert parts.least(14, 3) <= 1 < parts.least(13, 3)
    assert f"{parts.least(5, 3):9.2f}" in text


def test_documents_set_a_limit_that_no_number_of_runs_passes():
    text = power.plan(power.Parts(SIX, 2.0, documents=2000), 0.5)
    assert "0.5 points cannot be seen on 2,000 documents" in text
    assert "0.64 is the least" in text
    assert "at least" in power.plan(power.Parts(SIX, 2.0, documents=8000), 0.5)


@pytest.mark.parametrize(
    ("sd", "effect", "documents"),
    [(-1, 1, 2000), (math.nan, 1, 2000), (2, 0, 2000), (2, math.nan, 2000), (2, 1, 1)],
)
def test_numbers_that_cannot_be(sd, effect, documents):
    with pytest.raises(UserError, match="--plan: wants"):
        power.plan(power.Parts(SIX, sd, documents), effect)


def measured(values, seeds=1, kind=DRAWS):
    members = tuple(tuple(Unit(d, s) for s in range(seeds)) for d in range(len(values)))
    estimate = statistics.crossed(values)
    return Measured(difference("A", "B"), Blocks(kind, members, ()), estimate, None)


def test_a_pilots_components_are_those_of_its_world():
    """40 draws with 2 seeds: a run's spread, and what documents add, come out as they went in."""
    world = World(seed_sd=2, draw_sd=0, documents=0.6, taste=0.3)
    right = world.judge(40, 2, 1500, np.random.default_rng(0))
    contrast = world.contrast("1:1:1 - 3:0")
    values = values_of(contrast, DIVERSITY, right.mean(axis=1))
    found = power.parts_of_pilot(SIX, measured(values, seeds=2), None, None)
    assert found.sd == pytest.approx(2, rel=0.15)
    assert found.documents == 1500
    one_seed = statistics.crossed(values_of(contrast, DIVERSITY, right[:, 0]))
    assert found.b == pytest.approx(one_seed.components.rest, rel=0.05)
    assert found.a == pytest.approx(one_seed.components.documents, rel=0.05)
    se = found.least(40, 2) / power.SEEN
    assert se == pytest.approx(100 * statistics.crossed(values).variance ** 0.5, rel=0.05)


def test_a_pilot_of_one_block_says_nothing():
    with pytest.raises(UserError, match="two finished blocks"):
        power.parts_of_pilot(SIX, measured(np.ones((1, 9))), None, None)
    with pytest.raises(UserError, match="two finished blocks"):
        power.parts_of_pilot(SIX, None, 2.0, None)


@pytest.mark.parametrize(("kind", "said"), [(DRAWS, False), (SEEDS, True)])
def test_a_pilot_of_one_draw_says_what_it_cannot_know(kind, said):
    values = np.random.default_rng(0).normal(size=(4, 30))
    text = power.plan(power.parts_of_pilot(SIX, measured(values, kind=kind), None, None), 1.0)
    assert ("one draw cannot say" in text) == said
