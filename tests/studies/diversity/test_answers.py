"""The report's first sentence: which one, under which conditions."""

import re

import numpy as np
import pytest

from xlt_flax.analysis import statistics
from xlt_flax.analysis.contrasts import Contrast
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.judged import Unit
from xlt_flax.analysis.measured import DOCUMENTS, DRAWS, SEEDS, Blocks, Measured
from xlt_flax.studies.diversity import answers
from xlt_flax.studies.diversity.report import ZERO_SHOT


def effect(key, mean, kind=DRAWS, blocks=6, spread=0.004, problems=()):
    """A contrast whose blocks spread evenly about its mean, on documents that hardly differ."""
    about = np.linspace(-1, 1, blocks)[:, None] * spread if blocks > 1 else np.zeros((1, 1))
    ripple = 0.001 * np.random.default_rng(0).normal(size=(blocks, 50))
    values = mean + about + ripple - ripple.mean()
    units = tuple(
        (Unit(50 + b * (kind == DRAWS), 50 + b * (kind == SEEDS)),) for b in range(blocks)
    )
    test = statistics.sign_flip(values.mean(axis=1)) if blocks > 1 else None
    return Effect(
        Measured(
            Contrast(key, {"E1D1F1": 1.0}),
            Blocks(kind, units, ()),
            statistics.crossed(values),
            test,
            problems=problems,
        ),
        ZERO_SHOT,
        None,
        None,
    )


def missing(key):
    return Effect(
        Measured(Contrast(key, {}), Blocks(DOCUMENTS, (), ()), None, None, ("E1",)),
        ZERO_SHOT,
        None,
        None,
    )


def said(*effects):
    answer = answers.what_diversity_is_worth(effects)
    return answer and answer.text


def test_german_held_fixed_decides():
    text = said(effect("delta_de", 0.02), effect("1:1:1 - 3:0", 0.04))
    assert re.match(
        r"Diversity is worth \+2\.00 points \[\+1\.\d\d, \+2\.\d\d\] with German.s share held "
        r"fixed; "
        r"1:1:1 − 3:0, in which German's own part is, is \+4\.00 points \[",
        text,
    )
    text = said(effect("delta_de", 0.0), effect("1:1:1 - 3:0", 0.04))
    assert text.startswith("No evidence that diversity is worth anything with German's share held")


def test_no_evidence_says_what_could_have_been_seen():
    clean = effect("delta_de", 0.001)
    low, high = clean.measured.interval
    assert low < 0 < high
    seen = 100 * clean.measured.estimate.detectable
    assert f"this study could have seen {seen:.2f} points (80% power)" in said(clean)


def test_a_cost_is_a_cost():
    assert said(effect("delta_de", -0.02)).startswith("Diversity costs: it is worth −2.00 points")


@pytest.mark.parametrize(
    ("kind", "blocks", "over"),
    [
        (SEEDS, 4, "(4 seeds, its groups of documents held fixed)"),
        (DOCUMENTS, 1, "(one seed: documents only)"),
    ],
)
@pytest.mark.parametrize("mean", [0.05, -0.05])
def test_one_draw_cannot_tell_whatever_it_shows(kind, blocks, over, mean):
    text = said(effect("delta_de", mean, kind, blocks), effect("1:1:1 - 3:0", mean, kind, blocks))
    assert text.startswith("What diversity is worth cannot be told from one draw: with German's")
    assert over in text


def test_without_2_1_mixtures_german_and_diversity_cannot_be_told_apart():
    text = said(effect("1:1:1 - 3:0", 0.04), missing("delta_de"))
    assert text.startswith("What diversity is worth cannot be told from German's presence without")
    assert "+4.00 points" in text


def test_where_there_is_nothing_to_say_nothing_is_said():
    assert said() is None
    assert said(missing("delta_de"), missing("1:1:1 - 3:0")) is None
    assert said(effect("delta_en", 0.03)) is None
    assert said(effect("delta_de, after J1", 0.03)) is None


def test_few_blocks_and_broken_models_are_said():
    text = said(effect("delta_de", 0.05, blocks=3, problems=("E1D1F1-seed50",)))
    assert "(exact sign flip: p = .250, the least that 3 draws can give)" in text
    assert text.endswith("models with problems are in it: E1D1F1-seed50.")
    assert "sign flip" not in said(effect("delta_de", 0.05, blocks=7))
