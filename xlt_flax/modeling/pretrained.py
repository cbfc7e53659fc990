"""What `config.model.name` stands for, a folder or a hub id, and loading from it in one way.

A hub id may come with a revision (a commit, branch or tag; "" is the newest that is at hand).

A folder is what transformers writes (config.json, tokenizer files, model.safetensors in PyTorch's
names or flax_model.msgpack), or Google's original release without its weights (bert_config.json,
vocab.txt), which serves for random weights of that shape.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from xlt_flax.errors import UserError
from xlt_flax.modeling.shipped import shipped_folder

log = logging.getLogger("xlt_flax")

_T = TypeVar("_T")


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


def require_file(folder: Path | None, names: tuple[str, ...], what: str) -> None:
    """Refuses a folder with none of these files, which hold `what`; a hub is asked later."""
    if folder and not any((folder / name).is_file() for name in names):
        raise UserError(f"config.model.name: {folder} has no {what} ({' or '.join(names)})")


def is_googles(folder: Path | None) -> bool:
    """Whether a folder is of Google's original release, not as transformers writes it."""
    return folder is not None and not (folder / "config.json").is_file()


def load(loader: Callable[..., _T], name: str, revision: str = "", **arguments: Any) -> _T:
    """`loader(folder or hub id, …)` of transformers, such as some `from_pretrained`.

    A hub id is looked up in the local cache first: a machine without a network need not wait.

    Raises:
      UserError: whatever may be wrong with a hub id or a folder, in one line.
    """
    if folder := folder_of(name):
        with one_line(name), quiet():
            return loader(str(folder), **arguments)
    if revision:
        arguments["revision"] = revision
    at = f" at revision {revision}" if revision else ""
    with quiet():
        try:
            return loader(name, local_files_only=True, **arguments)
        except (OSError, ValueError):  # the latter of a name that cannot be a hub's
            log.info("model: asking the hub for %s%s", name, at)
        with one_line(f"{name}{at}"):
            return loader(name, **arguments)


@contextmanager
def one_line(name: str) -> Iterator[None]:
    """What goes wrong inside becomes a UserError about config.model.name."""
    try:
        yield
    except Exception as error:  # transformers raises what its parsers do: OSError, ValueError, ...
        if is_folder(name):
            reason = in_one_line(error)
            raise UserError(f"config.model.name {name} does not load: {reason}") from error
        raise UserError(
            f"config.model.name {name} is not in the local cache, and the hub did not give it "
            f"({type(error).__name__}): get it where there is a network and give the folder, "
            "--config.model.name=/path/to/folder"
        ) from error


def in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


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


def _names_a_folder(name: str) -> bool:
    return name.startswith((".", "~")) or Path(name).is_absolute()
