"""Where paths point: URLs and what can be no folder are refused in one line, with nothing made."""

import os
import stat
import sys
import tempfile
from pathlib import Path

import forks
import numpy as np
import pytest

from xlt_flax.config import base, resolve
from xlt_flax.data.layout.prefetch import batches
from xlt_flax.errors import UserError
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parents[1]
URLS = ["gs://bucket/run", "s3://bucket/run", "hdfs://host/run", "file:///runs/a", "https://a/b"]


def refused(use, *arguments):
    with pytest.raises(UserError) as error:
        use(*arguments)
    (line,) = str(error.value).splitlines()
    return line


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("kind", [str, Path])
def test_a_url_is_no_workdir(url, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = refused(Workdir, kind(url))
    assert line.startswith("--workdir is ")
    assert "a URL" in line
    assert ("leave out file://" if url[0] == "f" else "mount the bucket") in line
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("module", ["main", "eval", "sweep", "report"])
def test_every_command_line_refuses_a_url(module, tmp_path):
    configs = {"main": "demo", "sweep": "thesis_demo"}
    config = [f"--config={ROOT}/configs/{configs[module]}.py"] if module in configs else []
    finished = forks.run(
        [sys.executable, "-m", f"xlt_flax.{module}", "--workdir=gs://bucket/run", *config],
        cwd=tmp_path,
    )
    assert finished.returncode == 2, finished.stderr
    (line,) = finished.stderr.splitlines()
    assert line.startswith("xlt_flax: --workdir is 'gs:")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("field", ["data.data_dir", "data.manual_dir", "init_from", "model.name"])
def test_no_field_is_a_url(field):
    config = base()
    config.update_from_flattened_dict({field: "gs://bucket/place"})
    assert refused(resolve, config).startswith(f"config.{field} is 'gs://bucket/place', a URL")


@pytest.mark.parametrize("name", ["C", "run:5", "a:b/c", "E1D1F1+J1-seed50"])
def test_what_only_looks_like_a_url_is_a_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Workdir(name).path == tmp_path / name


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("file", "file is a file"),
        ("file/run", "file is a file"),
        ("link", "link is a link to nothing"),
        ("link/run", "link is a link to nothing"),
        ("loop", "Too many levels"),
        ("x" * 300, "File name too long"),
        ("nul\0l", "null"),
        ("~nobody-of-this-name/run", "no such home"),
    ],
)
def test_what_can_be_no_folder(place, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    assert told in refused(Workdir, place)
    config = base()
    config.data.data_dir = place
    assert told in refused(resolve, config)


@pytest.mark.parametrize(
    "name",
    [
        *("slurm-4321.out", "slurm-4321_7.err", "train-7.log", "train.o4321", "train.e4321"),
        *("lost+found", "nohup.out", ".nfs01", "failure.txt"),
    ],
)
def test_what_systems_leave_in_a_folder_does_not_block_a_workdir(name, tmp_path):
    (tmp_path / name).mkdir() if name == "lost+found" else (tmp_path / name).touch()
    Workdir(tmp_path).check(base())
    (tmp_path / "slurm.txt").touch()
    assert "slurm.txt" in refused(Workdir(tmp_path).check, base())


# ---- What is left, and for whom -----------------------------------------------------------------


@pytest.fixture
def temporary_folder(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def umask_022():
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_prepared_data_can_be_read_by_all_and_leave_nothing_elsewhere(
    temporary_folder, umask_022, tmp_path, open_sample
):
    data_dir = tmp_path / "data"
    open_sample(data_dir, 32).store("en", "train")
    assert list(temporary_folder.iterdir()) == []
    made = [data_dir, *data_dir.rglob("*")]
    assert any(path.name == "tokens.npy" for path in made)
    for path in made:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() else 0o644), path


def test_a_pipeline_has_no_temporary_files(temporary_folder):
    stream = batches(lambda index: {"ids": np.array([index])}, 0, 3)
    next(stream)
    assert list(temporary_folder.iterdir()) == []
