"""Any damage to a file of weights is refused in one line, or is another number."""

import pytest
from flax.serialization import msgpack_serialize
from hypothesis import given
from hypothesis import strategies as st
from library_checkpoints import open_checkpoint

from xlt_flax.errors import UserError
from xlt_flax.modeling.encoders import load_shape
from xlt_flax.modeling.tokenizers import load_tokenizer
from xlt_flax.modeling.weights import stored_weights

FILES = ("model.safetensors", "flax_model.msgpack")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A folder without weights, its shape, its weights, and the bytes of both formats."""
    folder = open_checkpoint("bert", tmp_path_factory.mktemp("tiny")).with_head
    shape = load_shape(str(folder), None, 16, load_tokenizer(str(folder)), "", num_labels=3)
    stored = stored_weights(str(folder), shape, "")
    whole = [(folder / FILES[0]).read_bytes(), msgpack_serialize(dict(stored))]
    (folder / FILES[0]).unlink()
    return folder, shape, stored, dict(zip(FILES, whole, strict=True))


def read(tiny, name, content):
    """The weights of a file with that content; None if it is refused, which takes one line."""
    folder, shape, _, _ = tiny
    (folder / name).write_bytes(content)
    try:
        return stored_weights(str(folder), shape, "")
    except UserError as error:
        return None if len(str(error).splitlines()) == 1 else pytest.fail(str(error))
    finally:
        (folder / name).unlink()


@pytest.mark.parametrize("name", FILES)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_cut_file_is_refused(tiny, name, share):
    whole = tiny[3][name]
    assert read(tiny, name, whole[: int(share * len(whole))]) is None


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
def test_a_flipped_byte_is_refused_or_changes_numbers_alone(tiny, name, data):
    """Early bytes, which say what follows, are tried as often as all others together. A name that
    changed may be one that a model can lack; all that is there has its shape."""
    _, _, stored, whole = tiny
    content = bytearray(whole[name])
    place = data.draw(st.integers(0, data.draw(st.sampled_from([8, 4000, len(content)])) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    if (found := read(tiny, name, bytes(content))) is not None:
        assert all(found[path].shape == stored[path].shape for path in found)
        changed = [path for path in found if (found[path] != stored[path]).any()]
        assert len(changed) <= 2  # two tensors whose places were exchanged


@pytest.mark.parametrize("name", FILES)
def test_undamaged_they_are_the_same(tiny, name):
    found = read(tiny, name, tiny[3][name])
    assert found.keys() == tiny[2].keys()
    assert all((found[path] == tiny[2][path]).all() for path in found)
