"""Hub ids, by the local cache alone: whole, of a revision, or half downloaded."""

import shutil

import huggingface_hub.constants
import jax
import numpy as np
import pytest

from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.modeling import pretrained
from xlt_flax.modeling.base_model import open_base_model

NAME, COMMIT, OLD = "somebody/tiny", "c0ffee" * 6 + "c0ff", "0ld" * 13 + "0"


def opened(revision=""):
    config = base()
    config.model.update({"name": NAME, "revision": revision})
    config.data.max_length = 16
    return open_base_model(config, num_labels=3)


@pytest.fixture
def cache(tmp_path, monkeypatch, library_checkpoint):
    """Two commits of a model, the newer one as main, as the hub's client lays them out."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    cache = tmp_path / "hub" / "models--somebody--tiny"
    (cache / "blobs").mkdir(parents=True)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    source = library_checkpoint("bert")
    for commit, folder in ((COMMIT, source.with_head), (OLD, source.without_head)):
        snapshot = cache / "snapshots" / commit
        snapshot.mkdir(parents=True)
        for file in folder.iterdir():
            blob = f"{commit[:3]}-{file.name}"
            shutil.copy(file, cache / "blobs" / blob)
            (snapshot / file.name).symlink_to(f"../../blobs/{blob}")
    return cache


def refusal(**arguments):
    with pytest.raises(UserError) as error:
        opened(**arguments).params(seed=0)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize(
    ("revision", "commit"), [("", COMMIT), ("main", COMMIT), (COMMIT, COMMIT), (OLD, OLD)]
)
def test_a_cached_model_is_loaded_at_its_revision_and_nobody_is_asked(
    cache, revision, commit, monkeypatch
):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_, **__: pytest.fail("asked"))
    model = opened(revision)
    assert model.revision == commit
    whole = opened(COMMIT).params(seed=0)
    jax.tree.map(np.testing.assert_array_equal, model.params(seed=0)["bert"], whole["bert"])


def test_a_revision_that_is_not_cached_is_named(cache):
    assert f"{NAME} at revision v2 is not in the local cache" in refusal(revision="v2")


def lose_weights(cache):
    (cache / "snapshots" / COMMIT / "model.safetensors").unlink()
    (cache / "blobs" / "c0f-model.safetensors").unlink()
    (cache / "blobs" / "c0f-model.safetensors.incomplete").write_bytes(b"\0" * 100)


def lose_blob(cache):
    (cache / "blobs" / "c0f-model.safetensors").unlink()


def lose_tokenizer(cache):
    for name in ("tokenizer.json", "vocab.txt"):
        (cache / "snapshots" / COMMIT / name).unlink(missing_ok=True)


def lose_config(cache):
    (cache / "snapshots" / COMMIT / "config.json").unlink()


@pytest.mark.parametrize(
    ("lose", "expected"),
    [
        (lose_weights, "downloads that were cut there: 1)"),
        (lose_blob, "lacks flax_model.msgpack"),
        (lose_tokenizer, "lacks added_tokens.json"),
        (lose_config, "lacks config.json"),
    ],
)
def test_a_cache_that_holds_a_part_is_named(cache, lose, expected):
    lose(cache)
    message = refusal()
    assert f"{NAME} is not in the local cache as a whole ({cache} lacks " in message
    assert expected in message
    assert "--config.model.name=/path/to/folder" in message


def test_a_hub_that_is_away_is_asked_once(cache, monkeypatch):
    """Each question may take ten seconds; the second would have no other answer."""
    lose_blob(cache)
    asked = []

    def away(name, file, revision):
        asked.append((file, revision))
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", away)
    assert "the hub did not give it (ConnectionError)" in refusal()
    assert asked == [("flax_model.msgpack", COMMIT)]


def test_what_is_missing_is_asked_for_at_the_commit_that_is_there(cache, monkeypatch, caplog):
    lose_blob(cache)
    snapshot = cache / "snapshots" / COMMIT
    asked = []

    def give(name, file, revision):
        asked.append((file, revision))
        if file != "model.safetensors":
            response = type("Response", (), {"headers": {}, "request": None})()
            raise huggingface_hub.errors.EntryNotFoundError("404", response)
        shutil.copy(cache / "blobs" / "0ld-model.safetensors", cache / "blobs" / f"c0f-{file}")
        return str(snapshot / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", give)
    with caplog.at_level("INFO", "xlt_flax"):
        assert "bert" in opened().params(seed=0)
    assert {revision for _, revision in asked} == {COMMIT}
    assert caplog.text.count("asking the hub for") == 1


def test_a_link_of_the_cache_that_leads_out_of_it_is_refused(cache, tmp_path):
    file = cache / "snapshots" / COMMIT / "model.safetensors"
    shutil.copy(file, tmp_path / "outside")
    file.unlink()
    file.symlink_to(tmp_path / "outside")
    assert "is a link that leads out of its folder" in refusal()


def test_a_name_is_no_way_out_of_the_cache():
    with pytest.raises(UserError, match="is not in the local cache"):
        pretrained.ModelFiles("a/../../b").fetch(("config.json",), "config")
