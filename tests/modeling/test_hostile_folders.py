"""A model folder may say what it likes: it runs nothing, and reads and writes nothing outside."""

import json
import logging
import os
import pickle
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from flax.serialization import msgpack_serialize
from safetensors.numpy import load_file, save_file

import xlt_flax
from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.modeling.base_model import open_base_model
from xlt_flax.modeling.tokenizers import load_tokenizer

OURS = str(Path(xlt_flax.__file__).parent)
AUTO_MAP = {"AutoConfig": "evil.Config", "AutoTokenizer": ["evil.Slow", "evil.Fast"]}
REMOTE = {
    "auto_map": AUTO_MAP,
    "_attn_implementation_internal": "evil/kernel",
    "attn_implementation": "evil/kernel",
    "quantization_config": {"quant_method": "evil"},
    "torch_dtype": "float16",
    "custom_pipelines": {"evil": {"impl": "evil.Pipeline"}},
    "trust_remote_code": True,
}


def load(folder):
    config = base()
    config.model.name = str(folder)
    config.data.max_length = 16
    return open_base_model(config, num_labels=3).params(seed=0)


def refusal(folder):
    with pytest.raises(UserError) as error:
        load(folder)
    assert len(str(error.value).splitlines()) == 1
    assert str(error.value).startswith("config.model.name")
    return str(error.value)


def change(file, **fields):
    content = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(content | fields))


@pytest.fixture
def folder(library_checkpoint):
    return library_checkpoint("bert").with_head


def test_keys_that_name_code_are_passed_over_in_a_line(folder, caplog):
    expected = load(folder)["classifier"]["kernel"]
    change(folder / "config.json", **REMOTE)
    change(folder / "tokenizer_config.json", auto_map=AUTO_MAP, gguf_file="x", tokenizer_object=1)
    with caplog.at_level(logging.INFO, "xlt_flax"):
        np.testing.assert_array_equal(load(folder)["classifier"]["kernel"], expected)
    lines = [line for line in caplog.messages if "passed over" in line]
    assert lines == [
        "model: keys of its tokenizer_config.json passed over: auto_map, gguf_file, "
        "tokenizer_object",
        f"model: keys of its config.json passed over: {', '.join(sorted({*REMOTE, 'dtype'}))}",
    ]


BAD_VALUES = [
    ("hidden_size", -1),
    ("hidden_size", 0),
    ("hidden_size", 10**12),
    ("hidden_size", 1e12),
    ("hidden_size", True),
    ("hidden_size", [16]),
    ("num_hidden_layers", "two"),
    ("num_hidden_layers", 10**6),
    ("num_attention_heads", None),
    ("hidden_dropout_prob", 7),
    ("hidden_dropout_prob", float("nan")),
    ("classifier_dropout", "0.1"),
    ("layer_norm_eps", "1e-12"),
    ("layer_norm_eps", float("inf")),
    ("hidden_act", "os.system"),
    ("hidden_act", ["gelu"]),
    ("position_embedding_type", "relative_key"),
    ("pad_token_id", -1),
    ("is_decoder", "yes"),
]


@pytest.mark.parametrize(("key", "value"), BAD_VALUES)
def test_a_value_that_no_model_has_is_refused(folder, key, value):
    change(folder / "config.json", **{key: value})
    assert f"its config describes no model: {key} is " in refusal(folder)


def test_a_config_that_is_no_object_or_too_deep_is_refused(folder):
    for content in ("[]", "7", "", "[" * 100_000, '{"a":' * 100_000):
        (folder / "config.json").write_text(content)
        refusal(folder)


def to_pickle(folder):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(folder))


def index_of(shard, name="model.safetensors.index.json"):
    def write(folder):
        secret = folder.parent / "outside.safetensors"
        shutil.move(folder / "model.safetensors", secret)
        path = str(secret) if shard == "absolute" else shard
        (folder / name).write_text(json.dumps({"weight_map": {"bert.a": path}}))

    return write


def link_out(name):
    def write(folder):
        outside = folder.parent / f"outside-{name}"
        shutil.move(folder / name, outside)
        (folder / name).symlink_to(outside)

    return write


def header_of(change_header):
    def write(folder):
        file = folder / "model.safetensors"
        data = file.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        change_header(header)
        text = json.dumps(header).encode()
        file.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])

    return write


def lie(**fields):
    return header_of(lambda header: header["classifier.bias"].update(fields))


def absurd_length(folder):
    file = folder / "model.safetensors"
    file.write_bytes(struct.pack("<Q", 2**62) + file.read_bytes()[8:])


def tensor(name, make):
    def write(folder):
        tensors = load_file(folder / "model.safetensors")
        tensors[name] = make(tensors[name])
        save_file(tensors, folder / "model.safetensors")

    return write


def with_inf(array):
    array.flat[1] = np.inf
    return array


def msgpack(content):
    def write(folder):
        (folder / "flax_model.msgpack").write_bytes(content)

    return write


def tokenizer(**fields):
    return lambda folder: change(folder / "tokenizer_config.json", **fields)


def definition(change_it):
    def write(folder):
        file = folder / "tokenizer.json"
        content = json.loads(file.read_text())
        change_it(content)
        file.write_text(json.dumps(content))

    return write


def far_piece(content):
    content["model"]["vocab"]["far"] = 4_000_000


def sentencepiece_alone(folder):
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").unlink(missing_ok=True)
    (folder / "sentencepiece.bpe.model").write_bytes(b"\n\x0e")


HOSTILE = {
    "a pickle alone": (to_pickle, "a pickle, which may run code and is not read: convert it"),
    "a shard above": (index_of("../outside.safetensors"), "is no file beside it"),
    "a shard elsewhere": (index_of("absolute"), "is no file beside it"),
    "a shard of another system": (index_of("..\\outside.safetensors"), "is no file beside it"),
    "a shard that is the folder": (index_of(".."), "is no"),
    "a shard that is a number": (index_of(7), "is no file beside it"),
    "a shard of another kind": (index_of("pytorch_model.bin"), "is no .safetensors"),
    "a shard that is gone": (index_of("gone.safetensors"), "has no shard gone.safetensors"),
    "a msgpack shard above": (
        index_of("../x.msgpack", "flax_model.msgpack.index.json"),
        "is no file beside it",
    ),
    "weights by a link": (link_out("model.safetensors"), "is a link that leads out of its folder"),
    "config by a link": (link_out("config.json"), "is a link that leads out of its folder"),
    "tokenizer by a link": (link_out("tokenizer.json"), "is a link that leads out of its folder"),
    "a header of absurd length": (absurd_length, "does not load"),
    "a shape that lies": (lie(shape=[2**40]), "does not load"),
    "a type that lies": (lie(dtype="F64"), "does not load"),
    "a type of nobody": (lie(dtype="EVIL"), "does not load"),
    "offsets that lie": (lie(data_offsets=[0, 2**50]), "does not load"),
    "offsets turned": (lie(data_offsets=[12, 0]), "does not load"),
    "whole numbers": (
        tensor("bert.pooler.dense.bias", lambda array: array.astype(np.int8)),
        "bert/pooler/dense/bias is I8 in its weights, not one of float16",
    ),
    "infinity": (tensor("bert.pooler.dense.bias", with_inf), "are no finite numbers"),
    "infinity in the head": (tensor("classifier.bias", with_inf), "are no finite numbers"),
    "a table that is short": (
        tensor("bert.embeddings.word_embeddings.weight", lambda array: array[:-1]),
        "bert/embeddings/word_embeddings/embedding is (",
    ),
    "a msgpack of text": (msgpack(msgpack_serialize({"a": "text"})), "is a str, not an array"),
    "a msgpack of a list": (msgpack(msgpack_serialize([1, 2])), "does not load"),
    "a msgpack of nothing": (msgpack(b""), "does not load"),
    "a msgpack of an unknown type": (msgpack(b"\x81\xa1a\xd4\x2a\x00"), "not an array"),
    "a msgpack that promises much": (msgpack(b"\xdd\xff\xff\xff\xff"), "does not load"),
    "a deep msgpack": (msgpack(b"\x81\xa1a" * 5000 + b"\x00"), "does not load"),
    "a piece without a row": (definition(far_piece), "its tokenizer has 4000001 pieces"),
    "an unknown kind of pieces": (definition(lambda d: d["model"].update(type="x")), "not load"),
    "a special token that is a number": (tokenizer(pad_token=7), "pad_token of its tokenizer is 7"),
    "added tokens that are none": (tokenizer(added_tokens_decoder={"x": 7}), "does not load"),
    "a vocabulary that only sentencepiece reads": (
        sentencepiece_alone,
        "has sentencepiece.bpe.model without tokenizer.json: make that one",
    ),
}


@pytest.mark.parametrize(("harm", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_folder_gets_one_line(folder, harm, expected):
    harm(folder)
    assert expected in refusal(folder)


def test_a_tokenizer_reads_no_file_that_its_config_names(folder):
    expected = load_tokenizer(str(folder))("a b")["input_ids"]
    elsewhere = str(folder.parent / "elsewhere.json")
    files = {"tokenizer_file": elsewhere, "vocab_file": elsewhere}
    versions = ["tokenizer.4.0.0.json", "../tokenizer.4.0.0.json"]
    tokenizer(**files, fast_tokenizer_files=versions)(folder)
    assert load_tokenizer(str(folder))("a b")["input_ids"] == expected


def test_a_tokenizer_class_that_nobody_knows_is_passed_over(folder, caplog):
    expected = load_tokenizer(str(folder))("a b")["input_ids"]
    tokenizer(tokenizer_class="os.system")(folder)
    with caplog.at_level(logging.INFO, "xlt_flax"):
        assert load_tokenizer(str(folder))("a b")["input_ids"] == expected
    assert "tokenizer_class os.system is passed over" in caplog.text


# What a loading process opened, connected to, started or compiled, by Python's own account.
AUDITED = """
import sys
seen = []
def audit(event, arguments):
    if event in ("open", "os.listdir", "os.remove", "os.rename", "os.mkdir", "subprocess.Popen",
                 "os.system", "os.exec", "socket.connect", "pickle.find_class"):
        seen.append((event, *map(str, arguments[:2])))

from xlt_flax.config import base
from xlt_flax.modeling.base_model import open_base_model
import builtins
builtins.input = lambda *_: sys.exit("it asks on stdin")
config = base()
config.model.name, config.data.max_length = sys.argv[1], 16
open_base_model(config, 3).params(seed=0)  # what libraries open at first use is open by now
sys.addaudithook(audit)
config.model.name = sys.argv[2]
open_base_model(config, 3).params(seed=1)
for module in ("torch", "kernels", "evil"):
    assert module not in sys.modules, module
print(*("\\t".join(one) for one in seen), sep="\\n")
"""


@pytest.fixture
def without_torch(tmp_path):
    """The environment of a machine whose torch and kernels fail whoever imports them."""
    for name in ("torch", "kernels"):
        module = tmp_path / "site" / name
        module.mkdir(parents=True)
        (module / "__init__.py").write_text(f"raise RuntimeError('{name} was imported')")
        metadata = tmp_path / "site" / f"{name}-2.9.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.9.0\n")
    paths = [str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")]
    quiet = {"USE_TORCH": "0", "USE_TF": "0", "JAX_PLATFORMS": "cpu"}  # as command lines have it
    return os.environ | quiet | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


class Writes:
    """A pickle that writes a file as it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_nothing_runs_and_nothing_outside_is_opened(library_checkpoint, without_torch, tmp_path):
    plain = tmp_path / "plain"
    shutil.copytree(library_checkpoint("bert").with_head, plain)
    folder = library_checkpoint("bert").with_head
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w')\nclass Config: pass\nclass Fast: pass\nSlow = Pipeline = Fast"
    for name in ("evil.py", "__init__.py", "configuration_evil.py", "sitecustomize.py"):
        (folder / name).write_text(code)
    for name in ("config.json", "tokenizer_config.json", "processor_config.json"):
        change(folder / name, **REMOTE)
    change(folder / "preprocessor_config.json", auto_map=AUTO_MAP)
    (folder / "chat_template.jinja").write_text("{{ cycler.__init__.__globals__ }}")
    for name in ("pytorch_model.bin", "training_args.bin", "tf_model.h5"):
        (folder / name).write_bytes(pickle.dumps(Writes(mark)))
    command = [sys.executable, "-c", AUDITED, str(plain), str(folder)]
    done = subprocess.run(
        command,
        env=without_torch,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert not mark.exists()
    events = [line.split("\t") for line in done.stdout.splitlines()]
    opened = {path for event, path, *_ in events if event == "open"}
    assert opened <= {str(folder / name) for name in ("config.json", "tokenizer_config.json",
        "special_tokens_map.json", "added_tokens.json", "tokenizer.json")}, opened  # fmt: skip
    assert str(folder / "config.json") in opened
    others = [one for one in events if one[0] != "open"]  # adapters are found by listing ours
    assert all(one[0] == "os.listdir" and one[1].startswith(OURS) for one in others), others
