"""Configs: every bad value is one line that names its field; paths; what makes another run."""

import json
from pathlib import Path

import pytest
from ml_collections import ConfigDict, config_dict

import xlt_flax
from xlt_flax.config import base, complete, mixture_config, resolve, sample
from xlt_flax.config_checks import validate
from xlt_flax.errors import UserError
from xlt_flax.modeling.shipped import SAMPLE_MODEL
from xlt_flax.stored_config import FORMAT, OPERATIONAL, PLACES, differences, moved


def leaves(tree, prefix=""):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


FIELDS = dict(leaves(base().to_dict()))


def changed(**values):
    """base() with values put in as a config file may: `a__b` is the field a.b, types not kept."""
    config = base()
    with config.unlocked(), config.ignore_type():
        for field, value in values.items():
            *path, name = field.split("__")
            part = config
            for step in path:
                part = part[step]
            part[name] = value
    return config


def refusal(config):
    with pytest.raises(UserError) as error:
        validate(config)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_the_defaults_are_allowed():
    validate(base())
    validate(changed(model__dropout=0, model__head_sd=0, train__max_steps=7))
    validate(changed(data__dedup=True, data__dedup_in_place=True))
    validate(changed(**THESIS))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"init_from": ""}, "config.init_from"),
        ({"mixture": ""}, "config.mixture"),
        ({"train__schedule": "linear"}, "config.train.schedule"),
        ({"train__warmup_fraction": 0.1}, "config.train.warmup_fraction"),
        ({"train__patience": 3}, "config.train.patience"),
    ],
)
def test_what_the_thesis_protocol_needs(change, field):
    assert field in refusal(changed(**THESIS | change))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value", [None, [1], {"a": 1}, b"x"], ids=["None", "list", "dict", "bytes"]
)
def test_a_value_that_no_field_can_have(field, value):
    if value is None and FIELDS[field] is None:
        pytest.skip("may be unset")
    assert field in refusal(changed(**{field.replace(".", "__"): value}))


THESIS = {"protocol": "thesis", "init_from": "runs/x", "mixture": "J1"}

# ConfigDict itself makes 1.0 of a True in a field of floats.
KINDS = {field: float if value is None else type(value) for field, value in FIELDS.items()}
NUMBERS = [f for f, kind in KINDS.items() if kind in (int, float) and f != "data.split_seed"]
POSITIVE = {
    "train.learning_rate",
    "train.epsilon",
    "train.step_gamma",
    "train.batch_size",
    "train.epochs",
    "train.step_epochs",
    "eval.batch_size",
    "data.max_length",
    "data.train_per_group",
    "data.validation_per_group",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[(field, "text") for field, kind in KINDS.items() if kind is not str],
        *[(field, True) for field, kind in KINDS.items() if kind in (int, str)],
        *[(field, 1.5) for field, kind in KINDS.items() if kind is not float],
        *[(field, -1) for field in NUMBERS],
        *[(field, value) for field in NUMBERS for value in (float("nan"), float("inf"))],
        *[(field, 0) for field in sorted(POSITIVE)],
        ("data.max_length", 2),
        ("model.dropout", 1.0),
        ("train.beta1", 1.0),
        ("train.warmup_fraction", 1.0),
        ("seed", 2**32),
        ("mixture", "E1E1"),
        ("mixture", "X1"),
        ("mixture", "E1 D1"),
        ("protocol", "dirty"),
        ("protocol", "thesis"),  # with nothing to go on from
        ("model.name", ""),
        ("model.init", "none"),
        ("model.dtype", "float16"),
        ("data.dataset", "imdb"),
        ("data.domain", "cars"),
        ("data.target_language", "jp"),
        ("data.mixing", "none"),
        ("train.schedule", "exponential"),
        ("train.class_weights", "even"),
        ("train.label_smoothing", 1.0),
        ("data.language_temperature", 0.5),
        ("model.attention_dropout", "none"),
        ("eval.best", "recall"),
        ("eval.languages", "de,jp"),
    ],
)  # fmt: skip
def test_every_bad_value_is_refused_by_its_fields_name(field, value):
    message = refusal(changed(**{field.replace(".", "__"): value}))
    assert f"config.{field} " in message
    assert repr(value) in message


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (
            {"model__attention_dropout": "each", "model__forward": "padded"},
            ("config.model.attention_dropout", "config.model.forward"),
        ),
        ({"data__dedup_in_place": True}, ("config.data.dedup_in_place", "config.data.dedup ")),
        ({"data__text": "title,text"}, ("config.data.text", "config.data.dataset")),
        ({"data__labels": "multi"}, ("config.data.labels", "config.data.dataset")),
        ({"data__sample": 5000}, ("config.data.sample", "config.data.dataset")),
    ],
)
def test_fields_that_do_not_go_together(change, fields):
    message = refusal(changed(**change))
    assert all(field in message for field in fields)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (
            {"train__epochs": 0, "train__learning_rate": -1.0, "train__schedule": "none"},
            ("train.schedule", "train.epochs", "train.learning_rate"),
        ),
        (
            {"mixture": "X1", "data__target_language": "xx", "seed": -1, "data__budget": -1},
            ("data.budget", "seed", "data.target_language", "mixture"),
        ),
        ({"data__dataset": "imdb", "train__epochs": 0}, ("train.epochs", "data.dataset")),
        ({"seed": "a", "model__name": None}, ("model.name", "seed")),
    ],
)
def test_mistakes_are_told_all_at_once(change, fields):
    with pytest.raises(UserError) as error:
        validate(changed(**change))
    lines = str(error.value).splitlines()
    assert [line.split()[0] for line in lines] == [f"config.{field}" for field in fields]


def test_fields_that_do_not_exist_or_are_left_out():
    assert "lists the runs of a sweep" in refusal(changed(sweep={"runs": 1}))
    assert "has no field train.learning_rat;" in refusal(changed(train__learning_rat=1e-5))
    with pytest.raises(UserError, match=r"no field a; .*\n.* no field b; "):
        validate(changed(a=1, b=1))
    config = base()
    with config.unlocked():
        del config.train.epochs
    assert "config.train.epochs is missing" in refusal(config)
    assert "is missing" in refusal(ConfigDict({"seed": 1}))


def test_the_sample_has_no_books():
    message = refusal(changed(data__dataset="webis_cls10_sample", data__domain="books"))
    assert message == "config.data.domain is 'books': give one of music"


@pytest.mark.parametrize(
    ("mixture", "shape", "allowed"),
    [
        ("E2D2F2", "1:1:1", True),
        ("E1E2D1", "1:1:1", False),
        ("E1D1J1", "1:1:1", False),
        ("F1F2D1", "2:1", True),
        ("D1D2D3", "3:0", True),
        ("D1D2", "3:0", False),
        ("D1", "1", True),
        ("", "1", False),
    ],
)
def test_a_config_of_one_shape_refuses_others(mixture, shape, allowed):
    if allowed:
        assert mixture_config(mixture, shape, "X").mixture == mixture
    else:
        with pytest.raises(UserError, match=f"mixture '{mixture}' is not {shape} of source"):
            mixture_config(mixture, shape, "X")


def test_resolve_makes_paths_absolute_and_locks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    (tmp_path / "model").mkdir()
    config = changed(
        init_from="runs/a", data__data_dir="data", data__manual_dir="~/raw", model__name="model"
    )
    resolved = resolve(config)
    assert resolved.init_from == f"{tmp_path}/runs/a"
    assert resolved.data.data_dir == f"{tmp_path}/data"
    assert resolved.data.manual_dir == "/home/somebody/raw"
    assert resolved.model.name == f"{tmp_path}/model"
    assert resolved.is_locked
    assert config.data.data_dir == "data"  # as it was
    assert resolve(resolved).to_dict() == resolved.to_dict()


def test_a_hub_id_and_an_empty_path_stay_as_they_are():
    resolved = resolve(base())
    assert resolved.model.name == "bert-base-multilingual-cased"
    assert resolved.init_from == ""


@pytest.mark.parametrize("field", ["data.manual_dir", "data.data_dir", "init_from", "model.name"])
def test_a_home_that_nobody_has(field):
    config = changed(**{field.replace(".", "__"): "~no-such-user/x"})
    with pytest.raises(UserError, match=rf"config.{field} is '~no-such-user/x'"):
        resolve(config)


def test_differences_name_the_fields_that_make_another_run():
    old = base()
    new = changed(seed=51, train__learning_rate=1e-5, data__max_length=128, model__dropout=0.0)
    expected = [
        "data.max_length: 512 -> 128",
        "model.dropout: None -> 0.0",
        "seed: 50 -> 51",
        "train.learning_rate: 2e-05 -> 1e-05",
    ]
    assert differences(old.to_dict(), new.to_dict()) == expected
    assert differences(json.loads(json.dumps(old.to_dict())), new.to_dict()) == expected
    assert differences(new.to_dict(), new.to_dict()) == []


@pytest.mark.parametrize(
    ("schedule", "own"), [("constant", 0.0), ("step", 0.0), ("linear", 0.1), ("cosine", 0.1)]
)
def test_a_schedules_own_warm_up_is_the_same_run_given_or_not(schedule, own):
    unset, given, other = (
        changed(train__schedule=schedule, train__warmup_fraction=fraction).to_dict()
        for fraction in (None, own, 0.25)
    )
    assert differences(unset, given) == differences(given, unset) == []
    assert differences(unset, other) == ["train.warmup_fraction: None -> 0.25"]
    assert complete(given, FORMAT) == complete(unset, FORMAT) == unset
    assert complete(other, FORMAT) == other


@pytest.mark.parametrize("field", [*OPERATIONAL, *PLACES])
def test_fields_that_make_no_other_run(field):
    assert field in FIELDS
    new = "elsewhere" if field in PLACES else FIELDS[field] * 2 if FIELDS[field] else 9
    old, new = base().to_dict(), changed(**{field.replace(".", "__"): new}).to_dict()
    assert differences(old, new) == []
    assert moved(old, new) == [field] * (field in PLACES)


def test_base_takes_no_name_that_it_does_not_have():
    with pytest.raises(AttributeError, match="lerning_rate"):
        base().train.lerning_rate = 1


def test_the_shipped_model_is_named_by_a_constant_wherever_it_lies(tmp_path):
    config = sample()
    assert config.model.name == resolve(config).model.name == SAMPLE_MODEL
    config.model.name = str(Path(xlt_flax.__file__).parent / "data/sample/tiny-bert")
    assert resolve(config).model.name == SAMPLE_MODEL
    config.model.name = "xlt_flax:large-bert"
    with pytest.raises(UserError, match="xlt_flax has no model xlt_flax:large-bert"):
        resolve(config)


@pytest.mark.parametrize("which", ["", "latest", "-1", "1.5"])
def test_a_checkpoint_to_start_from_is_best_or_a_step(which):
    message = refusal(changed(init_from="runs/x", init_checkpoint=which))
    assert message == f"config.init_checkpoint is {which!r}: give best or a step"


def test_a_checkpoint_of_nothing():
    assert "config.init_from names no workdir" in refusal(changed(init_checkpoint="12"))
    validate(changed(init_from="runs/x", init_checkpoint="12"))


def test_references_are_resolved():
    config = base()
    config.train.epochs = config_dict.FieldReference(3)
    config.train.step_epochs = config.get_ref("train").get().get_ref("epochs")
    validate(config)
    assert resolve(config).train.step_epochs == 3
