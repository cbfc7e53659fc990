"""The plan of a study of sources and targets, on the shipped sample."""

import json

import pytest

from xlt_flax import api
from xlt_flax.config import sample
from xlt_flax.errors import UserError
from xlt_flax.run_names import read_folder_name, split_name, stage_name
from xlt_flax.studies.known import study_of
from xlt_flax.studies.own_text.report import OwnTextReport
from xlt_flax.studies.own_text.runs import Transfer
from xlt_flax.studies.planned import plan_study_runs


def planned(folder, config=None, seeds=(), draws=(), **asked):
    asked = Transfer(**{"ceiling": False, **asked})
    return plan_study_runs(config or sample(), folder, seeds, draws, asked=asked)


def test_each_mixture_is_one_run_for_all_targets_and_stages_go_on_from_it(tmp_path):
    study = planned(tmp_path, mixtures=["E1", "E1D1"], targets=["ja", "fr"], then=["J1"])
    assert study.targets == ("ja", "fr")
    assert study.config.data.target_language == "ja"
    assert study.config.mixture == ""
    assert [(run.name, run.mixture, run.source, run.table) for run in study.runs] == [
        ("E1", "E1", None, "mixture"),
        ("E1D1", "E1D1", None, "mixture"),
        ("E1+J1", "J1", "E1", "stage"),
        ("E1D1+J1", "J1", "E1D1", "stage"),
    ]


def test_what_a_config_of_one_run_trains_on_does_not_matter(tmp_path):
    config = sample()
    config.mixture = "F1"
    study = planned(tmp_path, config, mixtures=["E1"])
    assert [run.name for run in study.runs] == ["E1"]
    assert study.targets == ("ja",)


def test_nothing_of_a_target_is_no_run_of_its_own(tmp_path):
    study = planned(tmp_path, mixtures=["E1"], then=["J1:0"])
    assert [run.name for run in study.runs] == ["E1"]


def test_no_stage_goes_on_from_what_has_the_targets_labels(tmp_path):
    study = planned(tmp_path, mixtures=["E1", "E1J1"], then=["J2"])
    assert [run.name for run in study.runs] == ["E1", "E1J1", "E1+J2"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"targets": ["ja"]}, "--targets goes with --mixtures"),
        ({"then": ["J1"]}, "--then goes with --mixtures"),
        ({"ceiling": False}, "--noceiling goes with --mixtures"),
        ({"mixtures": ["E1", "E1"]}, "--mixtures=E1,E1 has E1 more than once"),
        ({"mixtures": ["E1", ""]}, "--mixtures names no mixture"),
        ({"mixtures": ["X1"]}, "--mixtures=X1: config.mixture 'X1'"),
        ({"mixtures": ["E1"], "targets": ["ja", "ja"]}, "--targets=ja,ja has ja more than once"),
        ({"mixtures": ["E1"], "targets": ["ko"]}, "--targets: there is no language 'ko'"),
        ({"mixtures": ["E1"], "then": ["F1"]}, "--then=F1: give a little of one target"),
        ({"mixtures": ["E1J1"], "then": ["J2"]}, "--then=J2: every mixture has ja already"),
        ({"mixtures": ["D1"], "targets": ["ja", "de"]}, "--mixtures=D1: de is a target, and its"),
    ],
)
def test_what_cannot_be_asked_is_one_line(tmp_path, asked, said):
    with pytest.raises(UserError, match=said) as refused:
        plan_study_runs(sample(), tmp_path, asked=Transfer(**asked))
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_deduplication_looks_at_one_target(tmp_path):
    config = sample()
    config.data.dedup = True
    asked = {"mixtures": ["E1"], "targets": ["ja", "fr"], "then": ["F1"]}
    with pytest.raises(UserError, match=r"--then=F1: fr is a target"):
        planned(tmp_path, config, **asked)


def test_a_config_that_lists_runs_takes_no_mixtures(tmp_path):
    config = sample()
    with config.unlocked():
        config.sweep = {"runs": ("E1",)}
    with pytest.raises(UserError, match="this config lists its runs itself"):
        api.sweep(config, tmp_path, mixtures=["E1"], dry_run=True)


def test_sweep_json_gathers_targets_and_the_report_knows_the_study(tmp_path):
    from xlt_flax.analysis.read_runs import read_results
    from xlt_flax.studies.study_file import write_sweep_file

    for targets in (["ja"], ["ja", "fr"]):
        study = planned(tmp_path, mixtures=["E1"], targets=targets)
        write_sweep_file(tmp_path, study.config, study.runs, [50], [50], study.targets)
    assert json.loads((tmp_path / "sweep.json").read_text())["targets"] == ["ja", "fr"]
    results = read_results(tmp_path)
    assert results.targets == ("ja", "fr")
    assert isinstance(study_of(results), OwnTextReport)


# ---- Names


@pytest.mark.parametrize(
    ("source", "mixture", "name"),
    [
        ("E1D1", "J1", "E1D1+J1"),
        ("E1+J1", "D1", "E1+J1+D1"),
        ("en+de", "ja:50", "en+de-then-ja:50"),
        ("zh-Hans", "jpn_Jpan:5%", "zh-Hans-then-jpn_Jpan:5%"),
        ("en-then-ja:50", "ko", "en-then-ja:50-then-ko"),
    ],
)
def test_a_stages_name_says_what_it_goes_on_from(source, mixture, name):
    assert stage_name(source, mixture) == name
    assert split_name(name) == (source, mixture)


@pytest.mark.parametrize("name", ["E1D1", "en+de", "en:67%+de:33%"])
def test_a_mixture_goes_on_from_nothing(name):
    assert split_name(name) == (None, name)


def test_a_folders_name_says_whose_it_is():
    found = read_folder_name("en+de-then-ja:50-draw7-seed50")
    assert (found.name, found.draw, found.seed) == ("en+de-then-ja:50", 7, 50)
    assert read_folder_name("zh-Hans-seed3").draw is None
    assert read_folder_name("report") is None


def test_mixtures_of_languages_have_stages_and_a_ceiling(tmp_path, sample_data_dir):
    config = sample()
    config.data.data_dir = str(sample_data_dir)
    asked = {"mixtures": ["en:100", "en+de"], "targets": ["ja", "fr"], "then": ["ja:0", "ja:40"]}
    study = planned(tmp_path, config, **asked, ceiling=True)
    assert [(run.name, run.mixture, run.source, run.table) for run in study.runs] == [
        ("en:100", "en:100", None, "mixture"),
        ("en+de", "en+de", None, "mixture"),
        ("ja", "ja", None, "ceiling"),
        ("fr", "fr", None, "ceiling"),
        ("en:100-then-ja:40", "ja:40", "en:100", "stage"),
        ("en+de-then-ja:40", "ja:40", "en+de", "stage"),
    ]
    own = planned(tmp_path, config, mixtures=["en", "ja"], targets=["ja"], ceiling=True)
    assert [(run.name, run.table) for run in own.runs] == [("en", "mixture"), ("ja", "mixture")]


def test_a_target_is_no_part_of_a_pool_of_languages(tmp_path, sample_data_dir):
    """Their test documents are not drawn from: any target may also be a source."""
    config = sample()
    config.data.data_dir = str(sample_data_dir)
    study = planned(tmp_path, config, mixtures=["de"], targets=["ja", "de"])
    assert [run.name for run in study.runs] == ["de"]
