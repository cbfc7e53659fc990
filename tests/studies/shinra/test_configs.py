"""The three configs of SHINRA: what is known of their experiments stands in them."""

import pytest

from xlt_flax.config_checks import validate
from xlt_flax.named_config import named_config
from xlt_flax.stored_config import flat
from xlt_flax.studies import plan
from xlt_flax.studies.shinra.reported import WORKSHOP


@pytest.mark.parametrize("name", ["shinra", "shinra_baseline", "shinra_demo"])
def test_a_run_of_it_is_accepted(name):
    config = named_config(f"configs/{name}.py:ja", {})
    validate(config)
    assert config.mixture == "ja"


def test_the_workshops_is_the_workshops():
    config = flat(named_config("configs/shinra.py", {}).to_dict())
    assert WORKSHOP.deviations(config) == []
    other = {**config, "data.sample": 100, "data.labels": "multi"}
    assert [each.field for each in WORKSHOP.deviations(other)] == ["data.sample", "data.labels"]


def test_the_baselines_hyper_parameters():
    config = flat(named_config("configs/shinra_baseline.py", {}).to_dict())
    known = {
        "train.learning_rate": 5e-5,
        "train.weight_decay": 0.0,
        "train.schedule": "linear",
        "train.warmup_fraction": 0.0,
        "train.objective": "multi_label",
        "data.labels": "multi",
        "data.text": "text",
        "data.max_length": 512,
        "eval.best": "micro_f1",
    }
    assert {name: config[name] for name in known} == known


def test_the_demo_is_a_curve_over_articles():
    _, names = plan.split_config(named_config("configs/shinra_demo.py", {}))
    assert [run.mixture for run in plan.plan_runs(names, {})] == ["ja:60", "ja:120", "ja"]
