"""Contrasts over runs: over which blocks they are taken, and what is said of them."""

import json
import shutil

import made_up_sweep
import numpy as np
import pytest
import simulated_worlds
from simulated_worlds import DIVERSITY, THESIS

from xlt_flax.analysis import figures, read_runs, records, summary, tables
from xlt_flax.analysis.contrasts import UNEQUAL_GROUPS
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.measured import DOCUMENTS, DRAWS, ONE_SEED, SEEDS, measure
from xlt_flax.studies import known
from xlt_flax.studies.diversity.contrasts import diversity_contrasts
from xlt_flax.studies.diversity.report import ZERO_SHOT
from xlt_flax.studies.thesis import reported


def by_key(names):
    return {each.key: each for each in diversity_contrasts(names)}


@pytest.fixture(scope="module")
def three_draws(tmp_path_factory):
    """The thesis's 3:0 and 1:1:1 in three draws with two seeds each, 60 documents."""
    accuracies = {name: 0.7 + 0.05 * ("E1D" in name) for name in THESIS if _is_outer(name)}
    folder = tmp_path_factory.mktemp("draws") / "sweep"
    return made_up_sweep.write_sweep(
        folder, (50, 51), 60, accuracies, seed_sd=0.05, draws=(50, 51, 52)
    )


def _is_outer(name):
    return len({*name[::2]}) != 2


def take(folder, key="1:1:1 - 3:0"):
    sweep = read_runs.read_results(folder)
    return measure(by_key(sweep.names())[key], sweep.runs, Judged(sweep)), sweep


def block_means(sweep, contrast, blocks):
    return [
        np.mean([
            sum(w * run.target.accuracy for n, w in contrast.weights.items()
                for run in sweep.of(n) if (run.draw, run.seed) == unit)
            for unit in units
        ])
        for units in blocks
    ]  # fmt: skip


def test_draws_are_the_blocks_and_their_seeds_are_averaged(three_draws):
    found, sweep = take(three_draws)
    assert found.blocks.kind == DRAWS
    assert found.blocks.members == tuple(((d, 50), (d, 51)) for d in (50, 51, 52))
    means = block_means(sweep, found.contrast, found.blocks.members)
    assert found.estimate.mean == pytest.approx(np.mean(means))
    assert found.estimate.blocks == 3
    assert found.test.least == 0.25
    assert found.blocks.holds_fixed == "seeds 50, 51 of a draw"


def test_seeds_are_the_blocks_of_one_draw(tmp_path, three_draws):
    for folder in three_draws.glob("*-seed*"):
        if "-draw" not in folder.name:
            shutil.copytree(folder, tmp_path / folder.name)
    found, _ = take(tmp_path)
    assert found.blocks.kind == SEEDS
    assert found.blocks.basis == "2 seeds"
    assert found.blocks.holds_fixed == "draw 50"
    for folder in tmp_path.glob("*-seed51"):
        shutil.rmtree(folder)
    found, _ = take(tmp_path)
    assert found.blocks.kind == DOCUMENTS
    assert found.blocks.basis == ONE_SEED
    assert ONE_SEED in found.flags
    assert found.test is None
    assert found.blocks.holds_fixed == "seed 50 and draw 50"
    assert found.estimate.df == 59


def test_only_complete_blocks_count_and_the_others_are_named(tmp_path, three_draws):
    sweep = shutil.copytree(three_draws, tmp_path / "s")
    (sweep / "E1D1F1-draw51-seed50" / "DONE").unlink()
    (sweep / "E2D2F2-draw52-seed50" / "DONE").unlink()
    (sweep / "F1F2F3-draw52-seed51" / "DONE").unlink()
    found, read = take(sweep)
    assert found.blocks.members == (((50, 50), (50, 51)), ((51, 51),))
    assert found.blocks.lacking == ((51, 50), (52, 50), (52, 51))
    assert "left out, not complete: draw 52, seed 50" in found.flags
    assert "draws with unequal numbers of seeds" in found.flags
    means = block_means(read, found.contrast, found.blocks.members)
    assert found.estimate.mean == pytest.approx(np.mean(means))


def test_a_model_with_a_problem_counts_and_is_named(tmp_path, three_draws):
    sweep = shutil.copytree(three_draws, tmp_path / "s")
    path = sweep / "E1D1F1-draw51-seed50" / "eval" / "ja.json"
    values = {**json.loads(path.read_text()), "problems": ["all predictions are of one class"]}
    path.write_text(json.dumps(values))
    before, found = take(three_draws)[0], take(sweep)[0]
    assert found.estimate == before.estimate
    assert "models with problems: E1D1F1-draw51-seed50" in found.flags


def test_the_thesiss_six_mixtures_are_flagged(tmp_path):
    accuracies = {name: reported.ACCURACY[name] for name in THESIS}
    folder = made_up_sweep.write_sweep(tmp_path / "s", (50,), 40, accuracies)
    found, _ = take(folder, "delta_de")
    assert UNEQUAL_GROUPS in found.flags
    assert UNEQUAL_GROUPS not in take(folder)[0].flags


def test_the_whole_study_of_diversity_from_worlds_to_findings(tmp_path):
    """24 mixtures in 4 draws: each contrast is the one that the world's own arrays give."""
    world = simulated_worlds.World(diversity=5)
    right = world.judge(4, 1, 50, np.random.default_rng(0))
    made_up_sweep.write_plan(tmp_path, [50], DIVERSITY, (50, 51, 52, 53))
    rng = np.random.default_rng(0)
    for block, draw in enumerate((50, 51, 52, 53)):
        for index, name in enumerate(DIVERSITY):
            made_up_sweep.write_run(
                tmp_path / made_up_sweep.folder_name(name, 50, draw),
                name, 50, right[block, 0, index], rng, fields={"data.split_seed": draw},
            )  # fmt: skip
    found = known.find(read_runs.read_results(tmp_path))
    for effect in found.every.effects:
        expected = simulated_worlds.values_of(effect.measured.contrast, DIVERSITY, right[:, 0])
        assert effect.difference == pytest.approx(expected.mean(), abs=1e-6)
        assert effect.measured.contrast.equal_groups
        assert not effect.measured.blocks.lacking
        assert effect.measured.blocks.basis == "4 draws"
    assert [effect.stage for effect in found.every.effects] == [ZERO_SHOT] * 5


@pytest.mark.parametrize(("seeds", "one"), [((50,), True), ((50, 51), False)])
def test_every_number_of_one_seed_says_so(tmp_path, seeds, one):
    names = ("E1E2E3", "D1D2D3", "F1F2F3", "E1D1F1", "E2D2F2", "E3D3F3")
    accuracies = {name: reported.ACCURACY[name] for name in names}
    made_up_sweep.write_sweep(tmp_path / "s", seeds, 40, accuracies, seed_sd=0.03)
    sweep = read_runs.read_results(tmp_path / "s")
    found = known.find(sweep, [(sweep.of("E1D1F1"), sweep.of("E1E2E3"))])
    shown = {table.key: table for table in tables.all_tables(found)}
    for key in ("4.1", "4.3"):
        for row in shown[key].rows:
            assert row.cells[2].endswith("¹") == one, row
        assert any(ONE_SEED in note for note in shown[key].notes) == one
    assert (ONE_SEED in shown["effects"].rows[0].cells) == one
    assert (ONE_SEED in shown["compare"].rows[0].cells) == one
    assert (found.asked[0].p is None) == one
    assert (ONE_SEED in summary.answers(found)[0].text) == one
    drawn = [text.get_text() for figure in (d.figure for d in figures.all_figures(found))
             for legend in [*figure.legends, *(a.get_legend() for a in figure.axes)]
             if legend for text in legend.get_texts()]  # fmt: skip
    assert any("documents only" in text for text in drawn) == one
    marked = [cell for row in shown["pairs"].rows for cell in row.cells if cell.endswith("*")]
    assert not (one and marked)
    written = records.results_json(found)
    assert (written["contrasts"]["1:1:1 - 3:0"]["basis"] == ONE_SEED) == one
    assert (written["cells"]["E1D1F1"]["basis"] == ONE_SEED) == one


def test_a_comparison_is_paired_by_draw_and_seed(tmp_path):
    """Seeds move both mixtures alike: unpaired, +10 points would drown in them."""
    rng = np.random.default_rng(0)
    difficulty = rng.normal(size=200)
    made_up_sweep.write_plan(tmp_path, [50, 51, 52, 53], ("E1D1F1", "E1E2E3"))
    for seed, level in ((50, 0.4), (51, 0.5), (52, 0.6), (53, 0.7)):
        for name, more in (("E1D1F1", 0.1), ("E1E2E3", 0.0)):
            right = made_up_sweep.right_documents(level + more, 200, rng, 5 * difficulty)
            made_up_sweep.write_run(tmp_path / f"{name}-seed{seed}", name, seed, right, rng)
    sweep = read_runs.read_results(tmp_path)
    (found,) = known.find(sweep, [(sweep.of("E1D1F1"), sweep.of("E1E2E3"))]).asked
    assert found.difference == pytest.approx(0.1)
    assert found.interval.low > 0.05
    assert found.p < 0.001
    assert (found.p_sign_flip, found.least_p) == (0.125, 0.125)
    assert found.basis == "4 seeds"
