"""What `config.model.name` stands for, a folder or a hub id, and the only way to its files.

A hub id may come with a revision (a commit, branch or tag; "" is the newest that is at hand).

A folder is what transformers writes (config.json, tokenizer files, weights as safetensors or
msgpack), or Google's original release without its weights (bert_config.json, vocab.txt), which
serves for random weights of that shape. Nothing in it is trusted (SECURITY.md): files are asked for
by names that are ours, and a link that leads out of the folder is not followed.
"""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xlt_flax.errors import UserError
from xlt_flax.modeling.shipped import shipped_folder

log = logging.getLogger("xlt_flax")

_LARGEST_JSON = 2**26  # bytes; an index of a million tensors has fewer
_RUST_PANIC = "PanicException"  # of tokenizers and safetensors: no Exception, and has no module


def is_folder(name: str) -> bool:
    """Whether `model.name` is a folder, of this machine or of the package, not a hub id."""
    return bool(shipped_folder(name)) or Path(name).expanduser().is_dir()


def is_there(name: str) -> bool:
    """Whether it is a folder, or a hub id, which may be at hand; not a folder that is gone."""
    return is_folder(name) or not _names_a_folder(name)


def folder_of(name: str) -> Path | None:
    """The folder that `model.name` is; None of a hub id.

    Raises:
      UserError: it is a folder that is not there.
    """
    if shipped := shipped_folder(name):
        return shipped
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if _names_a_folder(name):
        raise UserError(f"config.model.name: there is no folder {name}")
    return None


class ModelFiles:
    """The files of a model's folder, or of one commit of a hub id.

    A hub id is looked up in the local cache first: a machine without a network need not wait.

    Args:
      name: hub id or folder.
      revision: of the hub id.

    Attributes:
      name: as given.
      place: folder, or hub id with its revision, for messages.
      commit: of a hub id, where the cache knows it or once a file is at hand: all files are of that
        one, though a branch moves on meanwhile. None of a folder.

    Raises:
      UserError: it is a folder that is not there.
    """

    def __init__(self, name: str, revision: str = ""):
        self.name, self._revision = name, revision
        self._folder = folder_of(name)
        self.place = self._folder or (f"{name} at revision {revision}" if revision else name)
        self.commit = None if self._folder else _cached_commit(name, revision)
        self._asked = False

    def fetch(
        self, names: tuple[str, ...], what: str, beside: tuple[str, ...] = ()
    ) -> tuple[Path, dict[str, Path]]:
        """The first of `names` that there is, and those of `beside` that there are, by name.

        Raises:
          UserError: there is none of `names`, which hold `what`; the hub does not give them; or one
            is a link that leads out of the folder.
        """
        get = self.at_hand
        if self._folder is None and not any(get(name) for name in names):
            get = self._from_hub
        # What may be lacking first: a download that is cut is then asked for again as a whole.
        others = {name: path for name in beside if (path := get(name))}
        found = next((path for name in names if (path := get(name))), None)
        if found is None:
            raise UserError(f"config.model.name: {self.place} has no {what} ({' or '.join(names)})")
        return found, others

    def at_hand(self, name: str) -> Path | None:
        """A file of the folder, or of the local cache; None if it is not there.

        Raises:
          UserError: it is a link that leads out.
        """
        if self._folder is not None:
            path = self._folder / name
            return self._within(path) if path.is_file() else None
        from huggingface_hub import try_to_load_from_cache
        from huggingface_hub.errors import HFValidationError

        try:
            revision = self.commit or self._revision or None
            cached = try_to_load_from_cache(self.name, name, revision=revision)
        except HFValidationError:  # a name that no hub id has: the hub will say so
            return None
        return self._of_commit(cached) if isinstance(cached, str) else None

    def _from_hub(self, name: str) -> Path | None:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

        if not self._asked:
            log.info("model: asking the hub for %s", self.place)
        self._asked = True
        try:
            with quiet():
                revision = self.commit or self._revision or None
                return self._of_commit(hf_hub_download(self.name, name, revision=revision))
        except LocalEntryNotFoundError as error:  # no network, which is no answer
            raise self._not_given(name, error) from error
        except EntryNotFoundError:
            return None
        except Exception as error:  # it raises what requests, its checks and the disk do
            raise self._not_given(name, error) from error

    def _of_commit(self, path: str) -> Path:
        """A path in the cache, snapshots/COMMIT/NAME: all that follows is of that commit."""
        self.commit = Path(path).parent.name
        return self._within(Path(path))

    def _within(self, path: Path) -> Path:
        """The path, if it leads to a file of the folder, or to a blob of the cache around it."""
        folder, target = path.parent.resolve(), path.resolve()
        homes = [folder]
        if folder.parent.name == "snapshots":
            homes.append(folder.parent.parent / "blobs")
        if target.parent not in homes:
            raise UserError(
                f"config.model.name: {path} is a link that leads out of its folder: put the file "
                "itself there"
            )
        return path

    def _not_given(self, name: str, error: Exception) -> UserError:
        kind, cut = type(error).__name__, _what_is_cut(self.name, name)
        return UserError(
            f"config.model.name {self.place} is not in the local cache{cut}, and the hub did not "
            f"give it ({kind}): get it where there is a network and give the folder, "
            "--config.model.name=/path/to/folder"
        )


def read_json(path: Path, name: str) -> dict[str, Any]:
    """What a JSON file of a model holds.

    Args:
      name: of the model, for messages.

    Raises:
      UserError: it is not JSON, or no object.
    """
    with one_line(name):
        if path.stat().st_size > _LARGEST_JSON:
            raise ValueError(f"{path} has {path.stat().st_size} bytes")
        content = json.loads(path.read_text("utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"{path} holds no JSON object")
        return content


@contextmanager
def one_line(name: str) -> Iterator[None]:
    """What goes wrong inside becomes a UserError about config.model.name."""
    try:
        yield
    except UserError:
        raise
    except BaseException as error:  # parsers raise all sorts: OSError, ValueError, a panic, ...
        if not isinstance(error, Exception) and type(error).__name__ != _RUST_PANIC:
            raise
        reason = in_one_line(error)
        raise UserError(f"config.model.name {name} does not load: {reason}") from error


def in_one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


@contextmanager
def quiet() -> Iterator[None]:
    """Libraries tell what they draw, and of each retry, as if it were a problem; and that a later
    transformers drops what is used here."""
    loggers = [logging.getLogger(name) for name in ("transformers", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _what_is_cut(name: str, missing: str) -> str:
    """What to say of a cache that holds a part of a hub id; "" of one that holds nothing."""
    cache = _cache_of(name)
    if not any(cache.glob("snapshots/*/*")) and not any(cache.glob("blobs/*")):
        return ""
    cut = len(list(cache.glob("blobs/*.incomplete")))
    downloads = f"; downloads that were cut there: {cut}" if cut else ""
    return f" as a whole ({cache} lacks {missing}{downloads})"


def _cached_commit(name: str, revision: str) -> str | None:
    """The commit of a branch or tag when a file of it was last asked for, as the cache notes it."""
    noted = _cache_of(name) / "refs" / (revision or "main")
    commit = noted.read_text("utf-8").strip() if noted.is_file() else ""
    return commit if re.fullmatch("[0-9a-f]{40}", commit) else None


def _cache_of(name: str) -> Path:
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"


def _names_a_folder(name: str) -> bool:
    return name.startswith((".", "~")) or Path(name).is_absolute()
