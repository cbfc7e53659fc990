"""An exported folder: the same model, for this program and for others."""

import json
import os
import subprocess

import numpy as np
import pytest
from transformers import FlaxBertForSequenceClassification

from xlt_flax import api
from xlt_flax.errors import UserError
from xlt_flax.modeling.encoders import load_shape
from xlt_flax.modeling.saved import write_config, write_tokenizer, write_weights
from xlt_flax.modeling.tokenizers import load_tokenizer
from xlt_flax.modeling.weights import stored_weights
from xlt_flax.prediction.classify import classify
from xlt_flax.prediction.opening import open_trained

TEXTS = ["a good book, and long", "", "schlecht " * 40, "とても良い", "日本 music"]


def probabilities(place):
    parts = classify(open_trained(place), ((text,) for text in TEXTS))
    return np.concatenate([part.probabilities for part in parts])


@pytest.fixture(scope="module")
def exported(trained_runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "model"
    api.export(trained_runs.stage.path, folder, msgpack=True)
    return folder


def test_it_predicts_what_its_workdir_predicts(trained_runs, exported):
    expected = probabilities(trained_runs.stage.path)
    np.testing.assert_allclose(probabilities(exported), expected, atol=1e-6)


def test_it_says_what_it_gives_and_how_much_it_reads(exported, trained_runs):
    config = json.loads((exported / "config.json").read_text("utf-8"))
    assert config["id2label"] == {"0": "negative", "1": "positive"}
    assert config["architectures"] == ["BertForSequenceClassification"]
    tokenizer = json.loads((exported / "tokenizer_config.json").read_text("utf-8"))
    assert tokenizer["model_max_length"] == trained_runs.stage.read_config().data.max_length
    assert open_trained(exported).labels.names == ("negative", "positive")


@pytest.mark.parametrize("file", ["model.safetensors", "flax_model.msgpack"])
def test_the_librarys_flax_class_reads_either_file(exported, trained_runs, file, tmp_path):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", file):
        os.link(exported / name, tmp_path / name)
    model = FlaxBertForSequenceClassification.from_pretrained(tmp_path)
    tokenizer = load_tokenizer(str(tmp_path))
    length = trained_runs.stage.read_config().data.max_length
    batch = tokenizer(TEXTS, truncation=True, max_length=length, padding=True, return_tensors="np")
    logits = np.asarray(model(**batch).logits, np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(shares, probabilities(exported), atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "electra", "roberta", "xlm-roberta"])
def test_weights_are_written_as_pytorch_named_them(kind, library_checkpoint, tmp_path):
    """Bit for bit, and under the very names of the file that they came from."""
    from safetensors.numpy import load_file

    source, tmp_path = library_checkpoint(kind).with_head, tmp_path / "written"
    tmp_path.mkdir()
    tokenizer = load_tokenizer(str(source))
    shape = load_shape(str(source), None, 16, tokenizer, "", 3)
    before = stored_weights(str(source), shape, "")
    write_config(tmp_path, shape, ["a", "b", "c"])
    write_tokenizer(tmp_path, tokenizer)
    write_weights(tmp_path / "model.safetensors", nested(before))
    after = stored_weights(str(tmp_path), shape, "")
    assert before.keys() == after.keys()
    for path in before:
        np.testing.assert_array_equal(before[path], after[path])
    written, original = (load_file(f / "model.safetensors") for f in (tmp_path, source))
    assert written.keys() == original.keys()
    for name in original:
        np.testing.assert_array_equal(written[name], original[name])


def nested(flat):
    from flax.traverse_util import unflatten_dict

    return unflatten_dict(flat, sep="/")


def test_a_temperature_changes_how_sure_it_is_and_no_label(trained_runs, tmp_path):
    workdir = trained_runs.first
    places = {"model.name": str(trained_runs.model)}
    api.export(workdir.path, tmp_path / "plain", places=places)
    api.export(workdir.path, tmp_path / "calibrated", calibrate=True, places=places)
    plain, cooled = (probabilities(tmp_path / name) for name in ("plain", "calibrated"))
    np.testing.assert_array_equal(plain.argmax(-1), cooled.argmax(-1))
    card = (tmp_path / "calibrated" / "README.md").read_text("utf-8")
    temperature = float(card.split("divided by ")[1].split(" ")[0])
    odds = np.log(plain[:, 0] / plain[:, 1]) / temperature
    np.testing.assert_allclose(np.log(cooled[:, 0] / cooled[:, 1]), odds, atol=1e-3)


def test_the_card_says_what_was_trained_and_found(trained_runs, exported):
    card = (exported / "README.md").read_text("utf-8")
    for said in ("F1 of webis_cls10_sample, after first", "checkpoint 3,", "license:", "negative"):
        assert said in card


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: (folder / "x").write_text("mine"), "is there already"),
        (lambda folder: folder.rmdir() or folder.write_text("mine"), "is there already"),
    ],
)
def test_nothing_is_written_over(trained_runs, tmp_path, make, said):
    folder = tmp_path / "out"
    folder.mkdir()
    make(folder)
    with pytest.raises(UserError, match=said):
        api.export(trained_runs.first.path, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_head_that_no_library_class_has_is_not_exported(
    trained_runs, small_config, tmp_path, monkeypatch
):
    from xlt_flax.training.train import train
    from xlt_flax.workdir import Workdir

    config = small_config(
        mixture="E1",
        train__max_steps=1,
        model__pooling="mean",
        model__name=str(trained_runs.model),
    )
    train(config, Workdir(tmp_path / "run"))
    with pytest.raises(UserError, match=r"config\.model\.pooling"):
        api.export(tmp_path / "run", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_pytorchs_pipeline_says_the_same(exported):
    """In an environment of its own: the package has no torch."""
    python = os.environ.get("XLT_FLAX_TORCH_PYTHON")
    if not python:
        pytest.skip("XLT_FLAX_TORCH_PYTHON names no Python with torch and transformers")
    program = f"""
import json
from transformers import pipeline
classify = pipeline("text-classification", {str(exported)!r}, top_k=None, device="cpu")
print(json.dumps(classify({TEXTS!r}, truncation=True)))
"""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-c", program], env=clean, capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout.splitlines()[-1])
    scores = [{one["label"]: one["score"] for one in row} for row in said]
    found = [[row["negative"], row["positive"]] for row in scores]
    np.testing.assert_allclose(found, probabilities(exported), atol=1e-4)
