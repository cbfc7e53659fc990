"""Folders that can be none, given to whole command lines: one line each, and nothing is made."""

import os
import sys
from pathlib import Path

import forks
import pytest

from xlt_flax.config import sample
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parents[1]
DEMO, STUDY = f"--config={ROOT}/configs/demo.py", f"--config={ROOT}/configs/thesis_demo.py"
LONG = "x" * 300

# What is asked of a folder, cheaply: nothing here is trained.
ASKING = {
    "main": ("main", DEMO),
    "eval": ("eval",),
    "sweep": ("sweep", STUDY, "--dry_run"),
    "report": ("report",),
}

# Only root may look into a lost+found; these processes are root's, but may not.
NOT_ROOT = """
import ctypes
libc, version_and_self = ctypes.CDLL(None, use_errno=True), (ctypes.c_uint32 * 2)(0x20080522, 0)
sets = (ctypes.c_uint32 * 6)()
assert libc.capget(version_and_self, sets) == 0
for i in (0, 1):
    sets[i] &= ~(1 << 1 | 1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
assert libc.capset(version_and_self, sets) == 0
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


def run(place, module, *arguments, expect=0, prelude="", **environment):
    command = [sys.executable, "-m", f"xlt_flax.{module}", *map(str, arguments)]
    given = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    finished = forks.run(command, cwd=place, env=given, prelude=prelude)
    assert finished.returncode == expect, finished.stderr
    return finished


def refused(place, module, *arguments, **environment):
    """The one line; nothing has changed on the disk."""
    before = sorted(place.rglob("*"))
    told = run(place, module, *arguments, expect=2, **environment).stderr
    (line,) = told.splitlines()
    assert sorted(place.rglob("*")) == before
    return line


WRONG = [
    ("file", "file is a file: give a folder"),
    ("file/run", "file is a file: give a folder"),
    ("link", "link is a link to nothing: give a folder"),
    ("link/run", "link is a link to nothing: give a folder"),
    ("loop", "Too many levels of symbolic links"),
    (LONG, "File name too long: give another folder"),
    ("gs://bucket/run", "a URL"),
    ("~nobody-of-this-name/run", "there is no such home"),
]


@pytest.mark.parametrize("module", ASKING)
@pytest.mark.parametrize(("wrong", "told"), WRONG)
def test_what_can_be_no_workdir(module, wrong, told, place):
    line = refused(place, *ASKING[module], f"--workdir={wrong}")
    assert line.startswith("xlt_flax: --workdir")
    assert told in line


@pytest.mark.parametrize(("wrong", "told"), WRONG)
def test_what_can_be_no_data_dir(wrong, told, place):
    line = refused(place, "prepare", DEMO, f"--config.data.data_dir={wrong}")
    assert line.startswith("xlt_flax: config.data.data_dir")
    assert told in line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--config.data.manual_dir=file"], "no cls-acl10-unprocessed.tar.gz and no folder"),
        (["--config.data.manual_dir=nowhere"], "Zenodo record 3251672"),
        (["--config.init_from=file"], "config.init_from: "),
        (["--config.init_from=link"], "link is a link to nothing"),
    ],
)
def test_what_else_is_not_there_is_told_before_the_model(words, told, place):
    """Which is on no disk, nor would the hub be asked for it."""
    (place / "data").mkdir()
    (place / "data/.webis_cls10_de_music.lock").touch()
    config = f"--config={ROOT}/configs/mix_111.py"
    model = "--config.model.name=nobody/has-this"
    places = ("--workdir=runs", "--config.data.data_dir=data")
    assert told in refused(place, "main", config, model, *places, *words)


def test_files_that_a_description_names_are_looked_for_before_the_model(place):
    (place / "en.csv").write_text("text,label\nfine,good\nbad,bad\n")
    (place / "own.toml").write_text('[train]\nen = "en.csv"\n[test]\nja = "ja.csv"\n')
    words = ("--config.model.name=nobody/has-this", "--config.data.data_dir=data")
    config = f"--config={ROOT}/configs/files.py:own.toml"
    told = run(place, "main", config, *words, expect=2).stderr
    (line,) = told.splitlines()
    assert f"there is no file {place}/ja.csv" in line


@pytest.mark.parametrize(
    ("module", "told"),
    [("eval", "r is not a workdir: it has no config.json"), ("report", "no sweep.json and no run")],
)
def test_a_home_is_a_home_everywhere(module, told, place):
    (place / "r").mkdir()
    assert told in run(place, module, "--workdir=~/r", expect=2, HOME=str(place)).stderr


@pytest.fixture
def systems_files(place):
    """A folder with what a scheduler and a file system leave in one."""
    folder = place / "runs"
    folder.mkdir()
    (folder / "lost+found").mkdir()
    for name in ("slurm-4321.out", "train.o4321", "mine.log"):
        (folder / name).touch()
    (folder / "lost+found").chmod(0)
    yield folder
    (folder / "lost+found").chmod(0o700)


def test_systems_files_block_no_study(systems_files, place):
    told = run(place, "sweep", STUDY, f"--workdir={systems_files}", "--dry_run", prelude=NOT_ROOT)
    assert "35 runs, 35 of them to do" in told.stdout


def test_systems_files_block_no_report(systems_files, place):
    config = sample()
    config.mixture = "E1"
    Workdir(systems_files / "E1-seed50").start(config)
    told = run(place, "report", f"--workdir={systems_files}", prelude=NOT_ROOT)
    assert (systems_files / "report" / "tables.md").exists()
    assert "lost+found" not in told.stdout + told.stderr


def test_systems_files_are_no_evaluations(tmp_path):
    workdir = Workdir(tmp_path)
    (workdir.eval / "lost+found").mkdir(parents=True)
    (workdir.eval / "slurm-1.out").touch()
    assert (workdir.evaluated(), workdir.curves()) == ([], [])


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_characters_is_written_to(encoding, place):
    told = run(place, "sweep", STUDY, "--dry_run", PYTHONIOENCODING=encoding)
    assert "35 runs" in told.stdout
    assert "configs/demo.py" in run(place, "main", "--help", PYTHONIOENCODING=encoding).stdout
