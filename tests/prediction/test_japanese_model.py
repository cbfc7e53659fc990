"""A Japanese model from training to a folder that others open, its own folder gone meanwhile."""

import json

import numpy as np
import pytest
from japanese_folders import KINDS, sample_texts, vocabulary, write_tokenizer

import xlt_flax
from xlt_flax.data.tokenization import tokenize
from xlt_flax.modeling.tokenizers import load_tokenizer
from xlt_flax.prediction.classifier import Classifier
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

pytest.importorskip("fugashi", reason="needs the extra ja")
pytestmark = pytest.mark.slow
SHAPE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
SHAPE |= {"intermediate_size": 32, "max_position_embeddings": 64}


@pytest.fixture(scope="module")
def texts():
    return sample_texts()[:30]


@pytest.fixture(scope="module")
def model(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("japanese") / "model"
    write_tokenizer(folder, vocabulary(texts), in_config=True, **KINDS["v1"])
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | SHAPE))
    return folder


@pytest.fixture(scope="module")
def workdir(model, small_config, tmp_path_factory):
    """A run of it; afterwards the model lies elsewhere."""
    workdir = Workdir(tmp_path_factory.mktemp("run") / "run")
    config = small_config(
        model__name=str(model), train__max_steps=2, data__target_language="ja", mixture="E1"
    )
    train(config, workdir)
    model.rename(model.with_name("elsewhere"))
    return workdir


def test_a_run_knows_its_tokenizer_again(workdir, model):
    """What it recorded of the folder is what it finds where that was moved to."""
    moved = str(model.with_name("elsewhere"))
    judged = xlt_flax.evaluate(workdir.path, places={"model.name": moved})["ja"]
    assert judged["n"] > 10


def test_a_workdir_is_enough_and_an_export_the_same_to_the_library(workdir, texts, tmp_path):
    from transformers import AutoTokenizer, BertJapaneseTokenizer

    xlt_flax.api.export(workdir.path, tmp_path / "exported")
    here, there = (Classifier.load(place) for place in (workdir.path, tmp_path / "exported"))
    np.testing.assert_allclose(here.predict_proba(texts), there.predict_proba(texts), atol=1e-6)
    library = AutoTokenizer.from_pretrained(tmp_path / "exported")
    assert type(library) is BertJapaneseTokenizer
    kept = load_tokenizer(str(workdir.base))
    rows = tokenize([(one,) for one in texts], kept, 32).rows
    assert any(len(row) == 32 for row in rows)
    assert library(texts, truncation=True)["input_ids"] == [
        [*row] for row in rows
    ]  # its own length
