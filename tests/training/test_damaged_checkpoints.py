"""Whatever happens to a file of a checkpoint: what comes back is what was saved, or an error."""

import json
import shutil

import jax
import numpy as np
import optax
import pytest

from xlt_flax.errors import RunError, UserError
from xlt_flax.modeling.digests import digest
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training.checkpoints import Checkpoints, DamagedCheckpoint
from xlt_flax.training.starts import restore_newest_whole
from xlt_flax.training.step import new_state, put_on_devices
from xlt_flax.workdir import Workdir

OPTIMIZER = optax.adamw(1e-3)
VOCABULARY = Vocabulary(np.array([1, 3, 4], np.int32), 9)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def remove(path):
    path.unlink()


@pytest.fixture(scope="module")
def state():
    rng = np.random.default_rng(0)
    params = {"dense": {"kernel": rng.normal(size=(30, 40)).astype(np.float32)}}
    return put_on_devices(new_state(params, OPTIMIZER))


@pytest.fixture(scope="module")
def saved(tmp_path_factory, state):
    """A workdir with the checkpoints 1 and 2."""
    workdir = Workdir(tmp_path_factory.mktemp("saved") / "run")
    checkpoints = Checkpoints(workdir_checkpoints(workdir), writable=True)
    for step in (1, 2):
        checkpoints.save(state.replace(step=np.array(step, np.int32)), VOCABULARY, None)
    checkpoints.close()
    return workdir


def workdir_checkpoints(workdir):
    workdir.path.mkdir(exist_ok=True)
    return workdir.checkpoints


@pytest.fixture
def workdir(saved, tmp_path):
    return Workdir(shutil.copytree(saved.path, tmp_path / "run"))


def files_of(checkpoint):
    return sorted(path for path in checkpoint.rglob("*") if path.is_file())


@pytest.mark.parametrize("damage", [cut, empty, flip, remove])
def test_every_file_of_a_checkpoint(damage, workdir, state):
    """A file that no value depends on may come and go; none gives another state."""
    checkpoint = workdir.checkpoints / "2"
    noticed = 0
    for path in files_of(checkpoint):
        content = path.read_bytes()
        if not content and damage is not remove:
            continue
        damage(path)
        try:
            restored, vocabulary = Checkpoints(workdir.checkpoints).restore(2, OPTIMIZER)
            assert digest(restored) == digest(state.replace(step=np.array(2, np.int32)))
            assert vocabulary.ids.tolist() == [1, 3, 4]
        except DamagedCheckpoint:
            noticed += 1
        path.write_bytes(content)
    assert noticed >= 8


def test_the_one_before_a_damaged_one_is_gone_on_from(workdir, caplog):
    flip(largest(workdir.checkpoints / "2" / "params"))
    with caplog.at_level("INFO", "xlt_flax"):
        state, _ = restore_newest_whole(workdir, OPTIMIZER)
    assert state.step == 1
    line = next(m for m in caplog.messages if "is damaged" in m)
    assert line.startswith("checkpoint 2 is damaged")
    assert "damaged-2" in line
    assert Checkpoints(workdir.checkpoints).steps() == [1]
    checkpoints = Checkpoints(workdir.checkpoints, writable=True)
    checkpoints.save(state.replace(step=np.array(2, np.int32)), VOCABULARY, None)
    checkpoints.close()
    assert restore_newest_whole(workdir, OPTIMIZER)[0].step == 2


def test_nothing_is_set_aside_where_all_are_damaged(workdir):
    for step in ("1", "2"):
        remove(workdir.checkpoints / step / "optimizer" / "_METADATA")
    with pytest.raises(RunError, match=r"no checkpoint of .* is whole: 1, 2 .*Remove"):
        restore_newest_whole(workdir, OPTIMIZER)
    assert Checkpoints(workdir.checkpoints).steps() == [1, 2]


def test_what_may_not_be_read_is_not_damaged(workdir, monkeypatch):
    checkpoints = Checkpoints(workdir.checkpoints)

    def refuse(*args, **kwargs):
        raise ValueError('UNKNOWN: Error opening "/runs/x" [OS error 13: Permission denied]')

    monkeypatch.setattr(checkpoints._manager, "restore", refuse)
    with pytest.raises(RunError, match="Permission denied: /runs/x"):
        checkpoints.restore(2, OPTIMIZER)


def test_a_checkpoint_without_digests_is_not_trusted(workdir):
    path = workdir.checkpoints / "2" / "_CHECKPOINT_METADATA"
    metadata = json.loads(path.read_text())
    assert set(metadata["custom_metadata"]["sha256"]) == {"params", "optimizer", "vocabulary"}
    metadata["custom_metadata"] = {}
    path.write_text(json.dumps(metadata))
    with pytest.raises(DamagedCheckpoint, match="lacks the digest"):
        Checkpoints(workdir.checkpoints).restore_params(2)


def test_a_best_one_that_is_gone_or_damaged_names_the_ways_out(workdir):
    checkpoints = Checkpoints(workdir.checkpoints)
    with pytest.raises(
        UserError, match=r"no checkpoint of step 7, the best one.*--checkpoint=STEP"
    ):
        checkpoints.find("best", best_step=7)
    flip(largest(workdir.checkpoints / "2" / "params"))
    with pytest.raises(UserError, match=r"checkpoint 2 of .* is damaged .*--checkpoint=STEP"):
        checkpoints.restore_params(2)


def test_what_a_killed_save_left_is_removed(workdir, state):
    left = workdir.checkpoints / "3.orbax-checkpoint-tmp"
    shutil.copytree(workdir.checkpoints / "2", left)
    assert Checkpoints(workdir.checkpoints).steps() == [1, 2]
    checkpoints = Checkpoints(workdir.checkpoints, writable=True)
    checkpoints.save(state.replace(step=np.array(4, np.int32)), VOCABULARY, None)
    checkpoints.close()
    assert not left.exists()


def largest(folder):
    return max(files_of(folder), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize(
    "other",
    [
        {"a": np.array([1, 2], np.int32)},
        {"a": np.array([[1.0, 2.0]], np.float32)},
        {"b": np.array([1.0, 2.0], np.float32)},
        {"a": np.array([2.0, 1.0], np.float32)},
        {"a": np.array([1.0, -2.0], np.float32)},
    ],
)
def test_a_digest_is_of_names_types_shapes_and_values(other):
    tree = {"a": np.array([1.0, 2.0], np.float32)}
    assert digest(tree) == digest(jax.tree.map(np.copy, tree))
    assert digest(tree) != digest(other)
