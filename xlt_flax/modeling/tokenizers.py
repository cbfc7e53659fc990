"""A model's tokenizer. transformers is imported when one is loaded.

The library's own way in, `AutoTokenizer`, opens any file that tokenizer_config.json names, asks on
stdin whether to run code that it names, and hands the rest of it on to classes that act on some of
it. So one of the classes below is made here, of files that are ours to name and of keys that are
known; tokens are what `AutoTokenizer` makes of the same files. That of Japanese models, which is no
fast one, is made in modeling/japanese.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlt_flax.errors import UserError
from xlt_flax.modeling import japanese
from xlt_flax.modeling.model_config import GOOGLES, log_passed_over
from xlt_flax.modeling.pretrained import ModelFiles, one_line, quiet, read_json

if TYPE_CHECKING:
    from transformers import AddedToken, PreTrainedTokenizerFast

    from xlt_flax.modeling.japanese_tokenizer import JapaneseTokenizer

    Tokenizer = PreTrainedTokenizerFast | JapaneseTokenizer

log = logging.getLogger("xlt_flax")

_WHOLE, _WORDPIECE, _BPE = "tokenizer.json", japanese.VOCABULARY, "vocab.json"
_SENTENCEPIECE = "sentencepiece.bpe.model"
_CONFIG, _SPECIAL, _ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
_MERGES = "merges.txt"
_BESIDE = (_CONFIG, _SPECIAL, _ADDED, _MERGES, "config.json", GOOGLES)
_GENERAL = "PreTrainedTokenizer"
_CLASSES = {  # by model_type
    "bert": "BertTokenizer",
    "distilbert": "DistilBertTokenizer",
    "electra": "ElectraTokenizer",
    "roberta": "RobertaTokenizer",
    "xlm-roberta": "XLMRobertaTokenizer",
}
_TOKENS = {
    *("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"),
    "additional_special_tokens",
}
_KNOWN = {  # key of tokenizer_config.json to the types that it may have
    "added_tokens_decoder": (dict,),
    "model_max_length": (int, float),
    "model_input_names": (list,),
    "strip_accents": (bool, type(None)),
    **dict.fromkeys(("padding_side", "truncation_side"), (str,)),
    **dict.fromkeys(("do_lower_case", "tokenize_chinese_chars", "add_prefix_space"), (bool,)),
    **dict.fromkeys(("clean_up_tokenization_spaces", "split_special_tokens"), (bool,)),
    **dict.fromkeys(("trim_offsets", "clean_text"), (bool,)),
    **dict.fromkeys(_TOKENS, (str, dict, list, type(None))),
}
# What changes no token of a fast tokenizer, and is not worth a line.
_OF_NO_USE = {
    *(
        "tokenizer_class",
        "name_or_path",
        "special_tokens_map_file",
        "tokenizer_file",
        "do_basic_tokenize",
    ),
    *(
        "never_split",
        "extra_special_tokens",
        "max_len",
        "errors",
        "sp_model_kwargs",
    ),
    *("max_length", "stride", "truncation_strategy", "pad_to_multiple_of", "pad_token_type_id"),
    *("full_tokenizer_file", "vocab_file", "legacy", "use_fast", "wordpieces_prefix"),
    *japanese.OF_NO_USE,
}


def load_tokenizer(name: str, revision: str = "") -> Tokenizer:
    """The model's tokenizer: a fast one, or that of Japanese models.

    Args:
      name: hub id or folder (see modeling/pretrained).
      revision: of the hub id.

    Raises:
      UserError: it cannot be had, is neither, cannot pad, or wants a package that is not installed.
    """
    files = ModelFiles(name, revision)
    main, beside = files.fetch((_WHOLE, _WORDPIECE, _BPE, _SENTENCEPIECE), "tokenizer", _BESIDE)
    config = read_json(beside[_CONFIG], name) if _CONFIG in beside else {}
    kind = _class_name(config, beside, name)
    tokenizer: Tokenizer
    if kind == japanese.CLASS:
        main, _ = files.fetch((_WORDPIECE,), "vocabulary")
        with one_line(name):
            settings = _settings(config, main, beside, name, japanese.KNOWN)
            tokenizer = japanese.make(main, settings, name)
    else:
        _require_readable(main, files)
        tokenizer = _make_fast(kind, config, main, beside, name)
    if tokenizer.pad_token_id is None:
        raise UserError(
            f"config.model.name {name}: its tokenizer has no padding token: name one in its "
            "tokenizer_config.json, as pad_token"
        )
    return tokenizer


def count_pieces(tokenizer: Tokenizer) -> int:
    """How many rows of a word embedding a tokenizer needs: its numbers may leave some out."""
    return 1 + max(tokenizer.get_vocab().values())


def _require_readable(main: Path, files: ModelFiles) -> None:
    if main.name == _SENTENCEPIECE:
        raise UserError(
            f"config.model.name {files.place} has {_SENTENCEPIECE} without {_WHOLE}: make that one "
            "where sentencepiece is, with transformers' "
            "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)"
        )


def _make_fast(
    kind: str, config: dict[str, Any], main: Path, beside: dict[str, Path], name: str
) -> PreTrainedTokenizerFast:
    with one_line(name), quiet():
        tokenizer = _make(kind, config, main, beside, name)
        tokenizer("a", "b")  # some definitions load, and fail at the first text
    return tokenizer


def _make(
    kind: str, config: dict[str, Any], main: Path, beside: dict[str, Path], name: str
) -> PreTrainedTokenizerFast:
    import transformers

    if main.name == _WORDPIECE and "config.json" not in beside and GOOGLES in beside:
        return _google_tokenizer(main)
    arguments: dict[str, Any] = {"vocab_file": str(main)}
    if main.name == _WHOLE:
        arguments = {"tokenizer_file": str(main)}
    elif main.name == _BPE:
        arguments["merges_file"] = str(beside[_MERGES])
    settings = _settings(config, main, beside, name)
    return getattr(transformers, f"{kind}Fast")(**arguments, **settings)


def _class_name(config: dict[str, Any], beside: dict[str, Path], name: str) -> str:
    """The class that the folder asks for, if it is one of ours; else the one without ways of its
    own."""
    model = read_json(beside["config.json"], name) if "config.json" in beside else {}
    asked = config.get("tokenizer_class") or model.get("tokenizer_class")
    if not asked:
        return _CLASSES.get(str(model.get("model_type")), _GENERAL)
    asked = str(asked).removesuffix("Fast")
    if asked not in {*_CLASSES.values(), _GENERAL, japanese.CLASS}:
        log.info("model: its tokenizer_class %s is passed over for what its files say", asked[:100])
        return _GENERAL
    return asked


def _settings(
    config: dict[str, Any],
    main: Path,
    beside: dict[str, Path],
    name: str,
    more: Mapping[str, tuple[type, ...]] = {},
) -> dict[str, Any]:
    """Arguments of the class, with every token that is added to the vocabulary; `more`: keys that
    it knows besides."""
    allowed = {**_KNOWN, **more}
    log_passed_over(config.keys() - allowed.keys() - _OF_NO_USE, _CONFIG)
    settings = {key: value for key, value in config.items() if key in allowed}
    if "added_tokens_decoder" not in settings:  # as it was before transformers 4.34
        tokens = read_json(beside[_SPECIAL], name) if _SPECIAL in beside else {}
        settings |= {key: value for key, value in tokens.items() if key in _TOKENS}
    for key, value in settings.items():
        if not isinstance(value, allowed[key]):
            raise ValueError(f"{key} of its tokenizer is {repr(value)[:80]}")
    added = _added_tokens(settings, main, beside, name)
    known = {str(token): token for token in added.values()}
    tokens = {key: _token(settings[key], known) for key in _TOKENS & settings.keys()}
    return settings | tokens | {"added_tokens_decoder": added}


def _added_tokens(
    settings: dict[str, Any], main: Path, beside: dict[str, Path], name: str
) -> dict[int, AddedToken]:
    """{number: token} of what the vocabulary has besides its pieces."""
    if "added_tokens_decoder" in settings:
        given = settings["added_tokens_decoder"].items()
        return {int(number): _added_token(token) for number, token in given}
    added: dict[int, AddedToken] = {}
    if _ADDED in beside:
        special = [settings[key] for key in _TOKENS & settings.keys()]
        for text, number in read_json(beside[_ADDED], name).items():
            is_special = text in special
            fields = {"content": text, "special": is_special, "normalized": not is_special}
            added[number] = _added_token(fields)
    if main.name == _WHOLE:
        for token in read_json(main, name)["added_tokens"]:
            added[token["id"]] = _added_token(token)
    return added


def _token(value: Any, known: dict[str, AddedToken]) -> Any:
    """A special token as its class takes it: as it was added, where it was."""
    if isinstance(value, list):
        return [_token(one, {}) for one in value]
    token = _added_token(value) if isinstance(value, dict) else value
    return known.get(str(token), token)


def _added_token(fields: dict[str, Any]) -> AddedToken:
    from transformers import AddedToken

    names = ("content", "single_word", "lstrip", "rstrip", "normalized", "special")
    return AddedToken(**{name: fields[name] for name in names if name in fields})


def _google_tokenizer(vocabulary: Path) -> PreTrainedTokenizerFast:
    """Google's release does not say whether it is cased; a vocabulary with capitals is."""
    from transformers import BertTokenizerFast

    pieces = vocabulary.read_text("utf-8").splitlines()
    cased = any(piece != piece.lower() for piece in pieces if not piece.startswith("["))
    return BertTokenizerFast(
        vocab_file=str(vocabulary), do_lower_case=not cased, strip_accents=not cased
    )
