"""configs/files.py:DATA: what it makes of a folder, and what of its fields is refused."""

import importlib.util
from pathlib import Path

import pytest

from xlt_flax import shipped_configs
from xlt_flax.config import base, sample
from xlt_flax.config_checks import validate
from xlt_flax.errors import UserError

ROWS = "text,label\nfine,good\nbad,bad\ngood,good\nawful,bad\n"


@pytest.fixture
def get_config(tmp_path, monkeypatch):
    """The package's config, as it is found from another folder."""
    monkeypatch.chdir(tmp_path)
    place = shipped_configs.find("configs/files.py")
    spec = importlib.util.spec_from_file_location("files_config", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config


@pytest.fixture
def folder(tmp_path):
    """folder(names): DATA, with files of those names."""

    def make(*names):
        place = tmp_path / "tickets"
        place.mkdir()
        for name in names:
            (place / name).write_text(ROWS)
        return place

    return make


def refusal(function, *arguments):
    with pytest.raises(UserError) as error:
        function(*arguments)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize(
    ("names", "target", "mixture"),
    [
        (["en.train.csv", "de.train.csv", "ja.test.csv"], "ja", "de+en"),
        (["en.train.csv", "en.test.csv", "ja.test.csv"], "ja", "en"),
        (["en.train.csv", "de.dev.csv", "ja.unlabeled.csv", "ko.test.csv"], "ko", "en"),
    ],
)
def test_the_target_is_the_one_that_is_only_judged(names, target, mixture, get_config, folder):
    data = folder(*names)
    config = get_config(str(data))
    assert (config.data.target_language, config.mixture) == (target, mixture)
    assert (config.data.dataset, Path(config.data.files)) == ("files", data)
    validate(config)


@pytest.mark.parametrize(
    "names",
    [
        ["en.train.csv", "ja.test.csv", "ko.test.csv"],
        ["en.train.csv", "en.test.csv", "ja.train.csv", "ja.test.csv"],
        ["en.train.csv"],
    ],
    ids=["several", "all are trained on", "none"],
)
def test_a_target_that_is_not_clear_is_to_be_named(names, get_config, folder):
    config = get_config(str(folder(*names)))
    said = refusal(validate, config)
    assert "config.data.target_language" in said
    config.data.target_language = "ja" if len(names) > 1 else "en"
    validate(config)


def test_without_data(get_config):
    assert "--config=configs/files.py:DATA" in refusal(get_config)


def test_data_that_is_not_there(get_config, tmp_path):
    assert f"{tmp_path / 'none'} is not there" in refusal(get_config, "none")


def test_a_toml_file_goes_as_well(get_config, folder, tmp_path):
    folder("a.csv", "b.csv")
    (tmp_path / "t.toml").write_text('[train]\nen = "tickets/a.csv"\n[test]\nja = "tickets/b.csv"')
    config = get_config("t.toml")
    assert (config.data.target_language, config.mixture) == ("ja", "en")


@pytest.mark.parametrize("make", [base, sample])
def test_files_of_another_data_set_are_refused(make, folder):
    config = make()
    config.data.files = str(folder("en.train.csv"))
    said = refusal(validate, config)
    assert f"--config=configs/files.py:{config.data.files}" in said
    assert config.data.dataset in said
