"""Models load from every form of folder, and a folder that cannot serve gets one line."""

import json
import shutil

import numpy as np
import pytest
from flax.serialization import msgpack_restore
from flax.traverse_util import flatten_dict
from safetensors.numpy import load_file, save_file
from transformers import BertConfig, GPT2Config

from xlt_flax.errors import UserError
from xlt_flax.modeling import weights
from xlt_flax.modeling.encoders import load_shape
from xlt_flax.modeling.tokenizers import load_tokenizer
from xlt_flax.modeling.weights import random_weights


def load(folder, seed=0, dropout=None, max_length=64, init="pretrained"):
    """As a run loads what its config names."""
    tokenizer = load_tokenizer(str(folder))
    config = load_shape(str(folder), dropout, max_length, tokenizer, "", num_labels=2)
    if init == "random":
        return config, flatten_dict(random_weights(config, seed), sep="/")
    return config, pretrained(str(folder), config, seed)


def pretrained(folder, config, seed, head_sd=None):
    stored = weights.stored_weights(folder, config, "")
    return flatten_dict(weights.complete_weights(stored, config, seed, head_sd), sep="/")


def expect_one_line(function, *arguments, **keywords):
    with pytest.raises(UserError) as error:
        function(*arguments, **keywords)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def stored_weights(folder):
    stored = msgpack_restore((folder / "flax_model.msgpack").read_bytes())
    return flatten_dict(stored, sep="/")


def test_both_weight_formats_give_the_weights_that_are_in_them(tiny_model_folder):
    expected = stored_weights(tiny_model_folder("flax"))
    _, from_flax = load(tiny_model_folder("flax"))
    _, from_pytorch = load(tiny_model_folder("pytorch"))
    assert from_flax.keys() == from_pytorch.keys() == expected.keys()
    drawn = []
    for path, array in expected.items():
        assert from_flax[path].dtype == from_pytorch[path].dtype == np.float32
        np.testing.assert_array_equal(from_flax[path], array)
        if path.startswith(("classifier/", "bert/pooler/")):
            drawn.append(path)
            assert np.isfinite(from_pytorch[path]).all()
        else:
            np.testing.assert_array_equal(from_pytorch[path], array)
    assert len(drawn) == 4


def test_what_the_weights_lack_is_drawn_from_the_seed(tiny_model_folder):
    folder = tiny_model_folder("pytorch")
    first, again, other = (load(folder, seed)[1] for seed in (1, 1, 2))
    for path, array in first.items():
        np.testing.assert_array_equal(array, again[path])
        is_drawn = path in ("classifier/kernel", "bert/pooler/dense/kernel")
        assert (array != other[path]).any() == is_drawn, path
    assert not first["classifier/bias"].any()


@pytest.mark.parametrize(("head_sd", "expected"), [(None, 512**-0.5), (0.02, 0.02), (0.0, 0.0)])
def test_the_heads_standard_deviation(head_sd, expected):
    config = BertConfig(
        vocab_size=8,
        hidden_size=512,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=4,
        num_labels=8,
    )
    head = random_weights(config, 1, head_sd)["classifier"]
    assert np.std(head["kernel"]) == pytest.approx(expected, rel=0.05)
    assert not head["bias"].any()


def test_a_heads_own_draw_changes_nothing_else(tiny_model_folder):
    def weights(form, head_sd, seed=1):
        folder = str(tiny_model_folder(form))
        config = load_shape(folder, None, 64, load_tokenizer(folder), "", num_labels=2)
        return pretrained(folder, config, seed, head_sd)

    for form, expected in (("pytorch", {"classifier/kernel"}), ("flax", set())):  # has its own
        library, given = weights(form, None), weights(form, 0.02)
        assert {path for path in given if (given[path] != library[path]).any()} == expected
    name = "classifier/kernel"
    head, wide = weights("pytorch", 0.02)[name], weights("pytorch", 0.2)[name]
    np.testing.assert_allclose(10 * head, wide, rtol=1e-6)
    assert (head != weights("pytorch", 0.02, seed=2)[name]).all()


def test_googles_layout_serves_for_random_weights(tiny_model_folder):
    folder = tiny_model_folder("google")
    config, drawn = load(folder, seed=1, init="random")
    assert (config.num_hidden_layers, config.num_labels) == (2, 2)
    expected = stored_weights(tiny_model_folder("flax"))
    assert {k: v.shape for k, v in drawn.items()} == {k: v.shape for k, v in expected.items()}
    name = "bert/embeddings/word_embeddings/embedding"
    assert np.std(drawn[name]) == pytest.approx(config.initializer_range, rel=0.05)
    assert "has no weights (flax_model.msgpack or " in expect_one_line(load, folder)


def change_config(folder, **changes):
    path = next(path for path in folder.glob("*config.json") if "tokenizer" not in path.name)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_weights(folder, change):
    path = folder / "model.safetensors"
    weights = load_file(path)
    change(weights)
    save_file(weights, path, {"format": "pt"})


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def lose_layer(weights):
    for name in [name for name in weights if ".layer.1." in name]:
        del weights[name]


def widen(weights):
    weights["bert.embeddings.LayerNorm.bias"] = np.zeros(17, np.float32)


def poison(weights):
    weights["bert.encoder.layer.0.output.dense.bias"][3] = np.nan


def as_gpt2(folder):
    (folder / "config.json").write_text(GPT2Config(n_layer=1).to_json_string())


def lose_padding(folder):
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"})
    )


BAD_FOLDERS = {
    "folder removed": ("flax", shutil.rmtree, "there is no folder "),
    "no weights": ("flax", lambda f: (f / "flax_model.msgpack").unlink(), "has no weights ("),
    "no config": ("flax", lambda f: (f / "config.json").unlink(), "has no config"),
    "no tokenizer": (
        "flax",
        lambda f: [(f / name).unlink() for name in ("tokenizer.json", "vocab.txt")],
        "has no tokenizer (tokenizer.json or vocab.txt or ",
    ),
    "another architecture": ("flax", as_gpt2, "it is a gpt2 model: give one of type bert, "),
    "a larger tokenizer": (
        "flax",
        lambda f: change_config(f, vocab_size=2999),
        "its tokenizer has 3000 pieces, its config a vocabulary of 2999",
    ),
    "fewer positions": (
        "google",
        lambda f: change_config(f, max_position_embeddings=63),
        "config.data.max_length is 64, but ",
    ),
    "a layer lost": ("pytorch", lambda f: change_weights(f, lose_layer), "bert/encoder/layer/1/"),
    "a number lost": (
        "pytorch",
        lambda f: change_weights(f, poison),
        "bert/encoder/layer/0/output/dense/bias has values that are no finite numbers",
    ),
    "another shape": (
        "pytorch",
        lambda f: change_weights(f, widen),
        "bert/embeddings/LayerNorm/bias is (17,) in its weights, and (16,) by its config",
    ),
    "safetensors cut": ("pytorch", lambda f: truncate(f / "model.safetensors"), "does not load: "),
    "msgpack cut": ("flax", lambda f: truncate(f / "flax_model.msgpack"), "does not load: "),
    "config cut": ("flax", lambda f: truncate(f / "config.json"), "does not load: "),
    "Google's config cut": ("google", lambda f: truncate(f / "bert_config.json"), "does not load"),
    "tokenizer cut": ("flax", lambda f: truncate(f / "tokenizer.json"), "does not load: "),
    "vocabulary not UTF-8": (
        "google",
        lambda f: (f / "vocab.txt").write_bytes(b"[PAD]\n[UNK]\n\xe9\n"),
        "does not load: ",
    ),
    "no padding token": ("flax", lose_padding, "its tokenizer has no padding token"),
    "heads that do not divide": (
        "flax",
        lambda f: change_config(f, num_attention_heads=3),
        "16 units cannot be shared among 3 heads",
    ),
    "sizes that are not numbers": (
        "google",
        lambda f: change_config(f, hidden_size="wide"),
        "its config describes no model: ",
    ),
}


@pytest.mark.parametrize(("form", "damage", "expected"), BAD_FOLDERS.values(), ids=BAD_FOLDERS)
def test_a_folder_that_cannot_serve_gets_one_line(tiny_model_folder, form, damage, expected):
    folder = tiny_model_folder(form)
    damage(folder)
    message = expect_one_line(load, folder, init="random" if form == "google" else "pretrained")
    assert expected in message
    assert message.startswith("config.model.name") or "config.data.max_length" in message
