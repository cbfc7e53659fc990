"""Whether a run is the thesis's experiment is decided from the values of its config."""

import made_up_sweep
import numpy as np
import pytest

from xlt_flax.analysis import read_runs, tables
from xlt_flax.config import base
from xlt_flax.stored_config import OPERATIONAL, PLACES, flat
from xlt_flax.studies import known
from xlt_flax.studies.thesis import experiment
from xlt_flax.studies.thesis.experiment import EXPERIMENT

SECOND = {"init_from": "/runs/E1D1F1-seed50", "protocol": "thesis", "mixture": "J1"}


def config(**fields):
    return {**flat(base().to_dict()), "mixture": "E1D1F1", **fields}


@pytest.mark.parametrize("fields", [{}, SECOND, {"seed": 51}, {"data.split_seed": 7}])
def test_the_defaults_are_the_thesiss_experiment(fields):
    assert EXPERIMENT.deviations(config(**fields)) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("model.name", "/models/xlm-r", "the model is xlm-r, not bert-base-multilingual-cased"),
        ("model.init", "random", "the model's initialisation is random, not pretrained"),
        ("model.dropout", 0.0, "the dropout is 0, not 0.1"),
        ("model.dtype", "bfloat16", "the precision is bfloat16, not float32"),
        ("model.tf32", True, "TF32 is on, not off"),
        ("data.dataset", "webis_cls10_sample", "the data set is webis_cls10_sample"),
        ("data.domain", "books", "the domain is books, not music"),
        ("data.target_language", "fr", "the target language is fr, not ja"),
        ("data.max_length", 128, "the maximal length in tokens is 128, not 512"),
        ("data.train_per_group", 100, "training documents of a group is 100, not 1,000"),
        ("data.validation_per_group", 10, "validation documents of a group is 10, not 100"),
        ("data.dedup", True, "the dropping of repeats is on, not off"),
        ("data.stratify", True, "the balancing of the groups' classes is on, not off"),
        ("data.mixing", "balanced", "the mixing is balanced, not shuffle"),
        ("train.batch_size", 16, "the batch size is 16, not 8"),
        ("train.epochs", 1, "the number of epochs is 1, not 10"),
        ("train.max_steps", 100, "the limit of updates is 100, not 0"),
        ("train.patience", 2, "the patience is 2, not 0"),
        ("train.learning_rate", 1e-3, "the learning rate is 0.001, not 2e-05"),
        ("train.schedule", "linear", "the schedule is linear, not constant"),
        ("train.weight_decay", 0.01, "the weight decay is 0.01, not 0"),
        ("train.beta1", 0.8, "AdamW's beta 1 is 0.8, not 0.9"),
        ("train.beta2", 0.99, "AdamW's beta 2 is 0.99, not 0.999"),
        ("train.epsilon", 1e-8, "AdamW's epsilon is 1e-08, not 1e-06"),
        ("train.clip_norm", 1.0, "the limit of the gradient's norm is 1, not 0"),
        ("protocol", "clean", "the protocol of the J1 stages is clean, not thesis"),
    ],
)
def test_each_field_that_matters_is_a_deviation(tmp_path, field, value, said):
    second = field == "protocol"
    name = "E1D1F1+J1" if second else "E1D1F1"
    right = np.arange(2000) < 1500
    rng = np.random.default_rng(0)
    folder = tmp_path / f"{name}-seed50"
    made_up_sweep.write_run(folder, name, 50, right, rng, fields={field: value})
    found = known.find(read_runs.read_results(tmp_path))
    (reason, *others) = found.study.departures(found)
    assert said in reason
    assert not others
    assert found.agreement is None


@pytest.mark.parametrize(("fraction", "found"), [(None, []), (0.0, []), (0.1, [0.1])])
def test_a_warm_up_is_a_deviation(fraction, found):
    deviations = EXPERIMENT.deviations(config(**{"train.warmup_fraction": fraction}))
    assert [each.run for each in deviations] == found


def test_every_field_is_the_experiments_or_known_to_be_no_part_of_it():
    """A field that comes later has to be put in its place."""
    no_part = {
        *OPERATIONAL,
        *PLACES,
        "seed",
        "mixture",
        "data.split_seed",
        "data.budget",  # of mixtures that are not of groups
        "data.validation_share",
        "data.text",  # of pages of Wikipedia, as the next two
        "data.labels",
        "data.sample",
        "model.forward",  # the same function
        "model.vocabulary",
        "train.remat",  # the same result
        "deterministic",  # how often the same bits come, not which
        "train.step_gamma",  # of other schedules
        "train.step_epochs",
        # Particulars, on which the thesis's text and its listing differ.
        "model.attention_dropout",
        "model.head_sd",
        "data.drop_commas",
        "data.dedup_in_place",  # with data.dedup alone
        "train.epsilon_before_correction",
        "eval.best",
        "eval.languages",  # choose nothing
    }
    decisive = {field.name for field in EXPERIMENT.fields}
    assert set(flat(base().to_dict())) <= decisive | no_part


def test_only_some_runs_that_deviate_are_counted(tmp_path):
    right, rng = np.arange(2000) < 1500, np.random.default_rng(0)
    for name in ("E1D1F1", "E1D1F1+J1"):
        fields = {"protocol": "clean"} if "+" in name else {}
        made_up_sweep.write_run(tmp_path / f"{name}-seed50", name, 50, right, rng, fields=fields)
    found = known.find(read_runs.read_results(tmp_path))
    assert found.study.departures(found) == [
        "the protocol of the J1 stages is clean, not thesis (1 of 2 runs)"
    ]
    assert found.agreement.cells == 1  # the run that is the thesis's is still held against it


def rows(tmp_path, name="E1D1F1", **fields):
    right, rng = np.arange(2000) < 1500, np.random.default_rng(0)
    made_up_sweep.write_run(tmp_path / f"{name}-seed50", name, 50, right, rng, fields=fields)
    found = known.find(read_runs.read_results(tmp_path))
    (table,) = [table for table in tables.all_tables(found) if table.key == "deviations"]
    return {row.cells[0]: row.cells[1:] for row in table.rows}


def test_the_table_of_deviations_tells_text_listing_and_run(tmp_path):
    table = rows(tmp_path, **{"train.epochs": 2})
    assert table["the number of epochs (train.epochs)"] == ("10", "the same", "2")
    assert table["commas in the texts"] == ("kept", "every ASCII comma is deleted", "kept")
    assert table["the draw of the head's weights, sd"][1:] == (
        "0.02",
        "Flax's own draw (.036 at 768 units)",
    )
    assert table["AdamW's epsilon"][2] == "added after the second moment's correction"
    assert table["the best checkpoint"][2] == "the lowest mean loss of the validation documents"
    assert "the second stage (J1)" not in table
    assert "the groups of E2D1F3" not in table


def test_the_table_tells_how_j1_and_e2d1f3_were_made(tmp_path):
    after = rows(tmp_path / "j1", "E1D1F1+J1", protocol="clean")
    assert "protocol clean" in after["the second stage (J1)"][2]
    assert after["the documents of J1"][2] == "from the train file alone"
    going_on = rows(tmp_path / "thesis", "E1D1F1+J1")
    assert "protocol thesis" in going_on["the second stage (J1)"][2]
    assert "sum over batches" in going_on["the best checkpoint"][2]
    chosen = rows(tmp_path / "e2", "E2D1F3")
    assert "Japanese test set" in chosen["the groups of E2D1F3"][1]


@pytest.mark.parametrize(
    ("what", "field", "value"),
    [
        ("commas in the texts", "data.drop_commas", True),
        ("the draw of the head's weights, sd", "model.head_sd", 0.02),
        ("the dropout of attention", "model.attention_dropout", "each"),
        ("AdamW's epsilon", "train.epsilon_before_correction", True),
        ("the best checkpoint", "eval.best", "batch_sum"),
    ],
)
def test_a_run_made_as_the_listing_has_the_listings_value(what, field, value):
    (particular,) = [each for each in experiment.PARTICULARS if each.what == what]
    assert particular.run({field: value}) == particular.listing
    assert particular.run({}) != particular.listing
