"""Japanese models' tokenizers: the library's numbers, behind what is asked of a fast one."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from japanese_folders import KINDS, SPECIAL, sample_texts, vocabulary, write_tokenizer

from xlt_flax.data.tokenization import made_with, spread, tokenize, tokenizer_digest
from xlt_flax.errors import RunError, UserError
from xlt_flax.modeling import japanese, tokenizer_workers
from xlt_flax.modeling.tokenizers import count_pieces, load_tokenizer

pytest.importorskip("fugashi", reason="needs the extra ja")
ODD = [
    "",
    " ",
    "ﾊﾝｶｸ と　全角ＡＢＣ１２３",
    "改行\nと\tタブ\r\n。",
    "特別な[MASK]と[SEP]",
    "😀🎉𠮷野家で食べた",
    "Mixed 日本語 text, WITH Capitals!",
    "が\u3099 ガ e\u0301",
    "長い" * 300,
]


@pytest.fixture(scope="session")
def texts():
    return [*sample_texts()[:60], *ODD]


@pytest.fixture(scope="session")
def pieces(texts):
    return vocabulary(texts)


@pytest.fixture
def folder(tmp_path, pieces):
    return write_tokenizer(tmp_path / "model", pieces, **KINDS["v1"])


def library(folder):
    from transformers import BertJapaneseTokenizer

    return BertJapaneseTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_the_librarys(tmp_path, texts, pieces, kind):
    folder = write_tokenizer(tmp_path, pieces, **KINDS[kind])
    tokenizer, theirs = load_tokenizer(str(folder)), library(folder)
    for length in (9, 64):
        expected = [theirs(one, truncation=True, max_length=length).input_ids for one in texts]
        found = tokenize([(one,) for one in texts], tokenizer, length)
        assert [[*row] for row in found.rows] == expected
    assert count_pieces(tokenizer) == len(theirs)
    assert tokenizer.all_special_ids == theirs.all_special_ids
    assert sum(np.isin(row, theirs.unk_token_id).sum() for row in found.rows) < 100  # it knows most


@pytest.mark.slow
def test_numbers_are_the_librarys_of_real_sentences(tmp_path, shared_folder):
    lines = (shared_folder / "data" / "sib-200" / "ja.test.tsv").read_text("utf-8").splitlines()
    texts = [line.split("\t")[-1] for line in lines[1:]]
    for kind in ("v1", "v2", "char"):
        folder = write_tokenizer(tmp_path / kind, vocabulary(texts), **KINDS[kind])
        found = tokenize([(one,) for one in texts], load_tokenizer(str(folder)), 32)
        expected = library(folder)(texts, truncation=True, max_length=32).input_ids
        assert [[*row] for row in found.rows] == expected
        assert found.is_cut.any()


@pytest.mark.parametrize("kind", ["v1", "left"])
@pytest.mark.parametrize("length", [9, 16, 64])
def test_pairs_are_the_librarys(tmp_path, texts, pieces, kind, length):
    folder = write_tokenizer(tmp_path, pieces, **KINDS[kind])
    pairs = [*zip(texts, texts[1:] + texts[:1], strict=True)]
    cut = {"truncation": "longest_first", "max_length": length, "verbose": False}
    expected = [library(folder)(*pair, **cut) for pair in pairs]
    found = tokenize(pairs, load_tokenizer(str(folder)), length)
    assert [[*row] for row in found.rows] == [one.input_ids for one in expected]
    for start, one in zip(found.second_starts, expected, strict=True):
        assert one.token_type_ids == [0] * start + [1] * (len(one.input_ids) - start)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("length", [3, 8, 13])
def test_windows_are_those_of_a_fast_tokenizer(tmp_path, length, side):
    """Of the same pieces: one reads by WordPiece in Rust, the other in Python."""
    words = [chr(letter) for letter in range(ord("a"), ord("z") + 1)]
    folder = write_tokenizer(
        tmp_path, [*SPECIAL, *words], word_tokenizer_type="basic", truncation_side=side
    )
    slow = load_tokenizer(str(folder))
    (folder / "tokenizer_config.json").write_text(json.dumps({"truncation_side": side}))
    fast = load_tokenizer(str(folder))
    assert fast.is_fast
    many = [(" ".join((words * 2)[:count]),) for count in range(40)]
    one, other = (tokenize(many, each, length, windows=True) for each in (slow, fast))
    assert [[*row] for row in one.rows] == [[*row] for row in other.rows]
    for name in ("owners", "is_cut", "second_starts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_the_class_may_stand_in_either_config(tmp_path, texts, pieces):
    there = write_tokenizer(tmp_path / "there", pieces, **KINDS["v1"])
    here = write_tokenizer(tmp_path / "here", pieces, in_config=True, **KINDS["v1"])
    (here / "tokenizer.json").write_text("{}")  # the library has no fast form of it
    assert _definition(there) == _definition(here)


def _definition(folder):
    return load_tokenizer(str(folder)).definition()


def test_what_is_saved_is_the_same_tokenizer(folder, pieces, tmp_path, texts):
    file = folder / "vocab.txt"
    file.write_text("\n".join([*pieces[:9], pieces[7], *pieces[9:]]) + "\n")  # one of them twice
    tokenizer, saved = load_tokenizer(str(folder)), tmp_path / "saved"
    saved.mkdir()
    tokenizer.save_pretrained(saved)
    again = load_tokenizer(str(saved))
    assert tokenizer_digest(again) == tokenizer_digest(tokenizer)
    expected = [library(folder)(one).input_ids for one in texts]
    assert [library(saved)(one).input_ids for one in texts] == expected


CHANGES = {
    "dictionary": {"mecab_kwargs": {"mecab_dic": "unidic_lite"}},
    "normal forms": {"mecab_kwargs": {"mecab_dic": "ipadic", "normalize_text": False}},
    "case": {"do_lower_case": True},
    "pieces": {"subword_tokenizer_type": "character"},
    "words": {"word_tokenizer_type": "basic"},
    "no words": {"do_word_tokenize": False},
    "side": {"truncation_side": "left"},
    "left whole": {"never_split": ["AB"]},
    "special": {"additional_special_tokens": ["日本"]},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_digest_is_of_all_that_numbers_depend_on(folder, tmp_path, pieces, change):
    other = write_tokenizer(tmp_path / "other", pieces, **(KINDS["v1"] | change))
    length = write_tokenizer(tmp_path / "length", pieces, **KINDS["v1"], model_max_length=9)
    assert _digest(other) != _digest(folder) == _digest(length)
    (folder / "vocab.txt").write_text("\n".join([*pieces, "新語"]) + "\n")
    assert _digest(other) != _digest(folder) != _digest(length)


def _digest(folder):
    return tokenizer_digest(load_tokenizer(str(folder)))


def test_stores_know_the_libraries_that_made_them(folder):
    assert "fugashi 1." in made_with(load_tokenizer(str(folder)))


# ---- A folder that nobody vouches for ---------------------------------------------------------

REFUSED = {
    "options of MeCab": ({"mecab_kwargs": {"mecab_option": "-r /etc/passwd"}}, "may name files"),
    "a dictionary's path": (
        {"mecab_kwargs": {"mecab_dic": "/tmp/evil"}},
        "dictionaries are ipadic",
    ),
    "no dictionary": ({"mecab_kwargs": {"mecab_dic": None}}, "dictionaries are ipadic"),
    "a list of them": ({"mecab_kwargs": {"mecab_dic": ["ipadic"]}}, "dictionaries are ipadic"),
    "an unknown option": ({"mecab_kwargs": {"evil": 1}}, "may name files"),
    "no options": ({"mecab_kwargs": [1]}, "mecab_kwargs of its tokenizer is [1]"),
    "sudachi": ({"word_tokenizer_type": "sudachi"}, "models with mecab or basic are read"),
    "sentencepiece": (
        {"subword_tokenizer_type": "sentencepiece", "spm_file": "/etc/passwd"},
        "models with wordpiece or character are read",
    ),
    "a kind that is a number": ({"word_tokenizer_type": 7}, "word_tokenizer_type of its tokenizer"),
    "words that are none": ({"never_split": [7]}, "never_split of its tokenizer"),
    "no padding": ({"pad_token": None}, "has no padding token"),
    "an unknown piece": ({"unk_token": "[GONE]"}, "lacks [GONE]"),
}


@pytest.mark.parametrize(("settings", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_folder_that_asks_for_something_else_gets_one_line(tmp_path, pieces, settings, expected):
    assert expected in refusal(write_tokenizer(tmp_path, pieces, **settings))


def refusal(folder):
    with pytest.raises(UserError) as error:
        load_tokenizer(str(folder))
    assert len(str(error.value).splitlines()) == 1
    assert str(error.value).startswith("config.model.name")
    return str(error.value)


def test_without_its_vocabulary(folder):
    (folder / "vocab.txt").rename(folder / "vocab.json")
    assert "has no vocabulary (vocab.txt)" in refusal(folder)


@pytest.mark.parametrize("missing", ["fugashi", "ipadic"])
def test_a_missing_package_is_named_with_its_extra(folder, monkeypatch, missing):
    monkeypatch.setattr(japanese, "find_spec", lambda name: None if name == missing else name)
    line = refusal(folder)
    assert f"needs {missing}, which is not installed: pip install 'xlt_flax[ja]'" in line


# ---- Over cores -------------------------------------------------------------------------------


@pytest.fixture
def two_cores(monkeypatch):
    """Two of them, and processes that begin at the first text."""
    monkeypatch.setattr(tokenizer_workers, "_cores", lambda: 2)
    monkeypatch.setattr(tokenizer_workers, "_ALONE", 0)
    monkeypatch.setattr(tokenizer_workers, "_SHARE", 7)
    started, begin = [], tokenizer_workers._begin

    def noted():
        started.append(begin())
        return started[-1]

    monkeypatch.setattr(tokenizer_workers, "_begin", noted)
    return started


def test_processes_give_the_same_numbers_and_end(folder, texts, two_cores):
    many = [(one,) for one in texts]
    tokenizer = load_tokenizer(str(folder))
    expected = tokenize(many, tokenizer, 32)
    with spread(tokenizer):
        with spread(tokenizer):  # as a prediction's stream has it
            found = [tokenize(many, tokenizer, 32) for _ in range(2)]
        assert len(two_cores) == 2
        modules = {name for one in two_cores for name in _mapped(one.pid)}
    assert all(one.poll() is not None for one in two_cores)
    assert [[*row] for row in expected.rows] == [[*row] for row in found[1].rows]
    assert modules
    assert not [name for name in modules if "jaxlib" in name or "tensorflow" in name]


def _mapped(pid):
    """Files that a process has in memory."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {line.split()[-1] for line in lines if line.split()[-1].endswith(".so")}


@pytest.mark.slow
def test_a_process_that_is_gone_is_said_in_a_line(folder, texts, two_cores):
    tokenizer = load_tokenizer(str(folder))
    with spread(tokenizer):
        tokenize([("一",)], tokenizer, 32)
        os.kill(two_cores[0].pid, signal.SIGKILL)
        with pytest.raises(RunError, match="a process that tokenizes is gone"):
            tokenize([(one,) for one in texts], tokenizer, 32)
    assert all(one.poll() is not None for one in two_cores)


@pytest.mark.parametrize(("alone", "cores"), [(1000, 2), (0, 1)])
def test_few_texts_or_one_core_begin_no_process(
    folder, texts, two_cores, monkeypatch, alone, cores
):
    monkeypatch.setattr(tokenizer_workers, "_ALONE", alone)
    monkeypatch.setattr(tokenizer_workers, "_cores", lambda: cores)
    tokenizer = load_tokenizer(str(folder))
    with spread(tokenizer):
        for _ in range(2):
            tokenize([(one,) for one in texts], tokenizer, 32)
    assert not two_cores


ENDLESS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from xlt_flax.data.tokenization import spread, tokenize
from xlt_flax.modeling import tokenizer_workers
from xlt_flax.modeling.tokenizers import load_tokenizer
tokenizer_workers._ALONE, tokenizer_workers._cores = 0, lambda: 2
tokenizer = load_tokenizer(sys.argv[1])
with spread(tokenizer):
    while True:
        tokenize([("日本語の文章です。",)] * 500, tokenizer, 32)
        print(*(one.pid for one in tokenizer._pieces._workers._processes), flush=True)
"""  # without a guard: multiprocessing's own processes would run it again


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_whoever_began_them(folder, number):
    command = [sys.executable, "-c", ENDLESS, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        pids = [int(word) for word in process.stdout.readline().split()]
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == -number, said.decode()
    assert len(pids) == 2
    for pid in pids:
        _wait_until_gone(pid)


def _wait_until_gone(pid):
    """Of a process that is not ours to wait for."""
    descriptor = None
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    import select

    assert select.select([descriptor], [], [], 60)[0]
    os.close(descriptor)
