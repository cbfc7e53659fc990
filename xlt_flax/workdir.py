"""The folder of one run: its files' names, what it was made from, and its single writer."""

import json
import logging
import os
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

from ml_collections import ConfigDict

import xlt_flax
from xlt_flax import files
from xlt_flax.config import differences
from xlt_flax.errors import UserError
from xlt_flax.locks import LockHeldError, is_held, locked
from xlt_flax.places import local_folder

log = logging.getLogger("xlt_flax")

FORMAT = 1  # raise it when an older xlt_flax could misread a workdir

_SECONDS_BETWEEN_LOOKS = 2

# What a folder may hold before it is a run's: what schedulers and file systems put there.
_NOT_FOREIGN = (".*", "failure.txt", "lost+found", "nohup.out", "slurm-*.out", "slurm-*.err")


class Workdir:
    """Paths below a run's folder; DESIGN of its files in WORKSPACE.md."""

    def __init__(self, path: str | Path):
        self.path = local_folder(path, "--workdir")
        self.config_file = self.path / "config.json"
        self.config_copy = self.path / ".config.json"  # should the other be damaged
        self.checkpoints = self.path / "checkpoints"
        self.metrics = self.path / "metrics.jsonl"
        self.audit = self.path / "audit.json"
        self.eval = self.path / "eval"
        self.done = self.path / "DONE"
        self.failure = self.path / "failure.txt"  # of a sweep's run: why it stopped
        self.timing = self.path / "timing.json"  # of a sweep's run: what it took
        self._lock = self.path / ".writer.lock"

    def check(self, config: ConfigDict) -> None:
        """Checks that the folder is new, or that the run in it is the one `config` describes.

        Raises:
          UserError: another config started this workdir, or a newer xlt_flax wrote it.
        """
        if not self.config_file.exists():
            _refuse_foreign_files(self.path)
            return
        changed = differences(self._stored()["config"], config.to_dict())
        if changed:
            raise UserError(
                f"{self.path} was begun with another config ({'; '.join(changed)}): "
                "give the old values to go on with it, or another --workdir"
            )

    def start(self, config: ConfigDict) -> None:
        """Makes the folder a run's: called when all that the config names was found good."""
        self._remove_leftovers()
        if not self.config_file.exists():
            content = {"config": config.to_dict(), "versions": _versions()}
            files.write_json(self.config_copy, content)
            files.write_json(self.config_file, content)
        elif _read_config(self.config_file) is None:  # `check` read the copy
            log.warning("%s was not whole: written anew from its copy", self.config_file)
            files.write_json(self.config_file, self._stored())

    def is_run(self) -> bool:
        """Whether a run's config is here."""
        return self.config_file.exists() or self.config_copy.exists()

    def has_checkpoints(self) -> bool:
        """
        Raises:
          PermissionError: this user may not look; so a new run must not begin.
        """
        if not self.checkpoints.exists():
            return False
        return any(entry.name.isdecimal() for entry in self.checkpoints.iterdir())

    def read_config(self) -> ConfigDict:
        """The config that the run was started with.

        Raises:
          UserError: this is no workdir, or a newer xlt_flax wrote it.
        """
        return ConfigDict(self._stored()["config"]).lock()

    def _remove_leftovers(self) -> None:
        """What a killed writer was about to rename; the caller holds the workdir."""
        for left in self.path.glob(".*.tmp"):
            left.unlink(missing_ok=True)

    def _stored(self) -> dict:
        if not self.config_file.exists():
            raise UserError(f"{self.path} is not a workdir: it has no config.json")
        stored = _read_config(self.config_file) or _read_config(self.config_copy)
        if stored is None:
            raise UserError(f"{self.config_file} is not whole: remove {self.path} and run it again")
        form = stored["versions"]["workdir"]
        if form > FORMAT:
            raise UserError(
                f"{self.path} was written by a newer xlt_flax "
                f"({stored['versions']['xlt_flax']}): install that version"
            )
        return stored

    @contextmanager
    def writer(self):
        """Holds the workdir as its only writer; the lock of a dead process does not count.

        Raises:
          UserError: another process holds it; the message names host and process.
        """
        holder = self.path / ".writer.json"
        with ExitStack() as alone:
            try:
                alone.enter_context(locked(self._lock, wait=False))
            except LockHeldError:
                raise UserError(
                    f"{self.path} is being written by {_describe_holder(holder)}: wait for it, or "
                    "give another --workdir"
                ) from None
            try:
                files.write_json(holder, {"host": socket.gethostname(), "pid": os.getpid()})
                yield
            finally:
                holder.unlink(missing_ok=True)
                if not self.config_file.exists():  # nothing came of it: leave nothing behind
                    self._lock.unlink(missing_ok=True)
                    with suppress(OSError):
                        self.path.rmdir()

    def wait_until_begun(self) -> None:
        """Returns when a run has begun here."""
        if not self.config_file.exists():
            log.info("waiting for a training to begin in %s", self.path)
        while not self.config_file.exists():
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def has_writer(self) -> bool:
        """Whether a process is training it now."""
        return is_held(self._lock)


def _read_config(path: Path) -> dict | None:
    """The content of a config.json; None if it is not whole."""
    try:
        stored = json.loads(path.read_text("utf-8"))
        stored["config"].items(), stored["versions"]["workdir"] + 0, stored["versions"]["xlt_flax"]
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return stored


def _versions() -> dict:
    packages = ("jax", "flax", "optax", "orbax-checkpoint", "transformers")
    return {
        "workdir": FORMAT,
        "xlt_flax": xlt_flax.__version__,
        **{package: version(package) for package in packages},
    }


def _refuse_foreign_files(path: Path) -> None:
    names = sorted(entry.name for entry in path.glob("*"))
    foreign = [name for name in names if not any(fnmatch(name, kind) for kind in _NOT_FOREIGN)]
    if foreign:
        raise UserError(
            f"{path} holds {foreign[0]} but no config.json, so it is not a run's: give another "
            "--workdir"
        )


def _describe_holder(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text("utf-8"))
        return f"process {who['pid']} on {who['host']}"
    except (OSError, ValueError, KeyError):
        return "another process"
