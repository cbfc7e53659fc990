"""Text of one's own: a folder of LANGUAGE.SPLIT.EXT, or a TOML file that names files and columns.

    label = "category"            # column of the label; "label" if not said
    text = ["title", "body"]      # "text"; several: joined by a space, or, pair = true, a pair
    id = "ticket"                 # column of the id; without, a document's id is FILE:ROW
    labels_separator = ";"        # "bug;praise" are two labels; without, a text is one label
    labels = ["bug", "praise"]    # their order; without, those of the training files, sorted
    rename = {"1" = "bad", "5" = "good"}    # label in the file = label; others are refused
    folder = "tickets"            # files named LANGUAGE.SPLIT.EXT, besides those listed below
    [train]                       # likewise [validation], [test], [unlabeled]
    en = "tickets.en.csv"
    de = ["de-1.tsv", "de-2.jsonl.gz"]
    [reader]                      # of csv and tsv: delimiter, quote ("" = none), columns (of files
    quote = ""                    # that name none); of all but parquet: encoding

Files are csv, tsv, jsonl, parquet or txt (a document a line, no label), each also .gz. Documents
may have several labels, or none, where there is a labels_separator or the label's column holds
lists (jsonl, parquet): config.train.objective is "multi_label" then.
"""

from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.data.sources.files.folder import describe_folder
from xlt_flax.data.sources.files.source import FilesSource
from xlt_flax.data.sources.files.toml_file import describe_toml
from xlt_flax.errors import UserError
from xlt_flax.places import local_path


def make_source(data: ConfigDict) -> FilesSource:
    """The text that `data.files` names; what is found out about it is kept in `data.data_dir`.

    No file but the TOML file is read.

    Raises:
      UserError: there is no such folder or TOML file, or it says what cannot be.
    """
    if not data.files:
        raise UserError(
            "config.data.files is '': give a folder of files named LANGUAGE.SPLIT.EXT, such as "
            "en.train.csv, or a TOML file: --config=configs/files.py:DATA"
        )
    place = local_path(data.files, "config.data.files")
    if place.is_dir():
        description = describe_folder(place)
    elif place.suffix.lower() == ".toml":
        description = describe_toml(place)
    else:
        what = "is neither a folder nor a TOML file" if place.exists() else "is not there"
        raise UserError(
            f"config.data.files: {place} {what}: give a folder of files named LANGUAGE.SPLIT.EXT, "
            "or a TOML file"
        )
    return FilesSource(description, local_path(Path(data.data_dir), "config.data.data_dir"))
