"""Which reader reads a file: by its extension."""

from collections.abc import Iterator
from pathlib import Path

from xlt_flax.data.sources.files import delimited, json_lines, parquet, plain_text
from xlt_flax.data.sources.files.description import Description, extension
from xlt_flax.data.sources.files.rows import Rows, Wanted

_DELIMITERS = {"csv": ",", "tsv": "\t"}


def read(path: Path, wanted: Wanted, description: Description) -> Iterator[Rows]:
    """Streams the rows of a file.

    Raises:
      UserError: it is not as it should be; the message names file, row and column.
    """
    reader, kind = description.reader, extension(path.name)
    if kind in _DELIMITERS:
        dialect = delimited.Dialect(
            reader.delimiter or _DELIMITERS[kind], reader.quote, reader.columns, reader.encoding
        )
        return delimited.read(path, wanted, dialect)
    if kind == "jsonl":
        return json_lines.read(path, wanted, reader.encoding)
    if kind == "parquet":
        return parquet.read(path, wanted)
    return plain_text.read(path, wanted, reader.encoding)
