"""What several test files share: the shipped sample, prepared once, and things made up on disk."""

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before huggingface_hub reads it: no test asks a hub
# Programs that make a few steps take longer to optimize than to run. Processes that tests start
# inherit it, so that all compute the same bits; XLA_FLAGS hold what there was, and nothing twice.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
os.environ["XLA_FLAGS"] = " ".join(
    dict.fromkeys(
        [
            *os.environ.get("XLA_FLAGS", "").split(),
            "--xla_cpu_use_fusion_emitters=false",
            "--xla_cpu_parallel_codegen_split_count=1",
        ]
    )
)
# A kept program is found wherever its folder lies: else JAX counts that among a compiler's options.
os.environ["JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES"] = "none"

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("xlt_flax", deadline=None)  # machines differ, and share their cores
settings.load_profile("xlt_flax")

pytest_plugins = ["library_checkpoints", "small_runs"]
SAMPLE_MODEL = Path(__file__).parents[1] / "xlt_flax" / "data" / "sample" / "tiny-bert"
MOST_KEPT = 500_000_000  # bytes of compiled programs, from one session to the next


def pytest_collection_modifyitems(items):
    """What takes longest comes first, so that no worker is left alone with it at the end."""
    rooms = ("studies", "training", "prediction", "evaluation", "modeling", "data", "analysis")
    here = Path(__file__).parent

    def place(item):
        room = item.path.relative_to(here).parts[0]
        return rooms.index(room) if room in rooms else -1

    items.sort(key=place)


def pytest_sessionstart(session):
    """Compiled programs that are kept (`_programs`) do not pile up."""
    config = session.config
    if hasattr(config, "cache") and not hasattr(config, "workerinput"):
        kept = config.cache.mkdir("compiled")
        if sum(file.stat().st_size for file in kept.iterdir()) > MOST_KEPT:
            shutil.rmtree(kept)


def pytest_terminal_summary(terminalreporter, exitstatus):
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        terminalreporter.write_line("tests marked slow or soak run with -m slow, -m soak")


@pytest.fixture(scope="session", autouse=True)
def _temporary_files(tmp_path_factory):
    """What tests, and the processes that they kill, leave in the temporary folder goes with it."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(tmp_path_factory.mktemp("temporary"))
    tempfile.tempdir = None  # is found anew
    yield
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    if before is None:
        del os.environ["TMPDIR"]
    else:
        os.environ["TMPDIR"] = before
    tempfile.tempdir = None


@pytest.fixture(scope="session", autouse=True)
def _programs(sample_data_dir, pytestconfig):
    """A program is compiled once for all tests, and kept where runs on the sample keep theirs; by
    pytest's cache (--cache-clear) for sessions to come as well."""
    import jax

    folder = sample_data_dir / "xlt_flax_compiled"
    if cache := getattr(pytestconfig, "cache", None):  # else there is -p no:cacheprovider
        sample_data_dir.mkdir(exist_ok=True)
        with suppress(FileExistsError):  # another worker was here
            folder.symlink_to(cache.mkdir("compiled"))
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)  # small ones, too


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder with the real data, which is not shipped; the test is skipped without it."""
    if "XLT_FLAX_SHARED" not in os.environ:
        pytest.skip("XLT_FLAX_SHARED names no folder with the real data")
    return Path(os.environ["XLT_FLAX_SHARED"])


@pytest.fixture(scope="session")
def sample_data_dir(tmp_path_factory) -> Path:
    """A data_dir for the sample, one for all workers: whoever needs a part of it first makes it."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sample_data"


@pytest.fixture(scope="session")
def sample_tokenizer():
    from xlt_flax.modeling.tokenizers import load_tokenizer

    return load_tokenizer(str(SAMPLE_MODEL))


@pytest.fixture(scope="session")
def open_sample(sample_tokenizer):
    """open_sample(data_dir, max_length): the sample's Corpus, prepared there on first use."""
    from xlt_flax.config import sample
    from xlt_flax.data.corpus import Corpus
    from xlt_flax.data.sources import find_source

    def make(data_dir, max_length):
        data = sample().data
        data.data_dir = str(data_dir)
        return Corpus(find_source(data), sample_tokenizer, max_length, data_dir)

    return make


@pytest.fixture(scope="session")
def sample_corpus(open_sample, sample_data_dir):
    """The sample as configs/demo.py cuts it."""
    return open_sample(sample_data_dir, 128)


@pytest.fixture(scope="session")
def make_documents():
    """make_documents(texts, labels=0s, ids=d1, d2, …, language="en", …): Documents of one token a
    letter."""
    from xlt_flax.data.documents import Documents

    def make(texts, labels=None, ids=None, **identity):
        tokens = [np.frombuffer(text.encode("utf-32-le"), np.int32) for text in texts]
        labels = [0] * len(texts) if labels is None else labels
        several = any(isinstance(one, tuple) for one in labels)
        return Documents.from_arrays(
            ids=list(ids) if ids else [f"d{i + 1}" for i in range(len(texts))],
            labels=labels if several else np.array(labels, np.int32),
            digests=np.array([text.encode() for text in texts], "S32"),
            tokens=np.concatenate([np.zeros(0, np.int32), *tokens]),
            offsets=np.cumsum([0, *map(len, tokens)], dtype=np.int64),
            **identity,
        )

    return make


@pytest.fixture(scope="session")
def review_xml():
    """review_xml([(rating, text), …]): the bytes of a .review file, an item a line from line 2."""

    def make(reviews):
        items = [
            f"<item><rating>{rating}</rating><text>{text}</text></item>" for rating, text in reviews
        ]
        return "\n".join(["<items>", *items, "</items>"]).encode()

    return make


@pytest.fixture
def raw_folder(tmp_path, review_xml) -> Path:
    """A manual_dir with English and Japanese music files of six reviews, half of them positive."""
    for language in ("en", "jp"):
        folder = tmp_path / "manual" / "cls-acl10-unprocessed" / language / "music"
        folder.mkdir(parents=True)
        for split in ("train", "test"):
            reviews = [(1 if i % 2 else 5, f"{language} {split} text {i}") for i in range(6)]
            (folder / f"{split}.review").write_bytes(review_xml(reviews))
    return tmp_path / "manual"


@pytest.fixture(scope="session")
def wide_weights():
    """wide_weights(config): FlaxBertForSequenceClassification's tree, float32, drawn wide.

    Attention that is far from uniform shows a wrong mask, and no two layers do nearly the same.
    """
    import jax
    from transformers import FlaxBertForSequenceClassification

    def draw(config):
        model = FlaxBertForSequenceClassification(config, _do_init=False)
        shapes = jax.eval_shape(lambda: model.init_weights(jax.random.key(0), (1, 1)))
        rng = np.random.default_rng(0)

        def one(path, leaf):
            center = 1 if path[-1].key == "scale" else 0
            return rng.normal(center, 0.3, leaf.shape).astype(np.float32)

        return jax.tree_util.tree_map_with_path(one, shapes)

    return draw


@pytest.fixture(scope="session")
def _tiny_models(tmp_path_factory, wide_weights) -> Path:
    """One tiny "pretrained" BERT, in each of the forms that a model folder may have."""
    from flax.traverse_util import flatten_dict
    from safetensors.numpy import save_file
    from transformers import BertConfig, FlaxBertForSequenceClassification

    config = BertConfig(
        vocab_size=3000,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    model = FlaxBertForSequenceClassification(config, _do_init=False)
    params = wide_weights(config)
    root = tmp_path_factory.mktemp("tiny_models")
    for form in ("pytorch", "flax"):
        shutil.copytree(SAMPLE_MODEL, root / form)
    model.save_pretrained(root / "flax", params=params)
    shutil.copy(root / "flax" / "config.json", root / "pytorch")
    weights = {}
    for path, array in flatten_dict(params["bert"]).items():
        if path[0] == "pooler":
            continue  # a base model without a pooler, as published encoders often are
        name = {"kernel": "weight", "scale": "weight", "embedding": "weight"}.get(path[-1])
        turned = np.ascontiguousarray(array.T) if path[-1] == "kernel" else array
        weights[".".join(["bert", *path[:-1], name or path[-1]])] = turned
    save_file(weights, root / "pytorch" / "model.safetensors", {"format": "pt"})
    (root / "google").mkdir()
    shutil.copy(SAMPLE_MODEL / "vocab.txt", root / "google")
    shape = json.loads((root / "flax" / "config.json").read_text())
    names = ("model_type", "architectures", "transformers_version")  # Google's has none of them
    shape = {name: value for name, value in shape.items() if name not in names}
    (root / "google" / "bert_config.json").write_text(json.dumps(shape))
    return root


@pytest.fixture
def tiny_model_folder(_tiny_models, tmp_path):
    """tiny_model_folder(form): a fresh copy of a tiny BERT with the sample's vocabulary.

    Forms are "pytorch" (an encoder alone, model.safetensors in PyTorch's names), "flax" (with its
    head, flax_model.msgpack) and "google" (bert_config.json and vocab.txt, no weights). The first
    two have the same encoder: 2 layers, 16 wide, 64 positions.
    """

    def make(form: str) -> Path:
        place = Path(tempfile.mkdtemp(prefix=form, dir=tmp_path)) / "model"
        return Path(shutil.copytree(_tiny_models / form, place))

    return make


@dataclass(frozen=True)
class Disk:
    """A file system of its own, in memory."""

    path: Path

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.path)], check=True)


@pytest.fixture
def small_disk(tmp_path):
    """small_disk(size): a Disk; the test is skipped where none may be mounted."""
    disks = []

    def make(size: str) -> Disk:
        folder = tmp_path / f"disk{len(disks)}"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        made = subprocess.run(mount, capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"may not mount a small disk: {made.stderr.strip()}")
        disks.append(folder)
        return Disk(folder)

    yield make
    for folder in disks:
        subprocess.run(["umount", str(folder)])
