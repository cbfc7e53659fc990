"""A TOML file that says which files there are and how they are read; every wrong key is named."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xlt_flax.data.sources.files.description import (
    LANGUAGE,
    SPLITS,
    DataFile,
    Description,
    Reading,
    data_file,
)
from xlt_flax.data.sources.files.folder import files_of
from xlt_flax.errors import UserError
from xlt_flax.places import local_path

Check = tuple[Callable[[Any], bool], str]  # what a value may be, and the same in words


def describe_toml(path: Path) -> Description:
    """What a TOML file says (data/sources/files has an example).

    Raises:
      UserError: it cannot be read, or a key or its value cannot be; one line that names it.
    """
    table = _load(path)
    _check(path, "", table, _KEYS)
    reading = reading_of(path, "reader.", table.get("reader", {}))
    text = _listed(table.get("text", "text"))
    if table.get("pair") and len(text) != 2:
        raise _wrong(path, "text", table.get("text", "text"), "two columns, as pair is true")
    return Description(
        place=path,
        files=_files(path, table),
        text=tuple(name.strip() for name in text),
        pair=table.get("pair", False),
        label=table.get("label", "label").strip(),
        id=table.get("id", "").strip(),
        labels_separator=table.get("labels_separator", ""),
        labels=tuple(str(name).strip() for name in table.get("labels", ())),
        rename={old.strip(): str(new).strip() for old, new in table.get("rename", {}).items()},
        reading=reading,
    )


def reading_of(place: Path | str, prefix: str, options: Mapping[str, Any]) -> Reading:
    """How files are read.

    Args:
      place: that says so, for messages.
      prefix: of the options' names there.
      options: those of Reading that are given, `columns` as a list.

    Raises:
      UserError: one is not known, or cannot be.
    """
    _check(place, prefix, options, _READER_KEYS)
    columns = tuple(name.strip() for name in options.get("columns", ()))
    return Reading(**{**options, "columns": columns})


def _load(path: Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise UserError(f"config.data.files: {path} is not there: give a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is no TOML: {error}") from None


def _files(path: Path, table: Mapping[str, Any]) -> Mapping[tuple[str, str], tuple[DataFile, ...]]:
    found: dict[tuple[str, str], tuple[DataFile, ...]] = {}
    if "folder" in table:
        folder = _place(path, "folder", table["folder"])
        if not folder.is_dir():
            raise _wrong(path, "folder", table["folder"], "a folder")
        found.update(files_of(folder, path.parent))
    for split in SPLITS:
        for language, names in table.get(split, {}).items():
            if (language, split) in found:
                raise UserError(f"{path}: {split}.{language} is in the folder as well: keep one")
            found[language, split] = _listed_files(path, f"{split}.{language}", _listed(names))
    if not found:
        raise UserError(f"{path}: names no files: give folder = …, or tables such as [train]")
    return found


def _listed_files(path: Path, key: str, names: list[str]) -> tuple[DataFile, ...]:
    files = tuple(data_file(_place(path, key, name), path.parent) for name in names)
    if len({file.name for file in files}) < len(files):
        raise _wrong(path, key, names, "each file once, and no two of one name elsewhere")
    return files


def _place(path: Path, key: str, text: str) -> Path:
    """A path below the TOML file's folder, unless it is absolute."""
    local_path(text, f"{path}: {key}")
    return path.parent.absolute() / Path(text).expanduser()


# ---- What keys may be ----------------------------------------------------------------------------


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_names(value: object) -> bool:
    names = _listed(value)
    return all(map(_is_name, names)) and 0 < len(names) == len({n.strip() for n in names})


def _is_label(value: object) -> bool:
    return _is_name(value) or (isinstance(value, int) and not isinstance(value, bool))


def _are_labels(value: object) -> bool:
    labels = value if isinstance(value, list) else []
    return all(map(_is_label, labels)) and 0 < len(labels) == len({str(v).strip() for v in labels})


def _is_table_of_files(value: object) -> bool:
    return isinstance(value, dict) and all(
        LANGUAGE.fullmatch(language) and _are_names(names) for language, names in value.items()
    )


def _is_renaming(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(map(_is_label, value.values()))


def _is_encoding(value: object) -> bool:
    try:
        return isinstance(value, str) and isinstance("".encode(value), bytes)
    except (LookupError, ValueError):
        return False


def _is_mark(value: object) -> bool:
    return isinstance(value, str) and len(value) == 1 and value not in "\r\n\0"


_NAME: Check = (_is_name, "the name of a column")
_NAMES: Check = (_are_names, "the name of a column, or a list of names, each once")
_FILES: Check = (
    _is_table_of_files,
    'LANGUAGE = "FILE", or a list of files; a language is letters, digits, - and _',
)
_KEYS: Mapping[str, Check] = {
    "label": _NAME,
    "text": _NAMES,
    "pair": (lambda value: isinstance(value, bool), "true or false"),
    "id": _NAME,
    "labels_separator": (
        lambda value: isinstance(value, str) and value != "" and not {*value} & {*"\r\n\0"},
        'what stands between labels, such as ";"',
    ),
    "labels": (_are_labels, "a list of names, each once"),
    "rename": (_is_renaming, 'a table such as {"1" = "bad", "5" = "good"}'),
    "folder": (_is_name, "a folder"),
    **dict.fromkeys(SPLITS, _FILES),
    "reader": (lambda value: isinstance(value, dict), "a table"),
}
_READER_KEYS: Mapping[str, Check] = {
    "delimiter": (_is_mark, "one character"),
    "quote": (lambda value: value == "" or _is_mark(value), 'one character, or "" for none'),
    "columns": (lambda value: isinstance(value, list) and _are_names(value), _NAMES[1]),
    "encoding": (_is_encoding, "the name of an encoding, such as utf-8 or cp1252"),
}


def _check(
    path: Path | str, prefix: str, table: Mapping[str, Any], keys: Mapping[str, Check]
) -> None:
    for key, value in table.items():
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            hint = f"was {prefix}{near[0]} meant? " if near else ""
            raise UserError(
                f"{path}: there is no key {prefix}{key}: {hint}it may have "
                f"{', '.join(prefix + name for name in keys)}"
            )
        allowed, expected = keys[key]
        if not allowed(value):
            raise _wrong(path, prefix + key, value, expected)


def _wrong(path: Path | str, key: str, value: object, expected: str) -> UserError:
    return UserError(f"{path}: {key} is {value!r}: give {expected}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
