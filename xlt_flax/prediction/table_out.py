"""Where predictions go: a file, whole or not there; or a pipe, part by part."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

from xlt_flax.data.examples import LabelSet
from xlt_flax.data.sources.files.description import data_file
from xlt_flax.errors import UserError
from xlt_flax.failures import place_named
from xlt_flax.files import require_writable
from xlt_flax.places import local_folder, local_path
from xlt_flax.prediction.answers import Asked
from xlt_flax.prediction.output.delimited import Delimited
from xlt_flax.prediction.output.json_lines import JsonLines
from xlt_flax.prediction.output.parquet import Parquet
from xlt_flax.prediction.output.shape import Shape, Writer, object_shape, table_shape
from xlt_flax.prediction.parts import Parts
from xlt_flax.prediction.table_in import TableIn, is_pipe

FORMATS = ("jsonl", "csv", "tsv", "parquet")
STDOUT = Path("/dev/stdout")  # is this process's own, also where that name cannot be opened
_READER_GONE = 141  # as a shell has it of a program that SIGPIPE ended


@dataclass(frozen=True)
class TableOut:
    """An output.

    Attributes:
      path: of the file or pipe; STDOUT: standard output.
      form: one of FORMATS.
      zipped: whether gzip packs it.
    """

    path: Path
    form: str
    zipped: bool

    @property
    def no_text(self) -> str:
        """What is said of documents without a text: "3 of them …"; "": nothing, of a table."""
        return ""

    def require_fitting(self, labels: LabelSet) -> None:
        """
        Raises:
          UserError: what is written cannot hold the model's classes; a table holds any.
        """

    @cached_property
    def parts(self) -> Parts | None:
        """What a killed prediction left beside the file; None: a pipe keeps nothing."""
        return None if is_pipe(self.path) or self.path == STDOUT else Parts(self.path)

    @property
    def scores(self) -> Path | None:
        """The file beside it of what the predictions are worth; None: there is none of a pipe."""
        return self.path.with_name(f"{self.path.name}.scores.json") if self.parts else None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While in here, no other process writes the file.

        Raises:
          UserError: another process does.
          OSError: this user may not write there.
        """
        if self.parts:
            require_writable(self.path.parent)
        with self.parts.alone() if self.parts else nullcontext():
            yield

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        """Of bytes; the file has its name at the end.

        Raises:
          SystemExit: whoever reads the pipe has left: nobody waits for the rest.
        """
        with self.parts.whole() if self.parts else _pipe(self.path) as raw:
            if not self.zipped:
                yield raw
                return
            # No name and time in it, so that the same predictions are the same bytes.
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                yield cast(BinaryIO, packed)

    def shape(self, looked: TableIn, labels: LabelSet, asked: Asked) -> Shape:
        """What its rows will have."""
        return (object_shape if self.form == "jsonl" else table_shape)(looked, labels, asked)

    def writer(self, stream: BinaryIO, shape: Shape, header: bool) -> Writer:
        """Of its format; `header`: whether columns are named first, where a format does so."""
        if self.form == "jsonl":
            return JsonLines(stream, shape, header)
        if self.form == "parquet":
            return Parquet(stream, shape, header)
        return Delimited(stream, shape, header, "\t" if self.form == "tsv" else ",")


def table_out(text: str, form: str) -> TableOut:
    """Of --output; nothing is made.

    Args:
      text: a path, or "-".
      form: such as "csv" or "csv.gz"; of a pipe, "" is jsonl; of a file, its extension counts.

    Raises:
      UserError: no such format can be written, or this can be no file.
    """
    path = STDOUT if text == "-" else local_path(text, "--output")
    piped = path == STDOUT or is_pipe(path)
    named = Path(f"-.{form or 'jsonl'}") if piped else path
    file = data_file(named, named.parent)
    if file.form not in FORMATS or (file.form == "parquet" and file.zipped):
        shown = file.form + ".gz" * file.zipped
        raise UserError(
            f"--output: {shown} cannot be written: give one of {', '.join(FORMATS)}, each but "
            "parquet also with .gz behind it"
        )
    if not piped:
        path = Path(os.path.realpath(path))  # through a link, not in its place
        local_folder(path.parent, "--output")
        if path.is_dir():
            raise UserError(f"--output: {path} is a folder: give a file")
    return TableOut(path, file.form, file.zipped)


@contextmanager
def _pipe(path: Path) -> Iterator[BinaryIO]:
    is_ours = path == STDOUT
    try:
        with (
            place_named("standard output" if is_ours else path),
            open(1 if is_ours else path, "wb", closefd=not is_ours) as stream,
        ):
            yield stream
    except BrokenPipeError:
        raise SystemExit(_READER_GONE) from None
