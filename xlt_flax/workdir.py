"""The folder of one run: its files' names, what it was made from, and its single writer."""

import json
import logging
import os
import platform
import socket
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock, Timeout
from ml_collections import ConfigDict

import xlt_flax
from xlt_flax import files
from xlt_flax.config import complete
from xlt_flax.errors import UserError
from xlt_flax.stored_config import FORMAT, differences, flat, moved

log = logging.getLogger("xlt_flax")

# What may change numbers, or must be at hand to get them again.
_PACKAGES = (
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "orbax-checkpoint",
    "transformers",
    "tokenizers",
    "safetensors",
    "huggingface-hub",
    "numpy",
    "ml_collections",
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-datasets",
)


class Workdir:
    """Paths below a run's folder; DESIGN of its files in WORKSPACE.md."""

    def __init__(self, path: str | Path):
        self.path = Path(path).expanduser().absolute()
        self.config_file = self.path / "config.json"
        self.config_copy = self.path / ".config.json"  # should the other be damaged
        self.checkpoints = self.path / "checkpoints"
        self.metrics = self.path / "metrics.jsonl"
        self.audit = self.path / "audit.json"
        self.eval = self.path / "eval"
        self.done = self.path / "DONE"
        self.failure = self.path / "failure.txt"  # of a sweep's run: why it stopped
        self.timing = self.path / "timing.json"  # of a sweep's run: what it took

    def check(self, config: ConfigDict) -> None:
        """Checks that the folder is new, or that the run in it is the one `config` describes.

        Raises:
          UserError: another config started this workdir, or a newer xlt_flax wrote it.
        """
        if not self.is_run():
            _refuse_foreign_files(self.path)
            return
        changed = differences(self.read_config().to_dict(), config.to_dict())
        if changed:
            raise UserError(
                f"{self.path} was begun with another config ({'; '.join(changed)}): "
                "give the old values to go on with it, or another --workdir"
            )
        if self._format() == 1 and config.protocol == "thesis" and config.train.max_steps:
            raise UserError(
                f"{self.path} was begun by an older xlt_flax, in which config.train.max_steps was "
                "cut by the epochs that stage one left: give another --workdir to run it again"
            )

    def start(self, config: ConfigDict, facts: dict | None = None) -> None:
        """Makes the folder a run's: called when all that the config names was found good.

        Args:
          config: of the run.
          facts: what config.json says besides, of a new run: see training/provenance.
        """
        self._remove_leftovers()
        if not self.is_run():
            self._write_config(
                {"config": config.to_dict(), "versions": _versions(), **(facts or {})}
            )
            return
        if _read_config(self.config_file) is None:  # `check` read the copy
            log.warning("%s was not whole: written anew from its copy", self.config_file)
            files.write_json(self.config_file, self._stored())
        self._record_places(config)

    def _write_config(self, content: dict) -> None:
        files.write_json(self.config_copy, content)
        files.write_json(self.config_file, content)

    def _record_places(self, config: ConfigDict) -> None:
        """Writes down where things lie now; all else stays as the run was begun."""
        fields = moved(self.read_config().to_dict(), config.to_dict())
        if not fields:
            return
        stored, now = self._stored(), flat(config.to_dict())
        for field in fields:
            *path, name = field.split(".")
            part = stored["config"]
            for step in path:
                part = part[step]
            part[name] = now[field]
        source = stored.get("started_from", {})
        if "workdir" in source:
            source["workdir"] = config.init_from
        elif source:
            source["model"] = config.model.name
        self._write_config(stored)
        log.info("%s: %s recorded anew", self.config_file, ", ".join(fields))

    def is_run(self) -> bool:
        """Whether a run was begun here."""
        return self.config_file.exists()

    def has_checkpoints(self) -> bool:
        """
        Raises:
          PermissionError: this user may not look; so a new run must not begin.
        """
        if not self.checkpoints.exists():
            return False
        return any(entry.name.isdecimal() for entry in self.checkpoints.iterdir())

    def read_config(self) -> ConfigDict:
        """The config that the run was started with, as this version spells it.

        Raises:
          UserError: this is no workdir, or a newer xlt_flax wrote it.
        """
        stored = self._stored()
        try:
            return ConfigDict(complete(stored["config"], stored["versions"]["workdir"])).lock()
        except UserError as error:
            raise UserError(f"{self.config_file}: {error}") from None
        except (TypeError, AttributeError, KeyError):  # values that no version stored
            raise self._not_whole() from None

    def started_from(self) -> dict:
        """What the run started from, as recorded; empty where format 1 recorded nothing.

        Raises:
          UserError: this is no workdir, or a newer xlt_flax wrote it.
        """
        return self._stored().get("started_from", {})

    def data_digests(self) -> dict:
        """{"documents": {"en/train": digest, …}, "tokenizer": digest} of what the run reads;
        empty where format 1 recorded nothing.

        Raises:
          UserError: this is no workdir, or a newer xlt_flax wrote it.
        """
        return self._stored().get("data", {})

    def versions(self) -> dict:
        """Of the packages that the run was begun with.

        Raises:
          UserError: this is no workdir, or a newer xlt_flax wrote it.
        """
        return self._stored()["versions"]

    def _remove_leftovers(self) -> None:
        """What a killed writer was about to rename; the caller holds the workdir."""
        for left in self.path.glob(".*.tmp"):
            left.unlink(missing_ok=True)

    def _format(self) -> int:
        return self._stored()["versions"]["workdir"]

    def _not_whole(self) -> UserError:
        return UserError(f"{self.config_file} is not whole: remove {self.path} and run it again")

    def _stored(self) -> dict:
        if not self.is_run():
            raise UserError(f"{self.path} is not a workdir: it has no config.json")
        stored = _read_config(self.config_file) or _read_config(self.config_copy)
        if stored is None:
            raise self._not_whole()
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
        self.path.mkdir(parents=True, exist_ok=True)
        holder = self.path / ".writer.json"
        lock = FileLock(self.path / ".writer.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise UserError(
                f"{self.path} is being written by {_describe_holder(holder)}: wait for it, or give "
                "another --workdir"
            ) from None
        try:
            files.write_json(holder, {"host": socket.gethostname(), "pid": os.getpid()})
            yield
        finally:
            holder.unlink(missing_ok=True)
            if not self.config_file.exists():  # nothing came of it: leave nothing behind
                Path(lock.lock_file).unlink(missing_ok=True)
                with suppress(OSError):
                    self.path.rmdir()
            lock.release()


def _read_config(path: Path) -> dict | None:
    """The content of a config.json; None if it is not whole."""
    try:
        stored = json.loads(path.read_text("utf-8"))
        stored["config"].items(), stored["versions"]["workdir"] + 0, stored["versions"]["xlt_flax"]
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return stored


def _versions() -> dict:
    found = {
        "workdir": FORMAT,
        "xlt_flax": xlt_flax.__version__,
        "python": platform.python_version(),
    }
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):  # of TensorFlow's two names, one is installed
            found[package] = version(package)
    return found


def _refuse_foreign_files(path: Path) -> None:
    names = [entry.name for entry in path.glob("*") if entry.name != "failure.txt"]
    foreign = [name for name in names if not name.startswith(".")]
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
