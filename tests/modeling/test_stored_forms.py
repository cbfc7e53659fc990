"""Every form in which a model's weights may be stored gives the same bits, and the same digest."""

import json
import logging
import shutil

import jax
import ml_dtypes
import numpy as np
import pytest
from flax.serialization import msgpack_restore, msgpack_serialize
from flax.traverse_util import flatten_dict, unflatten_dict
from safetensors.numpy import load_file, save_file

from xlt_flax.config import base
from xlt_flax.modeling import tensor_files
from xlt_flax.modeling.base_model import open_base_model


def opened(folder, num_labels=3, **arguments):
    config = base()
    config.model.name = str(folder)
    config.data.max_length = 16
    return open_base_model(config, num_labels, **arguments)


def tensors_of(folder):
    file = folder / "model.safetensors"
    tensors = load_file(file)
    file.unlink()
    return tensors


def shard(folder, tensors, stem="model", ending="safetensors", save=save_file):
    """Two shards and their index, as the library names them."""
    names, placed = sorted(tensors), {}
    for number in (1, 2):
        file = f"{stem}-0000{number}-of-00002.{ending}"
        held = {name: tensors[name] for name in names[number - 1 :: 2]}
        save(held, folder / file)
        placed |= dict.fromkeys(held, file)
    index = {"metadata": {"total_size": 1}, "weight_map": placed}
    (folder / f"{stem}.{ending}.index.json").write_text(json.dumps(index))


def save_msgpack(tensors, file):
    file.write_bytes(msgpack_serialize(tensors))


def flax_tensors(folder):
    """The same weights in the library's Flax names."""
    tree = opened(folder).params(seed=0)
    (folder / "model.safetensors").unlink()
    return {path: np.ascontiguousarray(leaf) for path, leaf in flatten_dict(tree, sep="/").items()}


def sharded(folder):
    shard(folder, tensors_of(folder))


def in_flax_names(folder):
    tensors = {path.replace("/", "."): leaf for path, leaf in flax_tensors(folder).items()}
    save_file(tensors, folder / "model.safetensors", {"format": "flax"})


def sharded_in_flax_names(folder):
    tensors = {path.replace("/", "."): leaf for path, leaf in flax_tensors(folder).items()}
    shard(folder, tensors)


def in_msgpack(folder):
    save_msgpack(unflatten_dict(flax_tensors(folder), sep="/"), folder / "flax_model.msgpack")


def in_sharded_msgpack(folder):
    shard(folder, flax_tensors(folder), "flax_model", "msgpack", save_msgpack)


def without_prefix(folder):
    tensors = tensors_of(folder)
    prefixes = ("bert.", "roberta.", "electra.", "distilbert.")
    bare = {name.partition(".")[2] if name.startswith(prefixes) else name: one
            for name, one in tensors.items()}  # fmt: skip
    assert bare.keys() != tensors.keys()
    save_file(bare, folder / "model.safetensors")


def with_old_layer_norms(folder):
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    tensors = tensors_of(folder)
    for name in list(tensors):
        for new, before in old.items():
            if name.endswith(new):
                tensors[name.replace(new, before)] = tensors.pop(name)
    save_file(tensors, folder / "model.safetensors")


def with_what_is_no_weight(folder):
    tensors = tensors_of(folder)
    tensors["bert.embeddings.position_ids"] = np.arange(40)[None]
    save_file(tensors | {"cls.bias": np.full(3, np.nan)}, folder / "model.safetensors")


FORMS = {form.__name__: form for form in (
    sharded, in_flax_names, sharded_in_flax_names, in_msgpack, in_sharded_msgpack, without_prefix,
    with_old_layer_norms, with_what_is_no_weight,
)}  # fmt: skip


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_has_the_same_bits_and_digest(form, library_checkpoint):
    folder = library_checkpoint("bert").with_head
    whole = opened(folder)
    params, digest, table = whole.params(seed=0), whole.digest(), whole.word_embedding(seed=0)
    form(folder)
    other = opened(folder)
    np.testing.assert_array_equal(other.word_embedding(seed=0), table)
    assert other.digest() == digest
    jax.tree.map(np.testing.assert_array_equal, other.params(seed=0), params)


@pytest.mark.parametrize("model_type", ["distilbert", "electra", "roberta", "xlm-roberta"])
@pytest.mark.parametrize("form", ["sharded", "in_msgpack", "without_prefix"])
def test_so_has_every_encoder(form, model_type, library_checkpoint):
    folder = library_checkpoint(model_type).with_head
    params = opened(folder).params(seed=0)
    FORMS[form](folder)
    jax.tree.map(np.testing.assert_array_equal, opened(folder).params(seed=0), params)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
@pytest.mark.parametrize("form", [lambda folder: None, sharded], ids=["whole", "sharded"])
def test_a_half_precision_file_is_read_as_float32(dtype, form, library_checkpoint):
    folder = library_checkpoint("bert").with_head
    params = opened(folder).params(seed=0)
    tensors = {name: one.astype(dtype) for name, one in tensors_of(folder).items()}
    save_file(tensors, folder / "model.safetensors")
    form(folder)
    read = opened(folder)

    def check(leaf, expected):
        assert leaf.dtype == np.float32
        np.testing.assert_array_equal(leaf, expected.astype(dtype).astype(np.float32))

    jax.tree.map(check, read.params(seed=0), params)
    rounded = {name: one.astype(np.float32) for name, one in tensors.items()}
    for file in folder.glob("model*"):
        file.unlink()
    save_file(rounded, folder / "model.safetensors")
    assert read.digest() == opened(folder).digest()


@pytest.mark.parametrize("model_type", ["bert", "roberta", "distilbert"])
def test_a_head_of_another_size_is_drawn(model_type, library_checkpoint, caplog):
    folder = library_checkpoint(model_type).with_head
    three = opened(folder).params(seed=0)
    with caplog.at_level(logging.INFO, "xlt_flax"):
        five = opened(folder, num_labels=5).params(seed=0)
    assert "has a head of another size: it is drawn anew" in caplog.text
    encoder = next(iter(three.keys() - {"classifier", "pre_classifier"}))
    jax.tree.map(np.testing.assert_array_equal, five[encoder], three[encoder])
    assert flatten_dict(five, sep="/")[opened(folder).adapter.HEAD].shape == (16, 5)


@pytest.mark.parametrize(
    ("named", "is_kept"),
    [
        (["bad", "so-so", "good"], True),
        (["good", "so-so", "bad"], False),
        (["LABEL_0", "LABEL_1", "LABEL_2"], True),
    ],
    ids=["the same", "others", "no names"],
)
def test_a_head_of_other_classes_is_drawn(named, is_kept, library_checkpoint, caplog):
    folder = library_checkpoint("bert").with_head
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = dict(enumerate(named))
    (folder / "config.json").write_text(json.dumps(config))
    plain, named = opened(folder), opened(folder, labels=("bad", "so-so", "good"))
    with caplog.at_level(logging.INFO, "xlt_flax"):
        kernels = [model.params(seed=0)["classifier"]["kernel"] for model in (plain, named)]
    assert ("has a head of other classes: it is drawn anew" in caplog.text) == (not is_kept)
    assert np.array_equal(*kernels) == is_kept
    assert plain.digest() == named.digest()  # the model is the same, whatever is made of it


def test_a_msgpack_is_read_once_for_its_table_and_its_digest(library_checkpoint, monkeypatch):
    folder = library_checkpoint("bert").with_head
    in_msgpack(folder)
    read = []
    monkeypatch.setattr(
        tensor_files,
        "msgpack_restore",
        lambda data: read.append(len(data)) or msgpack_restore(data),
    )
    model = opened(folder)
    model.word_embedding(seed=0)
    model.digest()
    assert len(read) == 1


def test_a_folder_of_links_is_read_where_the_hub_keeps_such_ones(library_checkpoint, tmp_path):
    """snapshots/COMMIT/NAME links to blobs/…, and the folder itself may be given by a link."""
    folder = library_checkpoint("bert").with_head
    expected = opened(folder).params(seed=0)
    blobs, snapshot = (
        tmp_path / "models--a--b" / "blobs",
        tmp_path / "models--a--b/snapshots/c0ffee",
    )
    snapshot.mkdir(parents=True)
    shutil.move(folder, blobs)
    for number, file in enumerate(sorted(blobs.iterdir())):
        file.rename(blobs / str(number))
        (snapshot / file.name).symlink_to(f"../../blobs/{number}")
    (tmp_path / "link").symlink_to(snapshot)
    jax.tree.map(np.testing.assert_array_equal, opened(tmp_path / "link").params(seed=0), expected)
