r"""Says of each document of a file which class it is of, and how probable each class is.

    python -m xlt_flax.predict --workdir=DIR --input=tickets.csv --output=labelled.csv
    python -m xlt_flax.predict --model=HF_FOLDER --input=news.txt.gz --output=news.jsonl
    … | python -m xlt_flax.predict --workdir=DIR --input=- --output=- | …
    python -m xlt_flax.predict --workdir=DIR --input=a.parquet --output=a.0.csv --shard=0/4

Reads txt (a document a line), csv, tsv, jsonl and parquet, each also .gz; writes jsonl, csv, tsv or
parquet by the output's extension: a row for each, in order, the input's columns, then the label,
its probability and that of each class. With --label_column it says how right that is as well, and
writes OUTPUT.scores.json. Killed, the same command goes on where it stopped.

    python -m xlt_flax.predict --workdir=DIR --format=shinra --input=target.jsonl --dump=DUMP \
      --system=NAME --output=submission.jsonl

writes a submission to SHINRA: the target's lines with the model's classes of each page.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from absl import flags
from ml_collections import ConfigDict

from xlt_flax import api_models, cli, overrides, words
from xlt_flax.config import base, resolve
from xlt_flax.data.long_documents import LONG
from xlt_flax.errors import UserError
from xlt_flax.stored_config import PLACES
from xlt_flax.workdir import Workdir

if TYPE_CHECKING:
    from xlt_flax.prediction.predict import Predicted

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a run.")
_MODEL = flags.DEFINE_string(
    "model", None, "In its place: folder or hub id of a classifier, as transformers has it."
)
_CHECKPOINT = flags.DEFINE_string("checkpoint", "best", "Of a run: best, latest, or a step.")
_INPUT = flags.DEFINE_string("input", None, "File to predict; - is stdin.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "File to write; - is stdout.", required=True)
_FORMAT = flags.DEFINE_list(
    "format",
    [],
    "Of stdin and stdout: one, such as csv, or two, csv,jsonl; default: txt,jsonl. shinra: target "
    "lines that become a submission.",
)
_DUMP = flags.DEFINE_string("dump", None, "Of --format=shinra: dump with the pages' texts.")
_SYSTEM = flags.DEFINE_string("system", None, "Of --format=shinra: name of what predicts.")
_MONTH = flags.DEFINE_string("month", None, "Of --format=shinra: YYYYMM. Default: this month.")
_TEXT = flags.DEFINE_list(
    "text",
    [],
    "Columns of the text, joined by a space. Default: those of the run's own files, or text. Of "
    "--format=shinra: text, title+text, or title,text, a pair.",
)
_PAIR = flags.DEFINE_bool("pair", None, "Whether the columns of --text are two texts.")
_ID = flags.DEFINE_string("id", "", "Column of ids, for jsonl's id. Default: FILE:ROW.")
_LABEL = flags.DEFINE_string("label_column", "", "Column of labels to judge predictions by.")
_SEPARATOR = flags.DEFINE_string(
    "labels_separator", None, "Between several labels. Default: that of the run's own files, or ;"
)
_DELIMITER = flags.DEFINE_string("delimiter", None, "Of csv and tsv that are read.")
_QUOTE = flags.DEFINE_string("quote", None, "Around values of csv and tsv that are read; '': none.")
_COLUMNS = flags.DEFINE_list("columns", None, "Of csv and tsv whose first line does not name them.")
_ENCODING = flags.DEFINE_string("encoding", None, "Of what is read, such as cp1252.")
_TOP_K = flags.DEFINE_integer("top_k", None, "Show so many of the most probable classes, not all.")
_THRESHOLD = flags.DEFINE_float(
    "threshold", None, "The label is abstain where no class is as probable."
)
_LONG = flags.DEFINE_enum(
    "long",
    None,
    LONG,
    "What becomes of texts that are longer than the model reads: truncate reads their beginning, "
    "windows all, and takes the mean of the probabilities. Default: as a run was trained.",
)
_SHARD = flags.DEFINE_string(
    "shard",
    "0/1",
    "I/N, I from 0: one of N stretches of rows. Their outputs follow each other: `cat` joins them, "
    "but for parquet, of which they are a folder's files.",
)
_SHINRA = "shinra"
_OF_SUBMISSIONS = (_DUMP, _SYSTEM, _MONTH)
_OF_TABLES = (
    *(_PAIR, _ID, _LABEL, _SEPARATOR, _TOP_K, _THRESHOLD),
    *(_DELIMITER, _QUOTE, _COLUMNS, _ENCODING),
)
_GIVEN = overrides.define_field_flags([*PLACES, "eval.batch_size", "eval.weights"])


def main(_: Sequence[str]) -> None:
    predicted = _submit() if _FORMAT.value == [_SHINRA] else _predict()
    print(predicted, file=sys.stdout if predicted.output else sys.stderr)


def _predict() -> Predicted:
    _refuse(_OF_SUBMISSIONS, f"of a submission, --format={_SHINRA}")
    return api_models.predict(
        _model(),
        _INPUT.value,
        _OUTPUT.value,
        text=_TEXT.value,
        pair=_PAIR.value,
        id_column=_ID.value,
        label_column=_LABEL.value,
        labels_separator=_SEPARATOR.value,
        reading={
            "delimiter": _DELIMITER.value,
            "quote": _QUOTE.value,
            "columns": _COLUMNS.value,
            "encoding": _ENCODING.value,
        },
        pipes=_FORMAT.value,
        top_k=_TOP_K.value,
        threshold=_THRESHOLD.value,
        **_of_both(),
    )


def _submit() -> Predicted:
    _refuse(_OF_TABLES, f"of tables, and --format={_SHINRA} is none")
    if not _DUMP.value or not _SYSTEM.value:
        raise UserError(
            f"--format={_SHINRA} wants the dump with the texts and a name for what predicts: give "
            "--dump=FILE --system=NAME"
        )
    return api_models.submit(
        _model(),
        _INPUT.value,
        _DUMP.value,
        _OUTPUT.value,
        _SYSTEM.value,
        _MONTH.value or "",
        text=",".join(_TEXT.value),
        **_of_both(),
    )


def _of_both() -> dict[str, Any]:
    return {
        "long": _LONG.value,
        "shard": words.parse_shard(_SHARD.value),
        "checkpoint": _CHECKPOINT.value,
        "places": overrides.given(_GIVEN),
        "begin": _begin,
    }


def _refuse(given: Sequence[flags.FlagHolder], what: str) -> None:
    for flag in given:
        if flag.present:
            raise UserError(f"--{flag.name} is {what}: leave it out")


def _model() -> str:
    workdir, folder = _WORKDIR.value, _MODEL.value
    if workdir and not folder:
        Workdir(workdir).read_config()  # else it could be taken for a folder of another kind
        return str(workdir)
    if folder and not workdir:
        return str(folder)
    raise UserError("give the model: --workdir=DIR of a run, or --model=FOLDER of a classifier")


def _begin(config: ConfigDict | None) -> None:
    cli.start_jax(config or resolve(base()), "predict")


if __name__ == "__main__":
    cli.run(main)
