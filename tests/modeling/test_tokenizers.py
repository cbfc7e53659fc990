"""Tokenizers load from every form of folder, and from the hub or not at all."""

import pytest

from xlt_flax.errors import UserError
from xlt_flax.modeling.tokenizers import load_tokenizer


def test_googles_vocabulary_tokenizes_as_the_same_one_in_hf_files_does(tiny_model_folder):
    text = "Héllo Wörld, 最高の一枚です。 A fine record!"
    google, hf = (load_tokenizer(str(tiny_model_folder(form))) for form in ("google", "flax"))
    assert google(text)["input_ids"] == hf(text)["input_ids"]
    assert google.is_fast


@pytest.mark.parametrize(
    ("vocabulary", "pieces"),
    [(["hello", "Hello"], ["Hello"]), (["hello", "word"], ["hello"])],
    ids=["cased", "uncased"],
)
def test_googles_vocabulary_tells_whether_it_is_cased(tmp_path, vocabulary, pieces):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (tmp_path / "vocab.txt").write_text("\n".join(special + vocabulary) + "\n")
    (tmp_path / "bert_config.json").write_text("{}")
    assert load_tokenizer(str(tmp_path)).tokenize("Hello") == pieces


def refusal(name):
    with pytest.raises(UserError) as error:
        load_tokenizer(name)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize("name", ["nobody/has-this-model", "no such name!", "a/b/c/d"])
def test_a_hub_id_that_cannot_be_had_says_how_to_use_a_folder(name):
    message = refusal(name)
    assert message.startswith(f"config.model.name {name} is not in the local cache")
    assert "--config.model.name=/path/to/folder" in message


@pytest.mark.parametrize("name", ["./nowhere", "~/no/such/folder", "/no/such/folder"])
def test_a_path_is_not_looked_for_on_the_hub(name):
    assert f"there is no folder {name}" in refusal(name)
