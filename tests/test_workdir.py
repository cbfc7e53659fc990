"""One writer a workdir, and workdirs of other makers are refused."""

import json
import multiprocessing

import pytest

from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.workdir import FORMAT, Workdir


def hold(path, held, release):
    with Workdir(path).writer():
        held.set()
        release.wait()


def test_the_second_writer_is_refused_and_a_dead_one_does_not_count(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path / "run", held, release), daemon=True)
    other.start()
    assert held.wait(60)
    with (
        pytest.raises(UserError, match=f"process {other.pid} on "),
        Workdir(tmp_path / "run").writer(),
    ):
        pass
    other.kill()  # it can't let go itself
    other.join()
    with Workdir(tmp_path / "run").writer():
        pass


def test_a_folder_of_somebody_elses_is_refused(tmp_path):
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(UserError, match=r"thesis\.docx"):
        Workdir(tmp_path).check(base())


def test_a_changed_config_is_named(tmp_path):
    workdir = Workdir(tmp_path / "run")
    workdir.start(base())
    workdir.check(base())
    changed = base()
    changed.train.batch_size = 16
    changed.data.data_dir = changed.model.name = "/elsewhere"  # where, not what
    with pytest.raises(UserError, match=r"\(train.batch_size: 8 -> 16\)"):
        workdir.check(changed)


def test_a_newer_workdir_is_refused(tmp_path):
    workdir = Workdir(tmp_path)
    versions = {"workdir": FORMAT + 1, "xlt_flax": "9.0"}
    workdir.config_file.write_text(json.dumps({"config": {}, "versions": versions}))
    with pytest.raises(UserError, match=r"newer xlt_flax \(9\.0\)"):
        workdir.read_config()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"config": {}}'])
def test_a_spoilt_config_is_named(tmp_path, content):
    workdir = Workdir(tmp_path)
    workdir.config_file.write_text(content)
    with pytest.raises(UserError, match=r"config\.json is not whole"):
        workdir.read_config()


def test_a_spoilt_config_is_repaired_from_its_copy(tmp_path, caplog):
    workdir = Workdir(tmp_path / "run")
    workdir.start(base())
    whole = workdir.config_file.read_bytes()
    workdir.config_file.write_bytes(whole[:100])
    assert workdir.read_config().to_dict() == base().to_dict()
    changed = base()
    changed.seed = 51
    with pytest.raises(UserError, match="seed: 50 -> 51"):
        workdir.check(changed)
    workdir.check(base())
    with caplog.at_level("WARNING", "xlt_flax"):
        workdir.start(base())
    assert "written anew from its copy" in caplog.text
    assert workdir.config_file.read_bytes() == whole


def test_what_a_killed_writer_left_is_removed(tmp_path):
    left = tmp_path / ".metrics.jsonl.123.tmp"
    left.touch()
    Workdir(tmp_path).start(base())
    assert not left.exists()
