"""Training from Python: a config by path, fields as keywords, a result with its model."""

import pytest

import xlt_flax


@pytest.fixture(scope="module")
def result(tmp_path_factory, sample_data_dir):
    changes = {"data.max_length": 32, "data.data_dir": str(sample_data_dir)}
    return xlt_flax.train(
        "configs/demo.py:E1",
        tmp_path_factory.mktemp("python") / "run",
        train__max_steps=2,
        model__forward="padded",
        **changes,
    )


def test_the_result_has_workdir_metrics_and_classifier(result):
    assert result.step == 2
    assert result.workdir.read_config().mixture == "E1"
    assert result.workdir.read_config().train.max_steps == 2
    assert [line["step"] for line in result.metrics if line["split"] == "train"] == [1, 2]
    assert result.classifier.predict(["good"])[0] in ("negative", "positive")


@pytest.mark.parametrize(
    ("config", "changes", "said"),
    [
        ("configs/demo.py", {"train__lerning_rate": 1}, r"config\.train\.learning_rate meant"),
        ("configs/demo.py", {"train__epochs": "three"}, "train.epochs is 'three'.*whole number"),
        ("configs/demp.py", {}, "configs/demo.py"),
    ],
)
def test_mistakes_are_one_line(config, changes, said, tmp_path):
    with pytest.raises(xlt_flax.UserError, match=said):
        xlt_flax.train(config, tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


def test_a_config_that_is_given_stays_as_it_is(tmp_path):
    config = xlt_flax.config.sample()
    with pytest.raises(xlt_flax.UserError):
        xlt_flax.train(config, tmp_path / "run", train__batch_size=0, mixture="E1")
    assert config.train.batch_size == 8
