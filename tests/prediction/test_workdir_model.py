"""A workdir is enough to predict: what its checkpoints lack, it keeps."""

import shutil

import jax
import numpy as np
import pytest

from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.modeling.vocabulary import word_embedding
from xlt_flax.overrides import given_anew
from xlt_flax.prediction.opening import open_trained, open_whole
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir, is_workdir


def weights_of(workdir, config=None):
    return jax.device_get(open_trained(workdir.path, config=config).params)


def without_base(workdir, tmp_path):
    """A copy as older versions left workdirs."""
    copy = shutil.copytree(workdir.path, tmp_path / workdir.path.name)
    shutil.rmtree(Workdir(copy).base)
    return Workdir(copy)


@pytest.mark.parametrize("name", ["first", "stage", "full"])
def test_all_rows_are_those_that_the_model_gives(trained_runs, name, tmp_path):
    """Those that decayed without a gradient, and those that an earlier stage changed, too."""
    workdir = getattr(trained_runs, name)
    shutil.copytree(trained_runs.first.path, tmp_path / "first", dirs_exist_ok=True)
    older = workdir if name == "first" else without_base(workdir, tmp_path)
    if name == "first":
        shutil.rmtree(tmp_path / "first")
        older = without_base(workdir, tmp_path)
    places = {"model.name": str(trained_runs.model)}
    kept, made = weights_of(workdir), weights_of(older, given_anew(older.read_config(), places))
    jax.tree.map(np.testing.assert_array_equal, kept, made)


def test_the_stage_before_changed_rows_that_no_checkpoint_of_this_one_holds(trained_runs):
    first, stage = (word_embedding(weights_of(w)) for w in (trained_runs.first, trained_runs.stage))
    assert (trained_runs.stage.base / "earlier_stages.safetensors").is_file()
    assert not (trained_runs.first.base / "earlier_stages.safetensors").exists()
    assert (first != stage).any(axis=1).mean() > 0.9  # decayed in both


def test_runs_of_a_folder_share_one_file_of_the_models_rows(trained_runs):
    (one,), (other,) = (
        list(w.base.glob("word_embeddings-*")) for w in (trained_runs.first, trained_runs.stage)
    )
    assert one.samefile(other)
    assert not list(trained_runs.full.base.glob("word_embeddings-*"))


def test_an_older_workdir_says_which_model_it_needs(trained_runs, tmp_path):
    with pytest.raises(UserError, match=r"config\.model\.name: there is no folder .*tiny-bert"):
        open_trained(without_base(trained_runs.first, tmp_path).path)


def test_rows_that_are_not_as_they_were_written_are_refused(trained_runs, tmp_path):
    copy = Workdir(shutil.copytree(trained_runs.first.path, tmp_path / "run"))
    (table,) = copy.base.glob("word_embeddings-*")
    content = bytearray(table.read_bytes())
    content[-1] ^= 1
    table.unlink()  # not the file of the others
    table.write_bytes(content)
    with pytest.raises(UserError, match=r"word_embeddings.* is not as it was written"):
        open_trained(copy.path)


def test_what_a_kill_left_half_written_is_made_anew(trained_runs, small_config, tmp_path):
    left = tmp_path / "run" / ".base.new"
    left.mkdir(parents=True)
    (left / "config.json").write_text("{")
    fields = {"mixture": "E1", "train__max_steps": 1, "model__name": str(trained_runs.model)}
    train(small_config(**fields), Workdir(tmp_path / "run"))
    assert not left.exists()
    assert open_trained(tmp_path / "run").step == 1


def test_weights_are_held_in_half_the_memory_where_that_is_asked_for(trained_runs, tmp_path):
    """And an exported folder has them as they were trained."""
    config = given_anew(trained_runs.first.read_config(), {"eval.weights": "bfloat16"})
    whole, half = (
        open_trained(trained_runs.first.path),
        open_trained(trained_runs.first.path, config=config),
    )
    sizes = [sum(leaf.nbytes for leaf in jax.tree.leaves(m.params)) for m in (whole, half)]
    assert sizes[0] == 2 * sizes[1]
    assert whole.digest != half.digest
    written = jax.device_get(open_whole(trained_runs.first.path, config=config).params)
    jax.tree.map(np.testing.assert_array_equal, written, jax.device_get(whole.params))


def test_workdirs_and_models_are_told_apart(trained_runs, tmp_path):
    assert is_workdir(trained_runs.first.path)
    assert not is_workdir(trained_runs.model)
    assert not is_workdir(tmp_path / "nowhere")
    assert not is_workdir("bert-base-multilingual-cased")


def judged(workdir, config):
    (result,) = evaluate(workdir, config, ["ja"]).values()
    return result | {"seconds": 0}, workdir.predictions("ja").read_bytes()


@pytest.mark.parametrize("name", ["first", "stage"])
def test_an_evaluation_needs_no_other_model(trained_runs, name, tmp_path, caplog):
    """And says the very same without."""
    for run in {"first", name}:
        shutil.copytree(getattr(trained_runs, run).path, tmp_path / run)
    workdir = Workdir(tmp_path / name)
    with caplog.at_level("INFO", "xlt_flax"):
        alone = judged(workdir, workdir.read_config())
    said = [line for line in caplog.messages if "has what is needed of it" in line]
    assert len(said) == 1
    assert str(workdir.base) in said[0]
    places = {"model.name": str(trained_runs.model)}
    assert judged(workdir, given_anew(workdir.read_config(), places)) == alone


def test_a_place_that_is_given_must_have_the_model(trained_runs):
    config = given_anew(trained_runs.first.read_config(), {"model.name": "/nowhere/model"})
    with pytest.raises(UserError, match=r"config\.model\.name: there is no folder /nowhere/model"):
        evaluate(trained_runs.first, config, ["ja"])


def test_an_evaluation_of_an_older_workdir_says_which_model_it_needs(trained_runs, tmp_path):
    older = without_base(trained_runs.first, tmp_path)
    with pytest.raises(UserError, match=r"config\.model\.name: there is no folder .*tiny-bert"):
        evaluate(older, older.read_config(), ["ja"])


@pytest.mark.slow
def test_an_evaluation_of_a_pretrained_models_run(tiny_model_folder, small_config, tmp_path):
    """Whose weights base/ has not, and cannot be compared by their digest."""
    model = tiny_model_folder("pytorch")
    fields = {"mixture": "E1", "model__init": "pretrained", "train__max_steps": 1}
    workdir = Workdir(tmp_path / "run")
    train(small_config(**fields, model__name=str(model)), workdir)
    before = judged(workdir, workdir.read_config())
    shutil.rmtree(model)
    assert judged(workdir, workdir.read_config()) == before
