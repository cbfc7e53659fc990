"""Locks: one holder at a time, whatever is removed meanwhile; refused where there are none."""

import errno
import fcntl
import os
import threading

import pytest

from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.locks import LockHeldError, is_held, locked
from xlt_flax.studies.study_file import write_sweep_file
from xlt_flax.workdir import Workdir


def test_one_holder_at_a_time(tmp_path):
    path = tmp_path / "new" / ".lock"
    assert not is_held(path)
    with locked(path):
        assert is_held(path)
        with pytest.raises(LockHeldError), locked(path, wait=False):
            pass
    assert not is_held(path)
    with locked(path, wait=False):
        pass


def test_who_waits_comes_next(tmp_path):
    order, waiting = [], threading.Event()

    def second():
        waiting.set()
        with locked(tmp_path / ".lock"):
            order.append("second")

    with locked(tmp_path / ".lock"):
        thread = threading.Thread(target=second)
        thread.start()
        waiting.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_that_its_holder_removed_is_not_taken_for_the_new_one(tmp_path, monkeypatch):
    """Opened before, and locked after, the last holder has removed the file and let go."""
    path, flock = tmp_path / ".lock", fcntl.flock
    opened = []

    def remove_first(descriptor, how):
        if not opened:
            opened.append(descriptor)
            path.unlink()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with locked(path, wait=False):
        assert path.exists()
        with pytest.raises(LockHeldError), locked(path, wait=False):
            pass


def test_a_moment_of_somebody_who_only_asks_refuses_no_writer(tmp_path, monkeypatch):
    path, flock = tmp_path / ".lock", fcntl.flock
    refused = []

    def busy_once(descriptor, how):
        if not refused:
            refused.append(how)
            raise BlockingIOError(errno.EWOULDBLOCK, "x")
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", busy_once)
    with locked(path, wait=False):
        pass
    assert refused


def test_a_colleagues_lock_file_is_locked_as_well(tmp_path, monkeypatch):
    """Who may read it but not write it."""
    path, really_open = tmp_path / ".lock", os.open
    path.touch()

    def may_only_read(name, how, *mode):
        if how & os.O_RDWR:
            raise PermissionError(errno.EACCES, "x", str(name))
        return really_open(name, how, *mode)

    monkeypatch.setattr(os, "open", may_only_read)
    with locked(path):
        assert is_held(path)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
@pytest.mark.parametrize("place", ["workdir", "sweep", "data_dir"])
def test_a_file_system_without_locks_is_refused(number, place, tmp_path, monkeypatch, open_sample):
    def no_locks(descriptor, how):
        raise OSError(number, os.strerror(number))

    def prepare():
        open_sample(tmp_path / "data", 9).store("en", "train")

    def write():
        with Workdir(tmp_path / "run").writer():
            raise AssertionError("nobody may write here")

    use = {
        "workdir": write,
        "sweep": lambda: write_sweep_file(tmp_path / "sweep", base(), [], [50], [50]),
        "data_dir": prepare,
    }
    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(UserError, match="its file system has no locks") as refused:
        use[place]()
    assert len(str(refused.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
