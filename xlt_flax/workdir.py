"""The folder of one run: its files' names, what it was made from, and its single writer."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from os import PathLike, fspath
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.config_file import ConfigFile
from xlt_flax.errors import UserError
from xlt_flax.locks import held_alone, is_held
from xlt_flax.places import local_folder
from xlt_flax.stored_config import FORMAT, differences
from xlt_flax.versions import installed_versions

log = logging.getLogger("xlt_flax")

_SECONDS_BETWEEN_LOOKS = 2

# Names that are looked for in many folders at once.
_CONFIG, _TIMING, _FAILURE = "config.json", "timing.json", "failure.txt"

EVENTS = "events.out.tfevents."  # how TensorBoard's files begin
LOST_AND_FOUND = "lost+found"  # of a file system

# What a folder may hold before it is a run's: what schedulers and file systems put there.
_NOT_FOREIGN = (".*", _FAILURE, LOST_AND_FOUND, "*.out", "*.err", "*.log", "*.[eo][0-9]*")


class Workdir:
    """A run's folder. It alone knows what the files in it are called.

    Raises:
      UserError: `path` can be no folder.
    """

    def __init__(self, path: str | PathLike[str]):
        self.path = local_folder(fspath(path), "--workdir")
        self.config_file = self.path / _CONFIG
        self.config_copy = self.path / ".config.json"  # should the other be damaged
        self.checkpoints = self.path / "checkpoints"
        self.base = self.path / "base"  # what checkpoints need of the model that it began with
        self.metrics = self.path / "metrics.jsonl"
        self.audit = self.path / "audit.json"
        self.eval = self.path / "eval"
        self.done = self.path / "DONE"
        self.failure = self.path / _FAILURE  # why it stopped
        self.timing = self.path / _TIMING  # of a study's run: what it took
        self.events = self.path  # where TensorBoard looks for its files
        self.mlflow = self.path / "mlruns"  # of those who asked for them
        self.wandb = self.path / "wandb"
        self._lock = self.path / ".writer.lock"
        self._holder = self.path / ".writer.json"
        self._stored = ConfigFile(self.config_file, self.config_copy)

    def __fspath__(self) -> str:
        return str(self.path)

    __str__ = __fspath__

    # ---- eval/, a language's files ------------------------------------------------------------

    def scores(self, language: str) -> Path:
        """What the evaluation on a language came to."""
        return self.eval / f"{language}.json"

    def predictions(self, language: str) -> Path:
        """What the same evaluation predicted, a line a document."""
        return self.eval / f"{language}.predictions.jsonl"

    def curve(self, language: str) -> Path:
        """Scores of one checkpoint after the other, as `eval --watch` saw them."""
        return self.eval / f"{language}.curve.jsonl"

    def evaluated(self) -> list[str]:
        """The languages that there are scores of, in alphabetic order."""
        names = (path.name.removesuffix(".json") for path in self.eval.glob("*.json"))
        return sorted(name for name in names if "." not in name)

    def curves(self) -> list[str]:
        """The languages that there is a curve of, in alphabetic order."""
        found = self.eval.glob("*.curve.jsonl")
        return sorted(path.name.removesuffix(".curve.jsonl") for path in found)

    # ---- What is there ------------------------------------------------------------------------

    def is_run(self) -> bool:
        """Whether a run was begun here."""
        return self.config_file.exists()

    def has_traces(self) -> bool:
        """Whether anything of a run is here, even if its config.json is gone."""
        made = (self.config_file, self.metrics, self.done, self.eval, self.failure)
        return any(path.exists() for path in made)

    def has_checkpoints(self) -> bool:
        """
        Raises:
          PermissionError: this user may not look; so a new run must not begin.
        """
        return self.latest_checkpoint() is not None

    def latest_checkpoint(self) -> int | None:
        """The highest step that is saved, whole or not.

        Raises:
          PermissionError: this user may not look.
        """
        if not self.checkpoints.exists():
            return None
        names = (entry.name for entry in self.checkpoints.iterdir())
        return max((int(name) for name in names if name.isdecimal()), default=None)

    def written(self) -> list[Path]:
        """All that its run, evaluations of it and a study wrote, config.json last: what remains of
        it when they are removed one by one is a run that can go on."""
        suffix = self.predictions("").name  # what is not beside such a file is none of ours
        judged = {path.name.removesuffix(suffix) for path in self.eval.glob(f"*{suffix}")}
        judged |= {*self.curves()}
        kinds = (self.scores, self.predictions, self.curve)
        return [
            self.done,
            *self.checkpoints.glob("[0-9]*"),
            *self.checkpoints.glob("damaged-*"),
            self.base,
            *(kind(language) for kind in kinds for language in sorted(judged)),
            *(path for at in (self.events, self.eval) for path in at.glob(f"{EVENTS}*")),
            *(self.mlflow, self.wandb),
            *(self.metrics, self.audit, self.failure, self.timing),
            *(self.config_copy, self.config_file),
        ]

    # ---- config.json --------------------------------------------------------------------------

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
                "give the old values to go on with it, another --workdir, or --overwrite to remove "
                "that run and begin again"
            )
        cuts_by_epochs = self.versions()["workdir"] == 1 and config.train.max_steps
        if cuts_by_epochs and config.protocol == "thesis":
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
        for left in self.path.glob(".*.tmp"):  # what a killed writer was about to rename
            left.unlink(missing_ok=True)
        if self.is_run():
            self._stored.repair()
            self._stored.record_places(config)
        else:
            versions = {"workdir": FORMAT, **installed_versions()}
            self._stored.write({"config": config.to_dict(), "versions": versions, **(facts or {})})

    def read_config(self) -> ConfigDict:
        """The config that the run was started with, as this version spells it; locked.

        Raises:
          UserError: this is no workdir, or a newer xlt_flax wrote it. So do those that follow.
        """
        return self._stored.config()

    def started_from(self) -> dict:
        """What the run started from, as recorded; empty where format 1 recorded nothing."""
        return self._stored.read().get("started_from", {})

    def data_digests(self) -> dict:
        """{"documents": {"en/train": digest, …}, "tokenizer": digest} of what the run reads;
        empty where format 1 recorded nothing."""
        return self._stored.read().get("data", {})

    def labels(self) -> list[str]:
        """The names of the labels, in the order of the model's outputs; empty where format 1
        recorded nothing."""
        return self._stored.read().get("labels", [])

    def versions(self) -> dict:
        """Of the packages that the run was begun with, and of the workdir's own format."""
        return self._stored.read()["versions"]

    # ---- Who writes ---------------------------------------------------------------------------

    @contextmanager
    def writer(self) -> Iterator[None]:
        """Holds the workdir as its only writer; the lock of a dead process does not count.

        Raises:
          UserError: another process holds it; the message names host and process.
        """
        with held_alone(self._lock, self._holder, self.path, "--workdir"):
            try:
                yield
            finally:
                self._holder.unlink(missing_ok=True)
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


def _refuse_foreign_files(path: Path) -> None:
    names = sorted(entry.name for entry in path.glob("*"))
    foreign = [name for name in names if not any(fnmatch(name, kind) for kind in _NOT_FOREIGN)]
    if foreign:
        raise UserError(
            f"{path} holds {foreign[0]} but no config.json, so it is not a run's: give another "
            "--workdir"
        )


class StudyFolder:
    """A study's folder, with a workdir for each of its runs. It alone knows its own files' names.

    Args:
      path: `~` is this user's home.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path).expanduser().absolute()
        self.file = self.path / "sweep.json"  # what the study is made of
        self.lock = self.path / ".sweep.lock"
        self.report = self.path / "report"
        self.baseline = self.path / "baseline"  # what something simpler predicted

    def runs(self) -> list[Workdir]:
        """The workdirs of runs that have begun, by name."""
        return [Workdir(path.parent) for path in sorted(self.path.glob(f"*/{_CONFIG}"))]

    def timings(self) -> list[Path]:
        """What its finished runs took, a file for each."""
        return sorted(self.path.glob(f"*/{_TIMING}"))


def is_workdir(place: str | PathLike[str]) -> bool:
    """Whether it is a run's folder, and not a model's, which has a config.json as well."""
    path = Path(place).expanduser()
    if not path.is_dir():
        return False
    workdir = Workdir(path)
    return workdir.config_copy.exists() or workdir.checkpoints.is_dir()
