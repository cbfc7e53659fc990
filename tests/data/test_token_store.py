"""A token store holds what tokenizing gives, and is built again where it holds anything else."""

import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
import tokenizers

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import Example
from xlt_flax.data.token_store import open_or_build, open_store, store_key

TEXTS = ["A fine record.", "", "Ein tolles Album!", "最高の一枚です。 " * 30, "A fine record."]
LABELS = [(), (0,), (1,), (), (0,)]
EXAMPLES = [
    Example(f"x/{i}", (text,), labels, "en")
    for i, (text, labels) in enumerate(zip(TEXTS, LABELS, strict=True))
]


def key_of(tokenizer, max_length, split="train", **options):
    source = {"dataset": "texts", "language": "en", "split": split, "digest": "d"}
    return store_key(source, tokenizer, max_length, **options)


@pytest.fixture
def build(tmp_path, sample_tokenizer):
    """Opens or builds the store of EXAMPLES; `build.calls` counts how often it was built."""

    def examples():
        run.calls += 1
        yield from run.examples

    def run(max_length=32, split="train", **options):
        run.key, made_from = key_of(sample_tokenizer, max_length, split, **options)
        return open_or_build(tmp_path, run.key, made_from, examples, sample_tokenizer)

    run.calls, run.examples = 0, EXAMPLES
    return run


@pytest.mark.parametrize("max_length", [3, 32, 512])
def test_a_store_equals_tokenizing_directly(build, sample_tokenizer, max_length):
    store = build(max_length)
    assert store.ids == [e.id for e in EXAMPLES]
    assert Documents.of(store).labels.tolist() == [-1, 0, 1, -1, 0]
    assert (store.language, store.second_starts) == ("en", None)
    for row, text in enumerate(TEXTS):
        expected = sample_tokenizer(text, truncation=True, max_length=max_length)["input_ids"]
        assert store.document_tokens(row).tolist() == expected
        assert store.lengths[row] == len(expected) <= max_length
    equal = store.digests[:, None] == store.digests[None]
    assert equal.tolist() == [[a == b for b in TEXTS] for a in TEXTS]


def test_commas_are_dropped_from_what_is_tokenized_alone(build, sample_tokenizer):
    texts = ["Fine, very fine,record", ",,", "最高の、一枚，です"]
    build.examples = [Example(f"x/{i}", (text,), (0,), "en") for i, text in enumerate(texts)]
    stores = {drop: build(64, drop_commas=drop) for drop in (False, True)}
    without = ["Fine very finerecord", "", "最高の、一枚，です"]  # other commas are no commas
    for drop, expected in ((False, texts), (True, without)):
        found = [stores[drop].document_tokens(row).tolist() for row in range(len(texts))]
        assert found == sample_tokenizer(expected)["input_ids"]
    assert stores[True].digests.tolist() == stores[False].digests.tolist()


def test_a_store_is_built_once_and_memory_mapped(build):
    for _ in range(2):
        store = build()
        for array in (store.tokens, store.offsets, store.label_values, store.identities):
            assert isinstance(array, np.memmap)
            assert not array.flags.writeable
    assert build.calls == 1


def test_an_empty_store(build):
    build.examples = []
    for _ in range(2):
        store = build()
        assert (len(store), store.ids) == (0, [])
        assert len(Documents.of(store).labels) == len(Documents.of(store).lengths) == 0
    assert build.calls == 1


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


FILES = [
    "digests.npy",
    "id_bytes.npy",
    "id_offsets.npy",
    "identities.npy",
    "is_cut.npy",
    "label_offsets.npy",
    "label_values.npy",
    "meta.json",
    "offsets.npy",
    "second_starts.npy",
    "tokens.npy",
]
DAMAGES = {
    "cut": cut,
    "flipped": flip,
    "empty": lambda path: path.write_bytes(b""),
    "another": lambda path: path.write_text("[]"),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_store_is_rebuilt(build, tmp_path, file, damage):
    build.examples = [Example("p", ("One.", "Other."), (1, 0), "en"), *EXAMPLES]
    before = build()
    assert sorted(path.name for path in (tmp_path / build.key).iterdir()) == FILES
    tokens, ids = np.array(before.tokens), list(before.ids)
    damage(tmp_path / build.key / file)
    assert open_store(tmp_path, build.key) is None
    store = build()
    assert build.calls == 2
    np.testing.assert_array_equal(store.tokens, tokens)
    assert store.ids == ids


def test_another_store_in_its_place_is_not_taken_for_it(build, tmp_path):
    build(split="other")
    other = build.key
    expected = np.array(build(max_length=4).tokens)
    shutil.rmtree(tmp_path / build.key)
    shutil.copytree(tmp_path / other, tmp_path / build.key)
    np.testing.assert_array_equal(build(max_length=4).tokens, expected)


def test_a_build_that_fails_leaves_no_store(build, tmp_path):
    def broken():
        yield EXAMPLES[0]
        raise OSError("no more")

    build.examples = broken()
    with pytest.raises(OSError, match="no more"):
        build()
    assert open_store(tmp_path, build.key) is None
    assert [path.name for path in tmp_path.iterdir()] in ([], [f".{build.key}.lock"])
    build.examples = EXAMPLES
    assert len(build()) == 5


def test_a_build_that_fails_lets_go_of_what_its_examples_hold(
    tmp_path, sample_tokenizer, monkeypatch
):
    held = ["lock"]
    monkeypatch.setattr("xlt_flax.data.store_writer._CHUNK", 1)

    def examples():
        try:
            yield Example("x", ("text",), ("no number",), "en")
            raise AssertionError("nobody asks for more")
        finally:
            held.clear()

    key, made_from = key_of(sample_tokenizer, 8)
    with pytest.raises(ValueError, match="no number"):
        open_or_build(tmp_path, key, made_from, examples, sample_tokenizer)
    assert not held


def test_what_a_killed_build_left_is_removed(build, tmp_path):
    build()
    shutil.rmtree(tmp_path / build.key)
    left = tmp_path / f".{build.key}.tmp"
    left.mkdir()
    (left / "tokens.npy").write_bytes(b"half")
    assert open_store(tmp_path, build.key) is None
    assert len(build()) == 5
    assert not left.exists()


PAIRS = [
    ("A fine record.", "Ein tolles Album!"),
    ("", "Only the second."),
    ("Only the first.", ""),
    ("long " * 40, "short"),
    ("short", "lang " * 40),
    ("long " * 40, "lang " * 50),
]


@pytest.mark.parametrize("max_length", [6, 16, 64])
def test_pairs_are_tokenized_as_transformers_does(build, sample_tokenizer, max_length):
    texts = [PAIRS[0], ("One text.",), *PAIRS[1:], ("Another.",)]
    build.examples = [Example(str(i), text, (), "en") for i, text in enumerate(texts)]
    store = build(max_length)
    documents = Documents.of(store)
    assert documents.has_pairs
    for row, text in enumerate(texts):
        each = [[one] for one in text]  # given alone, an empty second text would be left out
        expected = sample_tokenizer(*each, truncation="longest_first", max_length=max_length)
        assert store.document_tokens(row).tolist() == expected["input_ids"][0]
        types = np.zeros(store.lengths[row], int)
        if start := documents.second_starts[row]:
            types[start:] = 1
        assert types.tolist() == expected["token_type_ids"][0]
        assert bool(start) == (len(text) == 2)
    assert len(np.unique(store.digests)) == len(texts)


def test_labels_of_any_number(build):
    labels = [(), (2,), (0, 1, 2), (1,), ()]
    build.examples = [Example(str(i), ("a",), some, "en") for i, some in enumerate(labels)]
    documents = Documents.of(build())
    expected = [[float(n in some) for n in range(4)] for some in labels]
    assert documents.label_matrix(range(5), 4).tolist() == expected
    assert documents.label_matrix([2, 0, 2], 4).tolist() == [expected[i] for i in (2, 0, 2)]
    assert documents.label_totals(4).tolist() == [1, 2, 2, 0]
    with pytest.raises(ValueError, match="label_matrix"):
        _ = documents.labels


def test_ids_of_any_letters(build):
    ids = ["ä/1", "日本語", "a b", "", "x" * 300]
    build.examples = [Example(one, ("t",), (), "en") for one in ids]
    store = build()
    assert list(store.ids) == ids == [store.ids[i] for i in range(5)]
    assert store.ids[1:3] == ids[1:3]
    assert (store.ids[-1], store.ids == ids[:4], store.ids != ids) == (ids[-1], False, False)


def test_a_log_says_how_far_it_is(build, caplog, monkeypatch):
    monkeypatch.setattr("xlt_flax.data.store_writer._DOCUMENTS_PER_LINE", 2)
    with caplog.at_level("INFO", "xlt_flax"):
        build()
    assert [r.getMessage() for r in caplog.records] == [
        "tokenizing en train: 2 documents so far",
        "tokenizing en train: 4 documents so far",
    ]


def test_chunks_do_not_show(build, monkeypatch):
    whole = build()
    monkeypatch.setattr("xlt_flax.data.store_writer._CHUNK", 2)
    cut_up = build(split="other")
    for name in ("tokens", "offsets", "label_values", "label_offsets", "digests", "id_offsets"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(cut_up, name))
    assert whole.ids == cut_up.ids


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
        return key_of(tokenizer, 8)[0]

    assert key(OtherTokenizer(sample_tokenizer, lambda t: None)) == key(sample_tokenizer)
    assert key(OtherTokenizer(sample_tokenizer, change)) != key(sample_tokenizer)


def test_the_key_changes_with_all_else_that_could_change_the_content(sample_tokenizer, monkeypatch):
    keys = [
        key_of(sample_tokenizer, 8)[0],
        key_of(sample_tokenizer, 8, split="test")[0],
        key_of(sample_tokenizer, 9)[0],
        key_of(sample_tokenizer, 8, drop_commas=True)[0],
    ]
    with monkeypatch.context() as patch:
        patch.setattr(tokenizers, "__version__", "another")
        keys.append(key_of(sample_tokenizer, 8)[0])
    with monkeypatch.context() as patch:
        patch.setattr("xlt_flax.data.token_store.FORMAT", -1)
        keys.append(key_of(sample_tokenizer, 8)[0])
    assert len(set(keys)) == len(keys)
    assert keys[0] == key_of(sample_tokenizer, 8)[0]


def test_the_key_does_not_change_with_use(sample_tokenizer):
    before = key_of(sample_tokenizer, 8)
    sample_tokenizer(TEXTS, truncation=True, max_length=5, padding="max_length")
    assert key_of(sample_tokenizer, 8) == before


BUILDER = """
import sys
from pathlib import Path
from transformers import PreTrainedTokenizerFast
from xlt_flax.data.examples import Example
from xlt_flax.data.token_store import open_or_build, store_key

tokenizer = PreTrainedTokenizerFast(tokenizer_file=sys.argv[2])
source = {"dataset": "texts", "language": "en", "split": "train", "digest": "d"}
key, made_from = store_key(source, tokenizer, 64)
print("ready", flush=True)
sys.stdin.readline()

def examples():
    print("built", flush=True)
    for i in range(3000):
        if i == 2000 and "stop" in sys.argv:  # a chunk is written
            sys.stdin.readline()
        yield Example(str(i), ("A fine record. " * (i % 40),), (i % 2,), "en")

store = open_or_build(Path(sys.argv[1]), key, made_from, examples, tokenizer)
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


def test_a_build_that_is_killed_leaves_nothing_that_is_taken_for_a_store(
    tmp_path, sample_tokenizer
):
    sample_tokenizer.backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    stores = tmp_path / "stores"
    command = [sys.executable, "-c", BUILDER, stores, tmp_path / "tokenizer.json"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # JAX's, of a fork
        killed = subprocess.Popen([*command, "stop"], **pipes)
        killed.stdin.write("go\n")
        killed.stdin.flush()
        assert [killed.stdout.readline() for _ in range(2)] == ["ready\n", "built\n"]
        killed.kill()
        killed.communicate()
        assert not [path for path in stores.iterdir() if not path.name.startswith(".")]
        again = subprocess.run(command, input="go\n", capture_output=True, text=True, timeout=120)
    assert again.stdout.splitlines()[-1].startswith("3000 ")
    assert not [*stores.glob(".*.tmp")]
