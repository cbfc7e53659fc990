"""Folders of Japanese models, with vocabularies that MeCab makes of real text."""

import json
from collections import Counter
from pathlib import Path

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
KINDS = {  # as cl-tohoku's forms have it
    "v1": {"mecab_kwargs": {"mecab_dic": "ipadic"}},
    "v2": {"mecab_kwargs": {"mecab_dic": "unidic_lite"}},
    "v3": {
        "mecab_kwargs": {"mecab_dic": "unidic_lite"},
        "never_split": None,
        "jumanpp_kwargs": None,
    },
    "char": {"subword_tokenizer_type": "character", "mecab_kwargs": {"mecab_dic": "ipadic"}},
    "lower": {"do_lower_case": True},
    "default": {"mecab_kwargs": None},
    "basic": {"word_tokenizer_type": "basic"},
    "left": {"truncation_side": "left"},
}


def sample_texts() -> list[str]:
    """Japanese reviews that the package ships."""
    from xlt_flax.config import sample
    from xlt_flax.data.sources import find_source

    source = find_source(sample().data)
    return [one.texts[0] for split in ("train", "test") for one in source.examples("ja", split)]


def vocabulary(texts: list[str], dictionary: str = "ipadic", most: int = 1500) -> list[str]:
    """Characters, alone and within words, and the most frequent words."""
    from transformers.models.bert_japanese.tokenization_bert_japanese import MecabTokenizer

    split = MecabTokenizer(mecab_dic=dictionary).tokenize
    words = Counter(word for text in texts for word in split(text))
    letters = sorted({letter for word in words for letter in word})
    frequent = [word for word, _ in words.most_common(most)]
    pieces = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *frequent]
    return [*dict.fromkeys(pieces)]


def write_tokenizer(folder: Path, pieces: list[str], in_config: bool = False, **settings) -> Path:
    """vocab.txt and tokenizer_config.json; where the class stands, config.json if `in_config`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    common = {"word_tokenizer_type": "mecab", "model_max_length": 512}
    kind = {"tokenizer_class": "BertJapaneseTokenizer"}
    stored = common | {} if in_config else common | kind
    (folder / "tokenizer_config.json").write_text(json.dumps(stored | settings))
    (folder / "config.json").write_text(
        json.dumps({"model_type": "bert", "vocab_size": len(pieces)} | (kind if in_config else {}))
    )
    return folder
