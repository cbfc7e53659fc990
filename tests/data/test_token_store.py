"""A token store holds what tokenizing gives, and is built again where it holds anything else."""

import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
import tokenizers

from xlt_flax.data.token_store import Document, open_or_build, open_store, store_key

TEXTS = ["A fine record.", "", "Ein tolles Album!", "最高の一枚です。 " * 30, "A fine record."]
DOCUMENTS = [Document(f"x/{i}", text, i % 3 - 1) for i, text in enumerate(TEXTS)]


@pytest.fixture
def build(tmp_path, sample_tokenizer):
    """Opens or builds the store of DOCUMENTS; `build.calls` counts how often it was built."""

    def documents():
        run.calls += 1
        return DOCUMENTS

    def run(max_length=32, source="s"):
        run.key, made_from = store_key({"split": source}, sample_tokenizer, max_length)
        return open_or_build(tmp_path, run.key, made_from, documents, sample_tokenizer, "texts")

    run.calls = 0
    return run


@pytest.mark.parametrize("max_length", [3, 32, 512])
def test_a_store_equals_tokenizing_directly(build, sample_tokenizer, max_length):
    store = build(max_length)
    assert store.ids == [d.id for d in DOCUMENTS]
    assert store.labels.tolist() == [d.label for d in DOCUMENTS]
    for row, text in enumerate(TEXTS):
        expected = sample_tokenizer(text, truncation=True, max_length=max_length)["input_ids"]
        assert store.document_tokens(row).tolist() == expected
        assert store.lengths[row] == len(expected) <= max_length
    equal = store.digests[:, None] == store.digests[None]
    assert equal.tolist() == [[a == b for b in TEXTS] for a in TEXTS]


def test_commas_are_dropped_from_what_is_tokenized_alone(tmp_path, sample_tokenizer):
    texts = ["Fine, very fine,record", ",,", "最高の、一枚，です"]
    documents = [Document(f"x/{i}", text, 0) for i, text in enumerate(texts)]
    stores = {}
    for drop in (False, True):
        key, made_from = store_key({}, sample_tokenizer, 64, drop_commas=drop)
        assert ("drop_commas" in made_from) == drop  # stores of before the option stay valid
        stores[drop] = open_or_build(
            tmp_path, key, made_from, lambda: documents, sample_tokenizer, "texts"
        )
    without = ["Fine very finerecord", "", "最高の、一枚，です"]  # other commas are no commas
    for drop, expected in ((False, texts), (True, without)):
        found = [stores[drop].document_tokens(row).tolist() for row in range(len(texts))]
        assert found == sample_tokenizer(expected)["input_ids"]
    assert stores[True].digests.tolist() == stores[False].digests.tolist()


def test_a_store_is_built_once_and_memory_mapped(build):
    for _ in range(2):
        store = build()
        for array in (store.tokens, store.offsets, store.labels, store.digests):
            assert isinstance(array, np.memmap)
            assert not array.flags.writeable
    assert build.calls == 1


def test_an_empty_store(tmp_path, sample_tokenizer):
    key, made_from = store_key({}, sample_tokenizer, 8)
    for _ in range(2):
        assert len(open_or_build(tmp_path, key, made_from, list, sample_tokenizer, "none")) == 0


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "cut": cut,
    "flipped": flip,
    "empty": lambda path: path.write_bytes(b""),
    "another": lambda path: path.write_text("[]"),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize(
    "file", ["tokens.npy", "offsets.npy", "labels.npy", "digests.npy", "ids.json", "meta.json"]
)
def test_a_damaged_store_is_rebuilt(build, tmp_path, file, damage):
    before = build()
    tokens, ids = np.array(before.tokens), before.ids
    damage(tmp_path / build.key / file)
    assert open_store(tmp_path, build.key) is None
    store = build()
    assert build.calls == 2
    np.testing.assert_array_equal(store.tokens, tokens)
    assert store.ids == ids


def test_another_store_in_its_place_is_not_taken_for_it(build, tmp_path):
    build(source="other")
    other = build.key
    expected = np.array(build(max_length=4).tokens)
    shutil.rmtree(tmp_path / build.key)
    shutil.copytree(tmp_path / other, tmp_path / build.key)
    np.testing.assert_array_equal(build(max_length=4).tokens, expected)


def test_a_build_that_fails_leaves_no_store(tmp_path, sample_tokenizer):
    def documents():
        yield DOCUMENTS[0]
        raise OSError("no more")

    key, made_from = store_key({}, sample_tokenizer, 8)
    with pytest.raises(OSError, match="no more"):
        open_or_build(tmp_path, key, made_from, documents, sample_tokenizer, "texts")
    assert open_store(tmp_path, key) is None
    assert [path.name for path in tmp_path.iterdir()] in ([], [f".{key}.lock"])
    assert (
        len(open_or_build(tmp_path, key, made_from, lambda: DOCUMENTS, sample_tokenizer, "")) == 5
    )


class OtherTokenizer:
    """The sample's tokenizer, with one thing about it changed."""

    def __init__(self, tokenizer, change):
        self.backend_tokenizer = tokenizers.Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self.truncation_side = tokenizer.truncation_side
        change(self)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.backend_tokenizer.add_tokens(["Kachelkinder"]),
        lambda t: setattr(t.backend_tokenizer, "normalizer", tokenizers.normalizers.NFKC()),
        lambda t: setattr(t, "truncation_side", "left"),
    ],
    ids=["vocabulary", "normalizer", "side that is cut"],
)
def test_the_key_changes_with_the_tokenizer(sample_tokenizer, change):
    def key(tokenizer):
        return store_key({}, tokenizer, 8)[0]

    assert key(OtherTokenizer(sample_tokenizer, lambda t: None)) == key(sample_tokenizer)
    assert key(OtherTokenizer(sample_tokenizer, change)) != key(sample_tokenizer)


def test_the_key_changes_with_all_else_that_could_change_the_content(sample_tokenizer, monkeypatch):
    keys = [
        store_key({"split": "train"}, sample_tokenizer, 8)[0],
        store_key({"split": "test"}, sample_tokenizer, 8)[0],
        store_key({"split": "train"}, sample_tokenizer, 9)[0],
    ]
    with monkeypatch.context() as patch:
        patch.setattr(tokenizers, "__version__", "another")
        keys.append(store_key({"split": "train"}, sample_tokenizer, 8)[0])
    with monkeypatch.context() as patch:
        patch.setattr("xlt_flax.data.token_store.FORMAT", -1)
        keys.append(store_key({"split": "train"}, sample_tokenizer, 8)[0])
    assert len(set(keys)) == len(keys)
    assert keys[0] == store_key({"split": "train"}, sample_tokenizer, 8)[0]


def test_the_key_does_not_change_with_use(sample_tokenizer):
    before = store_key({}, sample_tokenizer, 8)
    sample_tokenizer(TEXTS, truncation=True, max_length=5, padding="max_length")
    assert store_key({}, sample_tokenizer, 8) == before


BUILDER = """
import sys
from pathlib import Path
from transformers import PreTrainedTokenizerFast
from xlt_flax.data.token_store import Document, open_or_build, store_key

tokenizer = PreTrainedTokenizerFast(tokenizer_file=sys.argv[2])
key, made_from = store_key({}, tokenizer, 64)
print("ready", flush=True)
sys.stdin.readline()

def documents():
    print("built")
    return [Document(str(i), "A fine record. " * (i % 40), i % 2) for i in range(3000)]

store = open_or_build(Path(sys.argv[1]), key, made_from, documents, tokenizer, "texts")
print(len(store), int(store.tokens.sum()))
"""


def test_two_processes_that_build_at_once_make_one_store(tmp_path, sample_tokenizer):
    sample_tokenizer.backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    command = [sys.executable, "-c", BUILDER, tmp_path / "stores", tmp_path / "tokenizer.json"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # JAX's, of a fork
        processes = [subprocess.Popen(command, **pipes) for _ in range(2)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=120)[0].splitlines() for process in processes]
    assert sorted(map(len, outputs)) == [1, 2]  # one of the two has built it
    assert outputs[0][-1] == outputs[1][-1]
    assert outputs[0][-1].startswith("3000 ")
