"""Runs that were not made alike share no cell, with a sweep.json or without."""

import json

import made_up_sweep
import numpy as np
import pytest

from xlt_flax.analysis import read_runs, tables
from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.studies import known

RIGHT = np.arange(40) < 30


def write(folder, name, seed=50, place=None, **fields):
    fields = {field.replace("__", "."): value for field, value in fields.items()}
    rng = np.random.default_rng(0)
    made_up_sweep.write_run(
        folder / (place or f"{name}-seed{seed}"), name, seed, RIGHT, rng, fields=fields
    )


def names(folder):
    return read_runs.read_results(folder).names()


@pytest.fixture(params=["planned", "unplanned"])
def folder(request, tmp_path):
    """E1D1F1 with two seeds; in a sweep.json or as a folder of runs."""
    if request.param == "planned":
        made_up_sweep.write_plan(tmp_path, (50, 51, 52), ("E1D1F1",))
    for seed in (50, 51):
        write(tmp_path, "E1D1F1", seed)
    return tmp_path


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("train.learning_rate", 1e-5, "train.learning_rate=1e-05"),
        ("data.dedup", True, "data.dedup=True"),
        ("train.max_steps", 20, "train.max_steps=20"),
        ("model.dtype", "bfloat16", "model.dtype=bfloat16"),
        ("model.name", "/models/other-bert", "model.name=other-bert"),
        ("data.train_per_group", 500, "data.train_per_group=500"),
    ],
)
def test_another_value_is_another_cell_and_in_no_table_of_the_thesis(folder, field, value, said):
    write(folder, "E1D1F1", 52, **{field.replace(".", "__"): value})
    sweep = read_runs.read_results(folder)
    apart = f"E1D1F1 [{said}]"
    assert sweep.names() == ["E1D1F1", apart]
    found = known.find(sweep)
    assert found.every.cells["E1D1F1"].seeds == (50, 51)
    assert found.every.cells[apart].seeds == (52,)
    assert found.every.cells[apart].reported is None
    by_key = {table.key: table for table in tables.all_tables(found)}
    assert [row.cells[0] for row in by_key["other"].rows] == [apart]
    assert apart not in [row.cells[0] for row in by_key["4.3"].rows]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data.data_dir", "/elsewhere"),
        ("data.manual_dir", "/elsewhere"),
        ("eval.batch_size", 7),
        ("eval.languages", "de,ja"),
        ("train.checkpoint_every_steps", 3),
        ("model.name", "/models/bert-base-multilingual-cased"),
        ("data.split_seed", 51),  # a draw
    ],
)
def test_places_and_what_changes_no_result_is_no_setting(folder, field, value):
    write(folder, "E1D1F1", 52, **{field.replace(".", "__"): value})
    assert names(folder) == ["E1D1F1"]


def test_an_evaluation_that_read_documents_otherwise_is_told_apart(folder):
    write(folder, "E1D1F1", 52)
    made_up_sweep.write_evaluation(folder / "E1D1F1-seed52", "ja", RIGHT, long="windows")
    assert set(names(folder)) == {"E1D1F1", "E1D1F1 [eval --long=windows]"}
    for seed in (50, 51):
        made_up_sweep.write_evaluation(folder / f"E1D1F1-seed{seed}", "ja", RIGHT, long="windows")
    assert names(folder) == ["E1D1F1"]


def test_the_main_setting_is_that_of_most_finished_runs_for_all_cells_alike(tmp_path):
    """One mixture at its own rate never stands beside others in a table of the thesis."""
    for name in ("E1D1F1", "E2D2F2", "E3D3F3"):
        write(tmp_path, name, train__learning_rate=1e-5)
    write(tmp_path, "E1E2E3")
    assert set(names(tmp_path)) == {
        "E1D1F1",
        "E2D2F2",
        "E3D3F3",
        "E1E2E3 [train.learning_rate=2e-05]",
    }


def test_of_equally_many_the_thesiss_setting_is_the_main_one(tmp_path):
    write(tmp_path, "E1D1F1", place="a", train__epochs=1)
    write(tmp_path, "E1D1F1", place="b")
    assert set(names(tmp_path)) == {"E1D1F1", "E1D1F1 [train.epochs=1]"}


def test_protocols_of_the_j1_stage_share_no_cell(tmp_path):
    write(tmp_path, "E1D1F1")
    for seed in (50, 51):
        write(tmp_path, "E1D1F1+J1", seed)
    write(tmp_path, "E1D1F1+J1", 52, protocol="clean")
    assert set(names(tmp_path)) == {"E1D1F1", "E1D1F1+J1", "E1D1F1+J1 [protocol=clean]"}


def test_a_j1_stage_whose_source_was_made_otherwise_is_told_apart(tmp_path):
    for seed in (50, 51):
        write(tmp_path, "E1D1F1", seed)
        write(tmp_path, "E1D1F1+J1", seed)
    write(tmp_path, "E1D1F1", 52, train__epochs=3)
    write(tmp_path, "E1D1F1+J1", 52)
    assert set(names(tmp_path)) == {
        "E1D1F1",
        "E1D1F1 [train.epochs=3]",
        "E1D1F1+J1",
        "E1D1F1+J1 [source's train.epochs=3]",
    }


def record(folder, **facts):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def started_from(digest, init="pretrained"):
    return {"started_from": {"model": "x", "init": init, "digest": digest * 64}}


def test_what_tells_weights_apart_is_their_digest_not_their_place(tmp_path):
    for seed in (50, 51, 52, 53):
        write(tmp_path, "E1D1F1", seed, model__name=f"/models/place{seed == 51}/bert")
    record(tmp_path / "E1D1F1-seed50", **started_from("a"))
    record(tmp_path / "E1D1F1-seed51", **started_from("a"))
    record(tmp_path / "E1D1F1-seed52", **started_from("b"))
    assert names(tmp_path) == ["E1D1F1", "E1D1F1 [weights of bert=bbbbbbbb]"]


def test_a_model_that_moved_and_was_renamed_is_the_same(tmp_path):
    write(tmp_path, "E1D1F1", 50, model__name="/models/bert")
    write(tmp_path, "E1D1F1", 51, model__name="/disk2/my-bert")
    assert len(names(tmp_path)) == 2
    for seed in (50, 51):
        record(tmp_path / f"E1D1F1-seed{seed}", **started_from("a"))
    assert names(tmp_path) == ["E1D1F1"]


def test_other_documents_under_the_same_name_are_another_cell(tmp_path):
    for seed, digest in ((50, "a"), (51, "a"), (52, "b")):
        write(tmp_path, "E1D1F1", seed)
        documents = {"en/train": digest * 64, "ja/test": "c" * 64}
        record(tmp_path / f"E1D1F1-seed{seed}", data={"documents": documents, "tokenizer": "t"})
    assert names(tmp_path) == ["E1D1F1", "E1D1F1 [documents en/train=bbbbbbbb]"]


def test_the_same_run_twice_is_not_two_seeds(tmp_path):
    write(tmp_path, "E1D1F1", place="one")
    write(tmp_path, "E1D1F1", place="two")
    assert names(tmp_path) == ["E1D1F1", "two"]


def test_draws_share_a_cell_that_says_so(tmp_path):
    made_up_sweep.write_plan(tmp_path, (50, 51), ("E1D1F1",))
    plan = json.loads((tmp_path / "sweep.json").read_text())
    (tmp_path / "sweep.json").write_text(json.dumps({**plan, "draws": [50, 60]}))
    for seed in (50, 51):
        write(tmp_path, "E1D1F1", seed)
        write(tmp_path, "E1D1F1", seed, f"E1D1F1-draw60-seed{seed}", data__split_seed=60)
    runs = read_runs.read_results(tmp_path).runs
    assert [(run.name, run.draw, run.seed) for run in runs] == [
        ("E1D1F1", 50, 50),
        ("E1D1F1", 50, 51),
        ("E1D1F1", 60, 50),
        ("E1D1F1", 60, 51),
    ]
    cell = known.find(read_runs.read_results(tmp_path)).every.cells["E1D1F1"]
    assert cell.draws == (50, 60)
    assert "over 2 draws of documents: 50, 60" in cell.notes


def test_a_model_that_is_said_to_have_moved_is_shown_where_it_is_and_sources_stay(tmp_path):
    write(tmp_path, "E1D1F1", model__name="/gone/bert")
    write(tmp_path, "E1D1F1+J1", model__name="/gone/bert")
    moved = {"model.name": "/here/my-bert", "init_from": str(tmp_path / "E1D1F1-seed50")}
    second, first = read_runs.read_results(tmp_path, moved).runs
    assert first.record.config["model.name"] == "/here/my-bert"
    assert first.record.config["init_from"] == ""  # it has no source, and gets none
    assert (first.name, second.name) == ("E1D1F1", "E1D1F1+J1")
    assert second.source == "E1D1F1"


def test_runs_that_a_sweep_has_not_begun_are_of_its_setting(tmp_path):
    """A sweep.json of November 2026 says no format, and its config has no mixture."""
    write(tmp_path, "E1D1F1", train__max_steps=20, train__epochs=3)
    stored = json.loads((tmp_path / "E1D1F1-seed50" / "config.json").read_text())["config"]
    made_up_sweep.write_plan(tmp_path, (50, 51), ("E1D1F1", "E1D1F1+J1"))
    plan = json.loads((tmp_path / "sweep.json").read_text())
    config = {**stored, "mixture": "", "init_from": "", "protocol": "thesis"}
    (tmp_path / "sweep.json").write_text(json.dumps({**plan, "config": config}))
    sweep = read_runs.read_results(tmp_path)
    assert sweep.names() == ["E1D1F1", "E1D1F1+J1"]
    assert {dict(run.setting)["train.max_steps"] for run in sweep.runs} == {20}
    (tmp_path / "sweep.json").write_text(json.dumps({**plan, "versions": {"workdir": 99}}))
    assert len(read_runs.read_results(tmp_path).runs) == 4  # no config in it: nothing to misread
    newer = {**plan, "config": config, "versions": {"workdir": 99}}
    (tmp_path / "sweep.json").write_text(json.dumps(newer))
    with pytest.raises(UserError, match=r"sweep\.json: .*format is 99"):
        read_runs.read_results(tmp_path)


def test_what_the_plan_changes_from_run_to_run_is_told_by_the_runs_names(tmp_path):
    write(tmp_path, "E1", place="plain-seed50")
    write(tmp_path, "E1", place="slow-seed50", train__learning_rate=1e-6)
    write(tmp_path, "E1", place="odd-seed50", train__learning_rate=1e-6, train__epochs=3)
    source = str(tmp_path / "slow-seed50")
    write(tmp_path, "E1", place="slow+E1-seed50", init_from=source, protocol="clean")
    changes = {"train.learning_rate": 1e-6}
    runs = [
        {"name": "plain", "mixture": "E1", "source": None},
        {"name": "slow", "mixture": "E1", "source": None, "changes": changes},
        {"name": "odd", "mixture": "E1", "source": None, "changes": changes},
        {"name": "slow+E1", "mixture": "E1", "source": "slow"},
    ]
    plan = {"config": base().to_dict(), "seeds": [50, 51], "runs": runs}
    (tmp_path / "sweep.json").write_text(json.dumps(plan))
    results = read_runs.read_results(tmp_path)
    assert results.names() == ["plain", "slow", "odd [train.epochs=3]", "odd", "slow+E1"]
    assert results.of("slow")[1].record.config["train.learning_rate"] == 1e-6  # not begun
