"""What is asked for where target lines become a submission to SHINRA."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ml_collections import ConfigDict

from xlt_flax.data.examples import LabelSet
from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.sources.shinra.source import TEXTS
from xlt_flax.errors import UserError
from xlt_flax.places import local_path
from xlt_flax.prediction.output.shape import Shape, Writer
from xlt_flax.prediction.output.submission import Submission
from xlt_flax.prediction.predict import Request
from xlt_flax.prediction.table_in import Columns
from xlt_flax.prediction.table_out import TableOut, table_out
from xlt_flax.prediction.target_in import TargetIn, look_at_target

FORM = "shinra"
_SYSTEM = re.compile(r"[\w-]+")  # points stand around it
_MONTH = re.compile(r"\d{4}(0[1-9]|1[0-2])")
_ENE = re.compile(r"\d+(\.\d+)*")


@dataclass(frozen=True)
class SubmissionOut(TableOut):
    """A submission.

    Attributes:
      annotator: what stands before its classes.
    """

    annotator: str = ""

    @property
    def no_text(self) -> str:
        return 'have no text in the dump, and are left without a class ("ENEs":{})'

    def require_fitting(self, labels: LabelSet) -> None:
        if others := [name for name in labels.names if not _ENE.fullmatch(name)]:
            raise UserError(
                f"--format={FORM}: the model has the class {others[0]!r}, and a submission has ids "
                "of the Extended Named Entity hierarchy, such as 1.7.19.13: give a model that was "
                "trained on them"
            )

    def writer(self, stream: BinaryIO, shape: Shape, header: bool) -> Writer:
        del shape, header  # a line is the input's
        return Submission(stream, self.annotator)


@dataclass(frozen=True)
class SubmissionRequest(Request):
    """A submission that is asked for: `input` are target lines.

    Attributes:
      dump: that has their texts.
      text: one of TEXTS: what of a page is read.
      folder: what is read of the dump is kept there until the submission is whole.
    """

    dump: Path = Path()
    text: str = "text"
    folder: Path = Path()

    def look(self) -> TargetIn:
        return look_at_target(self.input, self.dump, self.text, self.folder)

    def require_possible(self) -> None:
        super().require_possible()
        output = self.output.path
        if output.exists() and output.samefile(self.dump):
            raise UserError(f"--output: {output} is the dump: give another file")


def submission_request(
    config: ConfigDict | None,
    target: str,
    dump: str,
    output: str,
    *,
    system: str,
    month: str,
    text: str,
    long: str,
    shard: tuple[int, int],
) -> SubmissionRequest:
    """
    Args:
      config: of the model's run; None: it has none.
      target, dump: paths.
      output: a path that ends in .jsonl or .jsonl.gz.
      system: that the classes are said to be of.
      month: YYYYMM; "": this one.
      text: one of TEXTS; "": as the run was trained, else the text alone.
      long, shard: as of `Request`.

    Raises:
      UserError: one of them cannot be.
    """
    text = text or (config.data.text if config else "text")
    if text not in TEXTS:
        raise UserError(f"--text={text}: give one of {' | '.join(TEXTS)}")
    path = _file(target, "--input")
    out = _output(output, _annotator(system, month))
    assert out.parts
    return SubmissionRequest(
        input=DataFile(path, path.name, "jsonl", zipped=False),
        reading=Reading(),
        columns=Columns(pair="," in text),
        output=out,
        long=long,
        shard=shard,
        dump=_file(dump, "--dump"),
        text=text,
        folder=out.parts.folder,
    )


def _annotator(system: str, month: str) -> str:
    month = month or f"{datetime.now(UTC):%Y%m}"
    if not _SYSTEM.fullmatch(system):
        raise UserError(
            f"--system is {system!r}: give the name of the system, of letters, digits, - and _"
        )
    if not _MONTH.fullmatch(month):
        raise UserError(f"--month={month}: give a year and a month, YYYYMM")
    return f"AUTO.{system}.{month}"


def _output(text: str, annotator: str) -> SubmissionOut:
    table = table_out(text, "")
    if not table.parts or table.form != "jsonl":
        raise UserError(
            f"--output={text}: a submission is a file of JSON lines, since the texts of its pages "
            "are kept beside it meanwhile: give FILE.jsonl, or FILE.jsonl.gz"
        )
    return SubmissionOut(table.path, table.form, table.zipped, annotator)


def _file(text: str, flag: str) -> Path:
    path = local_path(text, flag)
    if not path.is_file():
        raise UserError(f"{flag}: {path} is no file that is there: say where it is")
    return path
