"""Makes MODEL_TYPE.tar.xz beside this file: what the model library itself writes, and computes, in
PyTorch. The package needs no torch, so this runs in an environment of its own:

    pip install torch "transformers==4.57.6"
    python tests/checkpoints/make.py [MODEL_TYPE ...]

Each archive holds

    with_head/      a classifier of three labels, its names with the encoder's prefix
    without_head/   the same encoder as published encoders are: no head, names without a prefix
    expected.npz    a batch (input_ids, attention_mask, token_type_ids: int64[4, 24], the last all 0
                    where the model knows no types); `logits` float32[4, 3] of with_head; and `mean`
                    float32[4, 16], the mean of without_head's last states over the real tokens

Models are 16 units wide, of 2 layers and 40 positions, with a tokenizer of the sample's texts.
Their weights are drawn wide: attention that is far from uniform shows a wrong mask or position.
"""

import html
import re
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

SHAPE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "num_labels": 3,
}
ROBERTA = SHAPE | {"max_position_embeddings": 42, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
DISTILBERT = {
    "dim": 16,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 32,
    "max_position_embeddings": 40,
    "num_labels": 3,
}
PIECES = 300
LENGTHS, SECONDS = (24, 17, 9, 2), (10, 0, 5, 0)  # of documents; where the second text begins

_HERE = Path(__file__).resolve().parent
_SAMPLE = _HERE.parents[1] / "xlt_flax" / "data" / "sample" / "cls-acl10-unprocessed"


def texts() -> Iterator[str]:
    for file in sorted(_SAMPLE.glob("*/music/train.review")):
        for text in re.findall(r"<text>(.*?)</text>", file.read_text("utf-8"), re.DOTALL):
            yield html.unescape(html.unescape(text))


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=PIECES, limit_alphabet=120, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer


def byte_pairs() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def unigram() -> Tokenizer:
    """As XLM-R's: <mask> comes last."""
    frequent = {letter for letter, _ in Counter("".join(texts())).most_common(120)}
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=PIECES - 1,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        show_progress=False,
    )
    kept = ("".join(c for c in text if c in frequent or c.isspace()) for text in texts())
    tokenizer.train_from_iterator(kept, trainer)
    tokenizer.add_special_tokens(["<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return tokenizer


# {model_type: (prefix of the library's classes, fields of the shape, tokenizer)}
KINDS = {
    "bert": ("Bert", SHAPE, word_piece),
    "distilbert": ("DistilBert", DISTILBERT, word_piece),
    "electra": ("Electra", SHAPE | {"embedding_size": 8}, word_piece),
    "roberta": ("Roberta", ROBERTA, byte_pairs),
    "xlm-roberta": ("XLMRoberta", ROBERTA, unigram),
}


def draw(model: torch.nn.Module) -> None:
    """All weights wide, those of norms around 1; an unused position's row too."""
    generator = torch.Generator().manual_seed(1)
    for name, weight in model.named_parameters():
        is_scale = name.lower().endswith("norm.weight")
        drawn = 0.3 * torch.randn(weight.shape, generator=generator) + float(is_scale)
        weight.data.copy_(drawn)


def make_batch(tokenizer: transformers.PreTrainedTokenizerFast, knows_types: bool) -> dict:
    rng = np.random.default_rng(0)
    ids = np.full((len(LENGTHS), max(LENGTHS)), tokenizer.pad_token_id)
    types = np.zeros_like(ids)
    for row, (length, second) in enumerate(zip(LENGTHS, SECONDS, strict=True)):
        ids[row, :length] = rng.integers(5, len(tokenizer) - 1, length)
        ids[row, [0, length - 1]] = tokenizer.cls_token_id, tokenizer.sep_token_id
        if second and knows_types:
            types[row, second:length] = 1
    mask = (np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]).astype(np.int64)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


@torch.no_grad()
def compute(model: torch.nn.Module, batch: dict, knows_types: bool) -> dict:
    given = {name: torch.from_numpy(array) for name, array in batch.items()}
    if not knows_types:
        del given["token_type_ids"]
    mask = given["attention_mask"][:, :, None]
    states = model.base_model(**given).last_hidden_state
    mean = (states * mask).sum(1) / mask.sum(1)
    return {"logits": model(**given).logits.numpy(), "mean": mean.numpy()}


def make(model_type: str, folder: Path) -> None:
    prefix, fields, train = KINDS[model_type]
    library = getattr(transformers, f"{prefix}TokenizerFast")
    cased = {"do_lower_case": False} if train is word_piece else {}
    tokenizer = library(tokenizer_object=train(), model_max_length=40, **cased)
    shape = getattr(transformers, f"{prefix}Config")(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **fields
    )
    model = getattr(transformers, f"{prefix}ForSequenceClassification")(shape).eval()
    draw(model)
    for name, part in (("with_head", model), ("without_head", model.base_model)):
        part.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    knows_types = getattr(shape, "type_vocab_size", 1) > 1
    batch = make_batch(tokenizer, knows_types)
    np.savez(folder / "expected.npz", **batch, **compute(model, batch, knows_types))


def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime, entry.uid, entry.gid, entry.mode = 0, 0, 0, 0o644
    entry.uname = entry.gname = ""
    return entry


def main() -> None:
    for model_type in sys.argv[1:] or KINDS:
        with tempfile.TemporaryDirectory() as scratch:
            make(model_type, Path(scratch))
            with tarfile.open(_HERE / f"{model_type}.tar.xz", "w:xz") as archive:
                for path in sorted(Path(scratch).rglob("*")):
                    if path.is_file():
                        archive.add(path, str(path.relative_to(scratch)), filter=plain)


if __name__ == "__main__":
    main()
