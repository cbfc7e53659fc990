"""What a prediction is asked for, from words as a command line has them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from xlt_flax.data.sources.files import plain_text
from xlt_flax.data.sources.files.description import DataFile, Description, Reading, data_file
from xlt_flax.data.sources.files.lines import STDIN
from xlt_flax.data.sources.files.toml_file import describe_toml, reading_of
from xlt_flax.errors import UserError
from xlt_flax.places import local_path
from xlt_flax.prediction.table_in import SEPARATOR, Columns, is_pipe

_ESCAPED = {r"\t": "\t"}  # as shells leave it


def input_file(text: str, form: str) -> DataFile:
    """Of --input.

    Args:
      text: a path, or "-".
      form: such as "csv" or "csv.gz"; of a pipe, "" is txt; of a file, its extension counts.

    Raises:
      UserError: there is no such file, or its format is not known.
    """
    path = STDIN if text == "-" else local_path(text, "--input")
    if is_pipe(path):
        named = data_file(Path(f"stdin.{form or 'txt'}"), Path())
        return replace(named, path=path, name="stdin" if path == STDIN else path.name)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise UserError(f"--input: {path} {what}: give a file")
    return data_file(path, path.parent)


def formats(words: Sequence[str]) -> tuple[str, str]:
    """(of a pipe that is read, of one that is written) of --format: one for both, or IN,OUT; txt is
    read alone.

    Raises:
      UserError: there are more.
    """
    if len(words) > 2:
        raise UserError(f"--format={','.join(words)}: give one format, or two: IN,OUT")
    read, written = (*words, *words[:1])[:2] if words else ("", "")
    return read, "" if len(words) == 1 and written.partition(".")[0] == "txt" else written


def columns_asked(
    config: ConfigDict | None,
    file: DataFile,
    text: Sequence[str],
    pair: bool | None,
    id_column: str,
    label_column: str,
    labels_separator: str | None = None,
) -> Columns:
    """Which columns are read: those that are asked for, else those that the model was trained with.

    Args:
      config: of the model's run; None: it has none.
      file: the input; txt has one column.
      text, pair: the texts' columns and whether they are two texts; (), None: not asked for.
      id_column, label_column: "" for none.
      labels_separator: between labels; None: as the run was trained, or ";".

    Raises:
      UserError: a pair is not two columns, or nothing is to stand between labels.
    """
    if labels_separator == "":
        raise UserError("--labels_separator is '': give what stands between labels, such as ';'")
    trained = _trained_with(config)
    names = tuple(name.strip() for name in text) or trained.text
    is_pair = pair if pair is not None else trained.pair and not text
    if not text and file.form == "txt" and not is_pair:
        names = (plain_text.COLUMN,)
    if is_pair and (len(names) != 2 or file.form == "txt"):
        given = f"{file.form} has one text" if file.form == "txt" else f"there are {names}"
        raise UserError(
            f"--text: a pair of texts is two columns, and {given}: give --text=FIRST,SECOND of a "
            "format with columns, or --nopair"
        )
    return Columns(
        text=names,
        pair=is_pair,
        id=id_column.strip(),
        label=label_column.strip(),
        labels_separator=labels_separator or trained.labels_separator or SEPARATOR,
        rename=trained.rename,
    )


def _trained_with(config: ConfigDict | None) -> Description | Columns:
    """The columns of a run on text of one's own; what others have that is not said."""
    if config is None or config.data.dataset != "files":
        return Columns()
    place = Path(config.data.files)
    return describe_toml(place) if place.suffix == ".toml" and place.is_file() else Columns()


def reading_asked(options: Mapping[str, Any]) -> Reading:
    r"""How the input is read; `delimiter` may be written \t.

    Raises:
      UserError: an option cannot be.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if "delimiter" in given:
        given["delimiter"] = _ESCAPED.get(given["delimiter"], given["delimiter"])
    return reading_of("predict", "--", given)
