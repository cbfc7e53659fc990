"""config.json of a run: the config that it was begun with, and what is recorded beside that.

    {"config": {…}, "versions": {"workdir": FORMAT, "xlt_flax": …, "jax": …, …},
     "device": {…}, "labels": […], "started_from": {…}, "data": {…}}

Two files hold it, one in place of the other should a disk damage it.
"""

import json
import logging
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.config import complete
from xlt_flax.errors import UserError
from xlt_flax.stored_config import FORMAT, flat, moved

log = logging.getLogger("xlt_flax")


class ConfigFile:
    """A run's config.json and its copy.

    Args:
      path: of config.json, in the run's folder.
      copy: is read where the other is not whole.
    """

    def __init__(self, path: Path, copy: Path):
        self._path, self._copy = path, copy

    def read(self) -> dict:
        """All of it, as it was written, by whatever version.

        Raises:
          UserError: there is none, it is not whole, or a newer xlt_flax wrote it.
        """
        folder = self._path.parent
        if not self._path.exists():
            raise UserError(f"{folder} is not a workdir: it has no {self._path.name}")
        stored = _read_whole(self._path) or _read_whole(self._copy)
        if stored is None:
            raise self._not_whole()
        versions = stored["versions"]
        if versions["workdir"] > FORMAT:
            raise UserError(
                f"{folder} was written by a newer xlt_flax ({versions['xlt_flax']}): install that "
                "version"
            )
        return stored

    def config(self) -> ConfigDict:
        """The config alone, as this version spells it; locked.

        Raises:
          UserError: as of `read`, or a field is not known.
        """
        stored = self.read()
        try:
            return ConfigDict(complete(stored["config"], stored["versions"]["workdir"])).lock()
        except UserError as error:
            raise UserError(f"{self._path}: {error}") from None
        except (TypeError, AttributeError, KeyError):  # values that no version stored
            raise self._not_whole() from None

    def write(self, content: dict) -> None:
        files.write_json(self._copy, content)
        files.write_json(self._path, content)

    def repair(self) -> None:
        """Writes it anew from its copy, if it is not whole."""
        if _read_whole(self._path) is None:
            log.warning("%s was not whole: written anew from its copy", self._path)
            files.write_json(self._path, self.read())

    def record_places(self, config: ConfigDict) -> None:
        """Writes down where things lie now; all else stays as the run was begun."""
        fields = moved(self.config().to_dict(), config.to_dict())
        if not fields:
            return
        stored, now = self.read(), flat(config.to_dict())
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
        self.write(stored)
        log.info("%s: %s recorded anew", self._path, ", ".join(fields))

    def _not_whole(self) -> UserError:
        return UserError(f"{self._path} is not whole: remove {self._path.parent} and run it again")


def _read_whole(path: Path) -> dict | None:
    """The content of a config.json; None if it is not whole."""
    try:
        stored = json.loads(path.read_text("utf-8"))
        stored["config"].items(), stored["versions"]["workdir"] + 0, stored["versions"]["xlt_flax"]
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return stored
