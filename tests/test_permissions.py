"""Folders and files that a user may not read or write: one line, exit code 1, and nothing is lost.

The runs are of configs/demo.py, two steps long.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import forks
import pytest

from xlt_flax.data.selection import needed_splits
from xlt_flax.data.sources.webis_cls10.raw_files import ARCHIVE, FOLDER

ROOT = Path(__file__).parents[1]

# Root may read and write everything, but for a process that gave that up.
GIVE_UP = """
import ctypes
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
libc, version_and_self = ctypes.CDLL(None, use_errno=True), (ctypes.c_uint32 * 2)(0x20080522, 0)
sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then those above 31
assert libc.capget(version_and_self, sets) == 0
for i in (0, 1):  # access(2) goes by what is permitted
    sets[i] &= ~(1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)
assert libc.capset(version_and_self, sets) == 0
"""


def command(module, *arguments):
    return [sys.executable, "-m", f"xlt_flax.{module}", *map(str, arguments)]


def training(workdir, data_dir, *arguments):
    return command(
        "main",
        "--config=configs/demo.py",
        f"--workdir={workdir}",
        f"--config.data.data_dir={data_dir}",
        "--config.data.train_per_group=15",
        "--config.data.validation_per_group=11",
        "--config.train.max_steps=2",
        "--config.model.forward=padded",  # compiles faster
        *arguments,
    )


def preparing(data_dir, *arguments, config="configs/demo.py"):
    place = f"--config.data.data_dir={data_dir}"
    return command("prepare", f"--config={config}", place, *arguments)


def run(arguments, expect=0):
    finished = forks.run(arguments, cwd=ROOT, prelude=GIVE_UP)
    assert finished.returncode == expect, finished.stderr
    return finished


def assert_denied(arguments, path):
    finished = run(arguments, expect=1)
    assert "Traceback" not in finished.stderr
    told = [line for line in finished.stderr.splitlines() if not line[:4].isdecimal()]  # no log
    assert len(told) == 1, finished.stderr
    assert told[0].startswith(f"xlt_flax: Permission denied: {path}"), told[0]
    return finished


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, sample_data_dir, sample_corpus) -> Path:
    """A data_dir with all that a run of the demo reads, and nothing else."""
    for language, split in needed_splits("E1D1F1", "ja", sample_corpus.source):
        sample_corpus.store(language, split)
    place = tmp_path_factory.mktemp("prepared") / "data"
    for part in ("webis_cls10_sample", "xlt_flax_tokens"):
        unfinished = shutil.ignore_patterns(".*", "incomplete.*")
        shutil.copytree(sample_data_dir / part, place / part, ignore=unfinished)
    return place


@pytest.fixture(scope="module")
def read_only(prepared):
    change_all(prepared, remove=0o222)
    yield prepared
    change_all(prepared, add=0o200)


def change_all(folder, add=0, remove=0):
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~remove | add)


@pytest.fixture
def forbid():
    """forbid(path, mode=nothing): until the test's end, or until what it returns is called."""
    undo = []

    def change(path, mode=0o000):
        before = path.stat().st_mode
        path.chmod(mode)
        undo.append(lambda: path.chmod(before))
        return undo[-1]

    yield change
    for restore in reversed(undo):
        restore()


@pytest.fixture(scope="module")
def trained(read_only, tmp_path_factory):
    """(workdir, what was told) of a run on data that it may only read."""
    workdir = tmp_path_factory.mktemp("trained") / "run"
    return workdir, run(training(workdir, read_only)).stderr


READ_ONLY_CACHE = "xlt_flax_compiled is read-only: programs that are not in it are compiled"


def test_prepared_data_need_only_be_readable(trained):
    workdir, told = trained
    assert (workdir / "DONE").exists()
    assert READ_ONLY_CACHE in told
    assert "Warning" not in told


def test_prepared_data_may_lie_on_a_read_only_disk(prepared, small_disk):
    disk = small_disk("16m")
    data_dir = shutil.copytree(prepared, disk.path / "data")
    disk.remount("ro")
    assert "ja test: 120 documents" in run(preparing(data_dir)).stdout
    lacking = run(preparing(data_dir, "--config.data.max_length=64"), expect=1).stderr
    assert lacking.startswith(f"xlt_flax: Read-only file system: {data_dir}/xlt_flax_tokens")
    assert len(lacking.splitlines()) == 1


def test_what_is_not_prepared_names_the_folder_that_may_not_be_written(read_only):
    arguments = preparing(read_only, "--config.data.max_length=64")
    assert_denied(arguments, read_only / "xlt_flax_tokens")


@pytest.mark.parametrize("what", ["run", "."])
def test_a_workdir_that_may_not_be_written_or_made(what, prepared, forbid, tmp_path):
    workdir = tmp_path / "runs" / "run"
    workdir.mkdir(parents=True)
    if what == ".":
        workdir.rmdir()
    forbid(tmp_path / "runs" / what, 0o500)
    assert_denied(training(workdir, prepared), workdir)


def test_a_data_dir_that_may_not_be_read(prepared, forbid, tmp_path):
    (tmp_path / "data").mkdir()
    forbid(tmp_path / "data")
    assert_denied(training(tmp_path / "run", tmp_path / "data"), tmp_path / "data")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "what", ["webis_cls10_sample/en_music/1.0.0/metadata.json", "xlt_flax_tokens/*/tokens.npy"]
)
def test_prepared_data_that_may_not_be_read_is_not_taken_for_damaged(
    what, prepared, forbid, tmp_path
):
    data_dir = shutil.copytree(prepared, tmp_path / "data")
    change_all(data_dir, add=0o200)
    for path in data_dir.glob(what):
        forbid(path)
    before = sorted(data_dir.rglob("*"))
    assert_denied(preparing(data_dir), data_dir / what.split("*")[0])
    assert sorted(data_dir.rglob("*")) == before


@pytest.mark.parametrize("what", [".", f"{FOLDER}/en/music/train.review", ARCHIVE])
def test_raw_files_that_may_not_be_read(what, raw_folder, forbid, tmp_path):
    if what == ARCHIVE:
        shutil.make_archive(raw_folder / FOLDER, "gztar", raw_folder, FOLDER)
        shutil.rmtree(raw_folder / FOLDER)
    forbid(raw_folder / what)
    arguments = preparing(
        tmp_path / "data",
        "--config.data.dataset=webis_cls10",
        f"--config.data.manual_dir={raw_folder}",
        config="configs/demo.py:E1",
    )
    assert_denied(arguments, raw_folder / what)


def test_eval_says_so_before_it_predicts(trained, forbid):
    workdir, _ = trained
    forbid(workdir, 0o500)
    told = assert_denied(command("eval", f"--workdir={workdir}"), workdir / "eval").stderr
    assert "evaluating" not in told


def test_a_checkpoint_that_may_not_be_read_stays_and_is_gone_on_from(trained, read_only, forbid):
    """Orbax takes such a one for missing, and a run for damaged."""
    workdir, _ = trained
    before = (workdir / "metrics.jsonl").read_bytes()
    done = (workdir / "DONE").read_bytes()
    (workdir / "DONE").unlink()
    checkpoints = os.listdir(workdir / "checkpoints")
    allow = forbid(workdir / "checkpoints/2/params")
    assert_denied(training(workdir, read_only), workdir / "checkpoints/2/params")
    assert os.listdir(workdir / "checkpoints") == checkpoints
    allow()
    assert "going on from checkpoint 2" in run(training(workdir, read_only)).stderr
    assert (workdir / "metrics.jsonl").read_bytes() == before
    assert json.loads((workdir / "DONE").read_bytes()) == json.loads(done)
