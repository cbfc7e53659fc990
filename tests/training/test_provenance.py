"""What a run started from and what data it reads: written down, and compared when it goes on.

All runs are of a few reviews and a "pretrained" BERT that is 16 wide, so that a change of any part
can be made on disk, as it happens to people.
"""

import json
import shutil

import pytest
from ml_collections import ConfigDict
from safetensors.numpy import load_file, save_file

from xlt_flax.config import base
from xlt_flax.data.sources.webis_cls10.builder import WebisCls10
from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.stored_config import FORMAT
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.length import length_of
from xlt_flax.training.metrics import read_metrics
from xlt_flax.training.provenance import check_sweep
from xlt_flax.training.stages import starting_point
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

TEXTS = ("a fine record", "what noise", "play it again", "never again", "loud and long", "a gem")


@pytest.fixture(scope="module", autouse=True)
def _small_splits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WebisCls10, "DOCUMENTS_PER_SPLIT", len(TEXTS))
        yield


@pytest.fixture(scope="module")
def write_reviews(review_xml):
    """write_reviews(folder, word): a manual_dir whose English texts have a word in them."""

    def write(folder, word):
        for language in ("en", "jp"):
            place = folder / "cls-acl10-unprocessed" / language / "music"
            place.mkdir(parents=True)
            for split in ("train", "test"):
                end = f"{split} {word if language == 'en' else ''}"
                reviews = [(1 if i % 2 else 5, f"{text} {end}") for i, text in enumerate(TEXTS)]
                (place / f"{split}.review").write_bytes(review_xml(reviews))
        return folder

    return write


@pytest.fixture(scope="module")
def root(tmp_path_factory, _tiny_models, write_reviews):
    """A folder with a model and raw data."""
    folder = tmp_path_factory.mktemp("provenance")
    shutil.copytree(_tiny_models / "pytorch", folder / "model")
    write_reviews(folder / "manual", "first")
    return folder


@pytest.fixture(scope="module")
def config_of(root):
    """config_of(**fields): a config as Python code makes it; fields' dots are written as __."""

    def make(**fields):
        config = base()
        config.mixture = "E1"
        config.model.name = str(root / "model")
        config.model.forward = "padded"  # compiles faster
        config.data.manual_dir, config.data.data_dir = str(root / "manual"), str(root / "data")
        config.data.max_length = 16
        config.data.train_per_group, config.data.validation_per_group = 4, 2
        config.train.batch_size, config.train.epochs = 2, 2
        config.update_from_flattened_dict({k.replace("__", "."): v for k, v in fields.items()})
        return config

    return make


@pytest.fixture(scope="module")
def finished(config_of, root):
    """The workdir of a finished run."""
    workdir = Workdir(root / "runs" / "E1")
    train(config_of(), workdir)
    return workdir


@pytest.fixture(scope="module")
def second(config_of, finished, root):
    """The workdir of a finished run that started from it."""
    workdir = Workdir(root / "runs" / "J1")
    train(config_of(mixture="J1", init_from=str(finished.path)), workdir)
    return workdir


@pytest.fixture
def copied(root, finished, second, tmp_path):
    """Copies of model, data and both runs, whose configs name the copies: free to be spoilt."""
    for name in ("model", "manual", "data", "runs"):
        shutil.copytree(root / name, tmp_path / name)
    for file in (tmp_path / "runs").glob("*/*config.json"):
        file.write_text(file.read_text().replace(str(root), str(tmp_path)))
    for file in (tmp_path / "runs").glob("*/.config.json"):
        file.write_text(file.read_text().replace(str(root), str(tmp_path)))
    return tmp_path


def go_on(workdir, **places):
    """What `main` does with a run that was stopped after its last update."""
    workdir.done.unlink(missing_ok=True)
    train(with_places(workdir, places), workdir)


def judge(workdir, languages=("ja",), **places):
    evaluate(workdir, with_places(workdir, places), list(languages))
    return json.loads((workdir.eval / f"{languages[0]}.json").read_text())


def with_places(workdir, places):
    config = ConfigDict(workdir.read_config().to_dict())
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in places.items()})
    return config


def refused(action, workdir, **places):
    """The one line that it is refused with; nothing in the workdir changes but DONE."""
    before = {path: path.read_bytes() for path in files_of(workdir)}
    with pytest.raises(UserError) as error:
        action(workdir, **places)
    assert {path: path.read_bytes() for path in files_of(workdir)} == before
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def files_of(workdir):
    found = workdir.path.rglob("*")
    return [p for p in found if p.is_file() and p.name not in ("DONE", ".writer.lock")]


def change_a_weight(folder):
    weights = load_file(folder / "model.safetensors")
    weights["bert.encoder.layer.0.output.dense.bias"][0] += 1e-3
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


# ---- What is written down --------------------------------------------------------------------


def test_config_json_says_what_a_run_is(finished, root):
    stored = json.loads(finished.config_file.read_text())
    assert list(stored) == ["config", "versions", "device", "labels", "started_from", "data"]
    assert stored["versions"].keys() > {
        "workdir", "xlt_flax", "python", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint",
        "transformers", "tokenizers", "numpy", "tensorflow-datasets",
    }  # fmt: skip
    assert stored["versions"]["workdir"] == FORMAT
    assert stored["device"] == {"platform": "cpu", "kind": "cpu", "count": 1}
    assert stored["labels"] == ["negative", "positive"]
    start = stored["started_from"]
    assert (start["model"], start["init"]) == (str(root / "model"), "pretrained")
    assert start["revision"] is None
    assert len(start["digest"]) == 64
    assert stored["data"]["documents"].keys() == {"en/train", "en/test", "ja/test"}
    assert len(stored["data"]["tokenizer"]) == 64


def test_a_stage_names_its_sources_checkpoint(finished, second):
    stored = json.loads(second.config_file.read_text())
    step = json.loads(finished.done.read_text())["best"]["step"]
    digest = Checkpoints(finished.checkpoints).params_digest(step)
    assert stored["started_from"] == {
        "workdir": str(finished.path), "step": step, "digest": digest,
    }  # fmt: skip
    assert stored["data"]["documents"].keys() == {"ja/train", "ja/test"}


def test_a_digest_is_of_the_weights_and_not_of_their_file(root, config_of, tmp_path):
    """What is drawn, as the head is, does not count: it is drawn from the config's seed."""
    shutil.copytree(root / "model", tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    turned = dict(reversed(load_file(weights).items()))
    save_file(turned, weights, {"format": "pt", "saved": "anew"})
    assert weights.read_bytes() != (root / "model" / weights.name).read_bytes()
    name = str(tmp_path / "model")
    digest = open_inputs(config_of()).base.digest()
    assert open_inputs(config_of(model__name=name, seed=51)).base.digest() == digest
    change_a_weight(tmp_path / "model")
    assert open_inputs(config_of(model__name=name)).base.digest() != digest


def test_a_digest_of_drawn_weights_is_of_their_shape(config_of):
    drawn = {
        seed: open_inputs(config_of(model__init="random", seed=seed)).base.digest()
        for seed in (50, 51)
    }
    assert drawn[50] == drawn[51] != open_inputs(config_of()).base.digest()


# ---- A source that moved on ------------------------------------------------------------------


def lose_checkpoint(source):
    shutil.rmtree(source.checkpoints / str(best_of(source)))


def replace_checkpoint(source):
    """By another of its own, as a training that was begun anew leaves one of that number."""
    best = best_of(source)
    other = next(s for s in Checkpoints(source.checkpoints).steps() if s != best)
    lose_checkpoint(source)
    (source.checkpoints / str(other)).rename(source.checkpoints / str(best))


def best_of(source):
    return json.loads(source.done.read_text())["best"]["step"]


@pytest.mark.parametrize("action", [go_on, judge])
@pytest.mark.parametrize(
    ("spoil", "is_now"),
    [(lose_checkpoint, "gone from there"), (replace_checkpoint, "of other weights there now")],
)
def test_a_source_that_moved_on(copied, spoil, is_now, action):
    source, run = (Workdir(copied / "runs" / name) for name in ("E1", "J1"))
    step = best_of(source)
    spoil(source)
    message = refused(action, run)
    assert f"started from checkpoint {step} of {source.path}, which is {is_now}" in message
    assert "--config.init_from=DIR" in message


def test_the_recorded_checkpoint_counts_and_not_the_best_one_of_today(copied):
    """A better validation comes in after the stage began."""
    source, run = (Workdir(copied / "runs" / name) for name in ("E1", "J1"))
    step = best_of(source)
    other = next(s for s in Checkpoints(source.checkpoints).steps() if s != step)
    with source.metrics.open("a") as file:
        record = {"step": other, "epoch": 9, "split": "validation", "loss": 0.0, "accuracy": 1.0}
        file.write(json.dumps(record) + "\n")
    before = starting_point(run.read_config(), run)
    assert (before.step, before.digest) == (step, run.started_from()["digest"])
    new = ConfigDict(run.read_config().to_dict())
    assert starting_point(new, Workdir(run.path.parent / "new")).step == other


def test_a_source_that_moved(copied):
    run = Workdir(copied / "runs" / "J1")
    expected = judge(run, ["en"])  # whose word embeddings the run does not hold
    moved = str(shutil.move(copied / "runs" / "E1", copied / "E1"))
    assert judge(run, ["en"], init_from=moved)["loss"] == expected["loss"]
    go_on(run, init_from=moved)
    assert run.read_config().init_from == run.started_from()["workdir"] == moved


def test_a_source_that_is_gone_is_missed_only_where_it_is_needed(copied, caplog):
    run = Workdir(copied / "runs" / "J1")
    expected = judge(run)["loss"]
    shutil.rmtree(copied / "runs" / "E1")
    go_on(run)
    assert "going on without it" in caplog.text
    assert judge(run)["loss"] == expected
    with pytest.raises(UserError, match="E1 is gone, and word embeddings of it are needed"):
        judge(run, ["en"])


def test_a_source_that_is_not_done_must_have_its_checkpoint_named(copied, config_of, caplog):
    source = Workdir(copied / "runs" / "E1")
    step = best_of(source)
    source.done.unlink()
    places = {"model__name": str(copied / "model"), "data__data_dir": str(copied / "data")}
    config = config_of(mixture="J1", init_from=str(source.path), **places)
    new = Workdir(copied / "runs" / "new")
    assert "is not done" in refused(lambda workdir: train(config, workdir), new)
    assert not new.path.exists()
    config.init_checkpoint = str(step)
    assert starting_point(config, new).step == step
    assert "may delete the checkpoint" in caplog.text
    config.init_checkpoint = "999"
    with pytest.raises(UserError, match=r"^config.init_checkpoint=999: .* no checkpoint of step"):
        train(config, new)
    assert not new.path.exists()


def test_a_stage_reads_documents_as_its_source_did(config_of, finished, tmp_path):
    """The head's weights would fit another pooling, without a word."""
    workdir = Workdir(tmp_path / "J1")
    config = config_of(mixture="J1", init_from=str(finished.path), model__pooling="mean")
    with pytest.raises(UserError) as error:
        train(config, workdir)
    assert str(error.value) == (
        f"config.model.pooling is 'mean', but {finished.path} was trained with 'cls', and its head "
        "with it: give 'cls', or start from another run"
    )
    assert not workdir.path.exists()


# ---- Another model, tokenizer or data --------------------------------------------------------


@pytest.mark.parametrize("action", [go_on, judge])
def test_other_weights_under_the_same_name(copied, action):
    change_a_weight(copied / "model")
    message = refused(action, Workdir(copied / "runs" / "E1"))
    assert f"{copied / 'model'} is not the model that" in message
    assert "--config.model.name=PLACE" in message


def test_other_weights_below_a_source(copied):
    """They are asked for by word embeddings that neither stage holds."""
    run = Workdir(copied / "runs" / "J1")
    change_a_weight(copied / "model")
    judge(run)
    assert "is not the model that" in refused(judge, run, languages=["en"])


@pytest.mark.parametrize("action", [go_on, judge])
def test_another_tokenizer(copied, action):
    file = copied / "model" / "tokenizer.json"
    definition = json.loads(file.read_text())
    pieces = definition["model"]["vocab"]
    pieces["a"], pieces["b"] = pieces["b"], pieces["a"]
    file.write_text(json.dumps(definition))
    message = refused(action, Workdir(copied / "runs" / "E1"))
    assert f"the tokenizer of {copied / 'model'} is not the one that" in message


@pytest.mark.parametrize("action", [go_on, judge])
def test_other_documents(copied, write_reviews, action):
    """In another data_dir, or in the same one, prepared anew."""
    shutil.rmtree(copied / "manual")
    shutil.rmtree(copied / "data")
    write_reviews(copied / "manual", "second")
    message = refused(action, Workdir(copied / "runs" / "E1"))
    assert f"documents of webis_cls10 in {copied / 'data'} are not those that" in message
    assert "--config.data.data_dir=DIR" in message


@pytest.mark.parametrize("changed", ["weights", "documents"])
def test_a_sweep_is_not_gone_on_with_on_another_model_or_other_data(
    copied, write_reviews, config_of, changed
):
    places = {"model__name": str(copied / "model"), "data__data_dir": str(copied / "data")}
    check_sweep(copied / "runs", config_of(**places), open_inputs(config_of(**places)))
    if changed == "weights":
        change_a_weight(copied / "model")
    else:
        shutil.rmtree(copied / "data")
        places["data__manual_dir"] = str(write_reviews(copied / "other", "second"))
    with pytest.raises(UserError, match=r"is not the model that|are not those that"):
        check_sweep(copied / "runs", config_of(**places), open_inputs(config_of(**places)))


def test_what_moved_is_the_same(copied):
    """Model and data, found by their digests; a run that goes on writes down where they are now."""
    run = Workdir(copied / "runs" / "E1")
    expected = judge(run)["loss"]
    for name in ("model", "data", "manual"):
        shutil.move(copied / name, copied / f"moved_{name}")
    with pytest.raises(UserError, match="no folder cls-acl10-unprocessed in"):
        judge(run)  # of the model, base/ has what is needed
    places = {
        "model__name": str(copied / "moved_model"),
        "data__data_dir": str(copied / "moved_data"),
        "data__manual_dir": str(copied / "moved_manual"),
    }
    assert judge(run, **places)["loss"] == expected
    assert run.read_config().model.name == str(copied / "model")  # eval changes nothing
    go_on(run, **places)
    stored = run.read_config()
    assert stored.model.name == run.started_from()["model"] == places["model__name"]
    assert stored.data.data_dir == places["data__data_dir"]
    assert json.loads(run.config_copy.read_text()) == json.loads(run.config_file.read_text())
    # A stage whose source names a place that is no more takes what its own config names.
    source_places = {**places, "init_from": str(run.path)}
    assert judge(Workdir(copied / "runs" / "J1"), ["en"], **source_places)


# ---- What `train` is given -------------------------------------------------------------------


def test_a_config_built_in_python_is_checked_and_made_absolute(
    config_of, root, tmp_path, monkeypatch
):
    config = ConfigDict(config_of().to_dict())
    config.train.lerning_rate = 1
    workdir = Workdir(tmp_path / "run")
    assert "no field train.lerning_rate" in refused(lambda w: train(config, w), workdir)
    config = config_of(train__batch_size=0)
    assert "config.train.batch_size is 0" in refused(lambda w: train(config, w), workdir)
    assert not workdir.path.exists()
    monkeypatch.chdir(root)
    train(config_of(data__data_dir="data", train__max_steps=1), workdir)
    assert workdir.read_config().data.data_dir == str(root / "data")


@pytest.mark.parametrize(
    ("fields", "epochs_before", "steps"),
    [
        ({}, 0, 4),
        ({"train__max_steps": 3}, 0, 3),
        ({"train__max_steps": 7}, 0, 7),  # whatever the epochs say
        ({"train__max_steps": 7, "mixture": ""}, 0, 0),  # nothing to learn from
        ({}, 1, 2),
        ({}, 2, 0),
        ({"train__max_steps": 7}, 2, 7),
    ],
)
def test_max_steps_is_the_number_of_updates(config_of, fields, epochs_before, steps):
    assert length_of(config_of(**fields), epochs_before=epochs_before).total == steps


def test_a_run_that_its_epochs_do_not_end(config_of, tmp_path):
    workdir = Workdir(tmp_path / "run")
    train(config_of(train__max_steps=5, train__epochs=1), workdir)
    records = read_metrics(workdir.metrics)
    assert [r["step"] for r in records if r["split"] == "train"] == [1, 2, 3, 4, 5]
    ends = [(r["step"], r["epoch"]) for r in records if r["split"] == "validation"]
    assert ends == [(2, 1), (4, 2), (5, 3)]
    assert json.loads(workdir.done.read_text())["step"] == 5


def test_a_revision_reaches_the_hub_and_no_folder(config_of, root, caplog):
    with caplog.at_level("INFO", "xlt_flax"):
        open_inputs(config_of(model__revision="abc"))
    assert f"config.model.revision abc is not used: {root / 'model'} is a folder" in caplog.text
    with pytest.raises(UserError, match="some/model at revision abc is not in the local cache"):
        open_inputs(config_of(model__name="some/model", model__revision="abc"))
