"""Draws: a sweep over several draws of the groups does for each what it would do alone."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from ml_collections import ConfigDict
from shards import checked_shards

from xlt_flax.config import resolve, sample
from xlt_flax.data import selection
from xlt_flax.errors import UserError
from xlt_flax.studies.plan import (
    make_tasks,
    parse_draws,
    pick,
    plan_runs,
    split_config,
)
from xlt_flax.studies.runner import Sweep, steps_of_mixtures, task_config
from xlt_flax.studies.study_file import check_sweep_file, with_own_draw, write_sweep_file
from xlt_flax.studies.thesis import reported
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.plan import plan_study

ROOT = Path(__file__).parents[1]
RUNS = plan_runs(["E1", "E1+J1", "D1"], reported.TABLE_OF)


def config_of(name):
    spec = importlib.util.spec_from_file_location(f"config_{name}", ROOT / f"configs/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return split_config(module.get_config())


@pytest.fixture(scope="module")
def small(sample_data_dir):
    """What the runs of a sweep of seconds have in common; its own draw is 50."""
    config = sample()
    config.data.data_dir = str(sample_data_dir)
    config.data.max_length = 64
    config.data.train_per_group, config.data.validation_per_group = 8, 9
    config.train.epochs = 2
    return resolve(config)


# ---- The plan -------------------------------------------------------------------------------


def test_the_first_draw_is_complete_first_and_the_own_one_is_not_named():
    folders = [task.folder for task in make_tasks(RUNS, [50, 51], [None, 7])]
    assert folders == [
        *("E1-seed50", "D1-seed50", "E1+J1-seed50"),
        *("E1-seed51", "D1-seed51", "E1+J1-seed51"),
        *("E1-draw7-seed50", "D1-draw7-seed50", "E1+J1-draw7-seed50"),
        *("E1-draw7-seed51", "D1-draw7-seed51", "E1+J1-draw7-seed51"),
    ]


def test_a_task_has_its_draw_and_a_stage_the_source_of_its_draw_and_seed(small, tmp_path):
    configs = {
        task.folder: task_config(small, task, tmp_path)
        for task in make_tasks(RUNS, [51], [None, 7])
    }
    assert configs["E1-seed51"].data.split_seed == 50
    stage = configs["E1+J1-draw7-seed51"]
    assert (stage.data.split_seed, stage.seed) == (7, 51)
    assert stage.init_from == str(tmp_path / "E1-draw7-seed51")


def test_another_draw_has_other_documents_for_the_same_seed(small, sample_corpus, tmp_path):
    own, other = (
        set(selection.select(sample_corpus, "E1", config.data).train.ids)
        for config in (
            task_config(small, task, tmp_path) for task in make_tasks(RUNS[:1], [50], [None, 51])
        )
    )
    assert own != other


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shards_keep_the_stages_of_a_draw_together_and_are_balanced(small, count):
    steps = steps_of_mixtures(small, RUNS)
    tasks = make_tasks(RUNS, [50, 51], [None, 7, 8])
    shards = checked_shards(tasks, steps, count)
    loads = [sum(steps[task.run.mixture] for task in shard) for shard in shards]
    assert max(loads) - min(loads) <= steps["E1"] + steps["J1"]  # the longest chain
    assert len(shards[0]) >= len(tasks) // count - 1  # draws are chains of their own


@pytest.mark.parametrize("words", [["50", "x"], ["-1"], ["50", "050"], [str(2**32)]])
def test_wrong_draws_are_refused_in_one_line(words):
    with pytest.raises(UserError, match=r"^--draws") as refused:
        parse_draws(words)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["diversity", "diversity_demo"])
def test_the_study_has_24_runs_that_shapes_pick(name):
    config, names = config_of(name)
    runs = plan_runs(names, {})
    assert len(runs) == 24
    counts = [len(pick(runs, [shape])) for shape in ("3:0", "2:1", "1:1:1")]
    assert counts == [3, 18, 3]
    assert len(set(steps_of_mixtures(config, runs).values())) == 1


# ---- sweep.json -----------------------------------------------------------------------------


def stored(folder):
    return json.loads((folder / "sweep.json").read_text())


def test_sweep_json_gathers_draws(small, tmp_path):
    write_sweep_file(tmp_path, small, RUNS, [50], [51])
    write_sweep_file(tmp_path, small, RUNS, [50], [50, 52])
    assert stored(tmp_path)["draws"] == [50, 51, 52]
    assert stored(tmp_path)["seeds"] == [50]


def test_a_sweep_of_a_version_without_draws_goes_on_and_its_draw_stays_its_own(small, tmp_path):
    write_sweep_file(tmp_path, small, RUNS, [50], [50])
    old = stored(tmp_path)
    del old["draws"], old["versions"], old["config"]["model"]["revision"]  # what is new since
    (tmp_path / "sweep.json").write_text(json.dumps(old))
    asked = ConfigDict(small.to_dict())
    asked.data.split_seed = 51  # another draw of the same sweep, not another sweep
    config = with_own_draw(tmp_path, asked.lock())
    assert config.data.split_seed == 50
    assert check_sweep_file(tmp_path, config)["draws"] == [50]
    write_sweep_file(tmp_path, config, RUNS, [50], [51])
    assert stored(tmp_path)["draws"] == [50, 51]
    assert stored(tmp_path)["config"]["data"]["split_seed"] == 50


def test_shards_that_begin_with_two_own_draws_are_not_mixed_up(small, tmp_path):
    """Both looked when there was no sweep.json; the second to write it is refused."""
    other = ConfigDict(small.to_dict())
    other.data.split_seed = 51
    write_sweep_file(tmp_path, small, RUNS, [50], [50])
    with pytest.raises(UserError, match=r"data\.split_seed: 50 -> 51"):
        write_sweep_file(tmp_path, other.lock(), RUNS, [50], [51])


def test_a_sweep_json_of_a_newer_version_is_refused(small, tmp_path):
    write_sweep_file(tmp_path, small, RUNS, [50], [50])
    newer = stored(tmp_path) | {"versions": {"workdir": 99}}
    (tmp_path / "sweep.json").write_text(json.dumps(newer))
    with pytest.raises(UserError, match="format is 99"):
        check_sweep_file(tmp_path, small)


@pytest.mark.parametrize("content", ["[]", "{}", '{"config": {}, "seeds": [], "runs": []}', "{"])
def test_a_broken_sweep_json_is_named(small, tmp_path, content):
    (tmp_path / "sweep.json").write_text(content)
    for look in (check_sweep_file, with_own_draw):
        with pytest.raises(UserError, match="not whole"):
            look(tmp_path, small)


# ---- What runs share, and what they end with ------------------------------------------------


def test_what_a_draws_runs_share_does_not_depend_on_other_draws(small):
    """Down to the rows and shapes that rounding depends on."""

    def rows_and_shapes(inputs, draw):
        plan = plan_study(config_with(draw), inputs, mixtures, steps=100)
        return plan.vocabulary.ids, plan.packing, plan.evaluation_lengths

    def config_with(draw):
        config = ConfigDict(small.to_dict())
        config.mixture, config.data.split_seed = "E1", draw
        return config.lock()

    mixtures = [run.mixture for run in RUNS]
    several = open_inputs(small)
    before, shared, again = (rows_and_shapes(several, draw) for draw in (50, 51, 50))
    alone = rows_and_shapes(open_inputs(small), 51)
    for one, other in ((shared, alone), (before, again)):
        np.testing.assert_array_equal(one[0], other[0])
        assert one[1] == other[1]
        np.testing.assert_array_equal(one[2], other[2])
    assert not np.array_equal(shared[2], before[2])


def end_state(workdir):
    names = ("metrics.jsonl", "audit.json", "eval/ja.predictions.jsonl")
    return {name: (workdir / name).read_bytes() for name in names}


@pytest.mark.slow
def test_a_run_has_the_same_bits_with_other_draws_and_alone(small, tmp_path):
    def do(folder, config, draws):
        Sweep(tmp_path / folder, config, RUNS, make_tasks(RUNS, [50], draws)).run()

    alone = ConfigDict(small.to_dict())
    alone.data.split_seed = 51
    do("several", small, [None, 51])
    do("alone", alone.lock(), [None])
    for name in ("E1", "E1+J1", "D1"):
        several = tmp_path / "several"
        other = end_state(several / f"{name}-draw51-seed50")
        assert other == end_state(tmp_path / f"alone/{name}-seed50")
        assert other != end_state(several / f"{name}-seed50")
    config = json.loads((tmp_path / "several/E1+J1-draw51-seed50/config.json").read_text())
    assert config["config"]["init_from"] == str(tmp_path / "several/E1-draw51-seed50")
