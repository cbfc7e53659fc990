"""Reads the TOML file that names a user's files and their columns:

    label = "category"                # the column; "label" if not said
    text = ["title", "body"]          # a column, or several, joined by a space
    pair = true                       # the two columns are two texts that belong together
    id = "ticket"                     # a column; if not said, FILE:ROW
    labels = ["bug", "praise"]        # their order; if not said, those of the training files
    rename = {"1" = "bad", "5" = "good"}
    folder = "data"                   # files as above; or tables that name them:
    [train]
    en = "tickets.en.csv"
    de = ["de-1.tsv", "de-2.jsonl.gz"]
    [validation]                      # and [test], [unlabeled]
    [reader]
    delimiter = ";"                   # if not said, as csv and tsv have it
    quote = ""                        # none
    columns = ["stars", "text"]       # there is no header line
    encoding = "utf-8"

Paths are relative to the TOML file.
"""

import codecs
import tomllib
from pathlib import Path
from typing import Any

from xlt_flax.data.sources.files.description import (
    EXTENSIONS,
    SPLITS,
    Description,
    File,
    Reader,
    extension,
    listed,
    require_language,
)
from xlt_flax.errors import UserError

_KEYS = ("text", "pair", "label", "id", "labels", "rename")


def read_toml(path: Path) -> Description:
    """What a TOML file says.

    Raises:
      UserError: it is none, a key or value means nothing, or a file that it names is not there.
    """
    return _Toml(path).description()


class _Toml:
    """A TOML file's values, each read with what it may be."""

    def __init__(self, path: Path):
        self._path = path
        try:
            self._values = tomllib.loads(path.read_text("utf-8-sig"))
        except ValueError as error:  # tomllib's own, and that of another encoding
            raise UserError(f"{path} is no TOML file: {error}") from None

    def description(self) -> Description:
        self._require_keys(self._values, "", ("folder", *_KEYS, "reader", *SPLITS))
        made = Description(
            files=self._files(),
            text=self._names("text", ("text",)),
            pair=self._value("pair", bool, "true or false", False),
            label=self._value("label", str, "a column's name", "label"),
            id=self._value("id", str, "a column's name", ""),
            labels=self._labels(),
            rename=self._rename(),
            reader=self._reader(),
        )
        self._require_that_keys_agree(made)
        return made

    def _files(self) -> dict[tuple[str, str], tuple[File, ...]]:
        tables = {split: self._table(split) for split in SPLITS if split in self._values}
        folder = self._value("folder", str, "a folder", "")
        if bool(folder) == bool(tables):
            raise self._wrong("name files in [train], [validation], [test], [unlabeled]; or folder")
        if folder:
            if not (self._path.parent / folder).expanduser().is_dir():
                raise self._wrong(f"folder is {folder!r}, and there is none")
            return listed((self._path.parent / folder).expanduser())
        return {
            (language, split): self._named_files(split, language, named)
            for split, table in tables.items()
            for language, named in table.items()
        }

    def _named_files(self, split: str, language: str, named: object) -> tuple[File, ...]:
        where = f"[{split}] {language}"
        require_language(language, f"{self._path}: [{split}]")
        texts = [named] if isinstance(named, str) else named
        if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
            raise self._wrong(f"{where} is {named!r}: give a file or a list of files")
        paths = [self._path.parent / Path(text).expanduser() for text in texts]
        for path in paths:
            if not extension(path.name):
                raise self._wrong(f"{where}: {path} is none of {', '.join(EXTENSIONS)}, .gz or not")
            if not path.is_file():
                raise self._wrong(f"{where}: there is no file {path}")
        alone = len({path.name for path in paths}) == len(paths)
        names = [path.name if alone else text for path, text in zip(paths, texts, strict=True)]
        return tuple(map(File, paths, names))

    def _labels(self) -> tuple[str, ...]:
        given = self._value("labels", list, "a list of labels", [])
        names = tuple(self._label("labels", one) for one in given)
        if len(set(names)) < len(names):
            raise self._wrong("labels has one twice")
        return names

    def _rename(self) -> dict[str, str]:
        return {old: self._label("rename", new) for old, new in self._table("rename").items()}

    def _label(self, key: str, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise self._wrong(f"{key} has {value!r}: a label is a text or a whole number")
        return str(value)

    def _reader(self) -> Reader:
        table = self._table("reader")
        self._require_keys(table, "[reader] ", ("delimiter", "quote", "columns", "encoding"))
        default = Reader()
        read = {
            key: self._value(key, str, "a text", getattr(default, key), table)
            for key in ("delimiter", "quote", "encoding")
        }
        for key in ("delimiter", "quote"):
            if len(read[key].encode()) > 1 or read[key] in ("\n", "\r"):
                raise self._wrong(f"[reader] {key} is {read[key]!r}: give one character of ASCII")
        try:
            codecs.lookup(read["encoding"])
        except LookupError:
            raise self._wrong(f"[reader] encoding {read['encoding']!r} is not known") from None
        return Reader(columns=self._names("columns", (), table), **read)

    def _names(
        self, key: str, default: tuple[str, ...], table: dict | None = None
    ) -> tuple[str, ...]:
        values = self._values if table is None else table
        if key not in values:
            return default
        given = [values[key]] if isinstance(values[key], str) else values[key]
        good = isinstance(given, list) and given and all(isinstance(o, str) and o for o in given)
        if not good or len(set(given)) < len(given):
            raise self._wrong(f"{key} is {values[key]!r}: give a column's name, or a list of names")
        return tuple(name.strip() for name in given)

    def _table(self, key: str) -> dict[str, Any]:
        return self._value(key, dict, "a table", {})

    def _value(
        self, key: str, kind: type, expected: str, default: Any, table: dict | None = None
    ) -> Any:
        value = (self._values if table is None else table).get(key, default)
        if not isinstance(value, kind):
            raise self._wrong(f"{key} is {value!r}: give {expected}")
        return value

    def _require_keys(self, table: dict, where: str, known: tuple[str, ...]) -> None:
        if unknown := [key for key in table if key not in known]:
            raise self._wrong(f"{where}{unknown[0]} means nothing: known are {', '.join(known)}")

    def _require_that_keys_agree(self, made: Description) -> None:
        if made.pair and len(made.text) != 2:
            raise self._wrong('pair = true goes with text = ["ONE", "OTHER"], two columns')
        if made.labels and (lost := set(made.rename.values()) - {*made.labels}):
            raise self._wrong(f"rename gives {min(lost)!r}, which labels does not have")

    def _wrong(self, what: str) -> UserError:
        return UserError(f"{self._path}: {what}")
