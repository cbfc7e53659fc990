"""A model's tokenizer. transformers is imported when one is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xlt_flax.errors import UserError
from xlt_flax.modeling.pretrained import folder_of, is_googles, load, one_line, require_file

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_FILES = ("tokenizer.json", "vocab.txt")


def load_tokenizer(name: str, revision: str = "") -> PreTrainedTokenizerFast:
    """The model's fast tokenizer.

    Args:
      name: hub id or folder (see modeling/pretrained).
      revision: of the hub id.

    Raises:
      UserError: it cannot be had, is not a fast one, or cannot pad.
    """
    from transformers import AutoTokenizer

    folder = folder_of(name)
    require_file(folder, _FILES, "tokenizer")
    if folder and is_googles(folder) and not (folder / "tokenizer.json").exists():
        with one_line(name):
            return _google_tokenizer(folder)
    tokenizer = load(AutoTokenizer.from_pretrained, name, revision, use_fast=True)
    if not tokenizer.is_fast:
        raise UserError(f"config.model.name {name} has no fast tokenizer (tokenizer.json)")
    if tokenizer.pad_token_id is None:
        raise UserError(
            f"config.model.name {name}: its tokenizer has no padding token: name one in its "
            "tokenizer_config.json, as pad_token"
        )
    return tokenizer


def _google_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Google's release does not say whether it is cased; a vocabulary with capitals is."""
    from transformers import BertTokenizerFast

    pieces = (folder / "vocab.txt").read_text("utf-8").splitlines()
    cased = any(piece != piece.lower() for piece in pieces if not piece.startswith("["))
    return BertTokenizerFast(
        vocab_file=str(folder / "vocab.txt"), do_lower_case=not cased, strip_accents=not cased
    )
