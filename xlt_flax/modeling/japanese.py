"""Opens the tokenizer of cl-tohoku's Japanese models, of a folder that nobody vouches for.

What the folder says is taken from known keys, and no path of its choosing gets to MeCab, which
opens what its options name.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from xlt_flax.errors import UserError
from xlt_flax.modeling.japanese_tokenizer import JapaneseTokenizer
from xlt_flax.modeling.pretrained import quiet

log = logging.getLogger("xlt_flax")

CLASS = "BertJapaneseTokenizer"
VOCABULARY = "vocab.txt"
KNOWN = {  # key of tokenizer_config.json to the types that it may have
    **dict.fromkeys(("word_tokenizer_type", "subword_tokenizer_type"), (str,)),
    **dict.fromkeys(("do_word_tokenize", "do_subword_tokenize"), (bool,)),
    "never_split": (list, type(None)),
    "mecab_kwargs": (dict, type(None)),
}
OF_NO_USE = {"sudachi_kwargs", "jumanpp_kwargs", "spm_file"}  # of kinds that are refused
_KINDS = {
    "word_tokenizer_type": ("mecab", "basic"),
    "subword_tokenizer_type": ("wordpiece", "character"),
}
_EXTRA = "pip install 'xlt_flax[ja]'"
_DICTIONARIES = {  # of MeCab, each a package, and what installs it
    "ipadic": _EXTRA,
    "unidic_lite": _EXTRA,
    "unidic": "pip install unidic; python -m unidic download",
}


def make(vocabulary: Path, settings: Mapping[str, Any], name: str) -> JapaneseTokenizer:
    """
    Args:
      vocabulary: the folder's file.
      settings: of tokenizer_config.json, `KNOWN` keys and those that any tokenizer has.
      name: of the model, for messages.

    Raises:
      UserError: it is of a kind that is not read here, names files to MeCab, or wants a package
        that is not installed.
      Exception: whatever else the library finds wrong.
    """
    from transformers import BertJapaneseTokenizer

    _require_kinds(settings, name)
    if settings.get("do_word_tokenize", True):
        _require_words(settings, name)
    _require_pieces(vocabulary, settings)
    with quiet():
        library = BertJapaneseTokenizer(vocab_file=str(vocabulary), **settings)
        tokenizer = JapaneseTokenizer(library, vocabulary.read_bytes())
        tokenizer(["a"], ["b"], max_length=8)
    return tokenizer


def _require_kinds(settings: Mapping[str, Any], name: str) -> None:
    for key, kinds in _KINDS.items():
        if key in settings and settings[key] not in kinds:
            raise UserError(
                f"config.model.name {name}: {key} of its tokenizer is {settings[key][:40]!r}: "
                f"models with {' or '.join(kinds)} are read"
            )


def _require_words(settings: Mapping[str, Any], name: str) -> None:
    if settings.get("word_tokenizer_type", "basic") == "basic":
        log.info("model: %s splits words at spaces and punctuation, not by MeCab", name)
        return
    mecab = settings.get("mecab_kwargs") or {}
    if mecab.get("mecab_option") or mecab.keys() - {"mecab_dic", "normalize_text", "mecab_option"}:
        raise UserError(
            f"config.model.name {name}: mecab_kwargs of its tokenizer is {str(mecab)[:80]}: of "
            "these, mecab_dic and normalize_text are read, as options of MeCab may name files"
        )
    dictionary = mecab.get("mecab_dic", "unidic_lite")
    if dictionary not in tuple(_DICTIONARIES):  # it may be any JSON
        raise UserError(
            f"config.model.name {name}: mecab_dic of its tokenizer is {str(dictionary)[:40]!r}: "
            f"dictionaries are {', '.join(_DICTIONARIES)}"
        )
    for package in ("fugashi", dictionary):
        if find_spec(package) is None:
            raise UserError(
                f"config.model.name {name}: its tokenizer needs {package}, which is not "
                f"installed: {_DICTIONARIES.get(package, _EXTRA)}"
            )


def _require_pieces(vocabulary: Path, settings: Mapping[str, Any]) -> None:
    """A piece that stands for what is not known; names that MeCab's tokenizer can look for."""
    unknown = str(settings.get("unk_token") or "[UNK]")
    if unknown not in vocabulary.read_text("utf-8").splitlines():
        raise ValueError(f"{vocabulary} lacks {unknown}")
    if not all(isinstance(word, str) for word in settings.get("never_split") or []):
        raise ValueError("never_split of its tokenizer is no list of words")
