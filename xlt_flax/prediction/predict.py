"""Predicts a table: rows in, the same rows out with what a model says of each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xlt_flax import files
from xlt_flax.data.long_documents import TRUNCATE, WINDOWS
from xlt_flax.data.sources.files.description import DataFile, Reading
from xlt_flax.data.tokenization import spread
from xlt_flax.errors import UserError
from xlt_flax.evaluation.table import long_in_words
from xlt_flax.prediction.answers import Asked, abstained, answers
from xlt_flax.prediction.classify import WINDOW, Classified, classify
from xlt_flax.prediction.judged import Judge, scores_in_words
from xlt_flax.prediction.table_in import Columns, Row, TableIn, is_pipe, look
from xlt_flax.prediction.table_out import TableOut
from xlt_flax.training.progress import Progress

if TYPE_CHECKING:  # it is opened when all else was found good
    from xlt_flax.prediction.trained import Trained

log = logging.getLogger("xlt_flax")


@dataclass(frozen=True)
class Request:
    """What is to be predicted, and how it is to be said.

    Attributes:
      input: file or pipe.
      reading, columns: how it is read.
      output: file or pipe.
      asked: what is said of each document.
      long: "truncate" or "windows" (prediction/classify).
      shard: (index from 0, count): which of as many stretches of about equal length.
    """

    input: DataFile
    reading: Reading
    columns: Columns
    output: TableOut
    asked: Asked = field(default_factory=Asked)
    long: str = TRUNCATE
    shard: tuple[int, int] = (0, 1)

    def look(self) -> TableIn:
        """The input, looked at. Raises as `table_in.look`."""
        return look(self.input, self.reading, self.columns)

    def require_possible(self) -> None:
        """
        Raises:
          UserError: parts of it do not go together.
        """
        self.asked.require_possible()
        if is_pipe(self.input.path) and self.shard[1] > 1:
            raise UserError(
                "--shard: how many rows a pipe has is not known before its end: give a file"
            )
        if self.columns.pair and self.long == WINDOWS:
            raise UserError("--long=windows is of single texts, and these are pairs: give truncate")
        output = self.output.path
        both = not is_pipe(output) and output.exists() and self.input.path.exists()
        if both and output.samefile(self.input.path):
            raise UserError(f"--output: {output} is the input: give another file")


@dataclass
class Predicted:
    """What came of it; as text, in sentences.

    Attributes:
      output: where it is; None: in a pipe.
      documents: how many.
      length: tokens that the model reads of each.
      long: what became of longer ones.
      cut: how many were longer.
      no_text: what is said of documents without a text; "": nothing.
      without_text: how many those are.
      abstained: how many got no label, as no class was probable enough.
      unknown: of how many the model's output is not a number.
      scores: what OUTPUT.scores.json holds; None: the input has no labels.
    """

    output: Path | None
    length: int
    long: str
    no_text: str = ""
    documents: int = 0
    without_text: int = 0
    cut: int = 0
    abstained: int = 0
    unknown: int = 0
    scores: dict[str, Any] | None = None

    def add(self, rows: Sequence[Row], part: Classified, unsure: np.ndarray) -> None:
        self.documents += len(part)
        self.without_text += sum(not any(row.texts) for row in rows)
        self.cut += int(part.is_cut.sum())
        self.abstained += int(unsure.sum())
        self.unknown += int((~np.isfinite(part.probabilities).all(-1)).sum())

    def __str__(self) -> str:
        place = f", written to {self.output}" if self.output else ""
        lines = [f"{self.documents:,} documents predicted{place}"]
        lines.append(long_in_words(self.cut, self.length, self.long))
        if self.no_text and self.without_text:
            lines.append(f"{self.without_text:,} of them {self.no_text}")
        if self.abstained:
            lines.append(f"{self.abstained:,} abstained: no class is as probable as --threshold")
        if self.unknown:
            lines.append(f"the model's output is not a number for {self.unknown:,}")
        return "\n".join(lines + ([scores_in_words(self.scores)] if self.scores else []))


def predict(request: Request, open_model: Callable[[], Trained]) -> Predicted:
    """Predicts the input, once each row, and writes the output.

    Args:
      request: what is to be done.
      open_model: is called when all that needs no model was found good.

    Raises:
      UserError: input, output or options cannot be.
      SystemExit: whoever reads the output has left.
    """
    request.require_possible()
    with request.output.alone():
        looked = _looked_at(request)
        model = open_model()
        request.asked.require_fitting(model.labels)
        request.output.require_fitting(model.labels)
        judge = Judge(looked, model.labels) if request.columns.label else None
        return _write(request, looked, model, judge)


def _looked_at(request: Request) -> TableIn:
    if not is_pipe(request.input.path):
        log.info("reading %s", request.input.path)  # which takes its time where it is large
    looked = request.look()
    if looked.count is not None:
        columns = f", with the columns {', '.join(looked.names)}" if looked.names else ""
        log.info("%s rows%s", f"{looked.count:,}", columns)
    return looked


def _write(request: Request, looked: TableIn, model: Trained, judge: Judge | None) -> Predicted:
    output = request.output
    place = output.path if output.parts else None
    predicted = Predicted(place, model.max_length, request.long, output.no_text)
    shape = output.shape(looked, model.labels, request.asked)
    for meant, given in shape.renamed().items():
        log.info("%s is called %s, as there is a column %s already", meant, given, meant)
    with output.stream() as stream:
        with closing(output.writer(stream, shape, header=request.shard[0] == 0)) as writer:
            for rows, part in _answered(request, looked, model):
                shape.require_kept(rows, looked)
                unsure = abstained(part, request.asked)
                predicted.add(rows, part, unsure)
                if judge:
                    judge.add(rows, part, unsure)
                writer.write(rows, answers(part, model.labels, request.asked))
                stream.flush()
        looked.require_unchanged()
        predicted.scores = judge.as_json() if judge else None
        _write_scores(output, predicted.scores)
    return predicted


def _write_scores(output: TableOut, scores: dict[str, Any] | None) -> None:
    """Beside the output; those of an earlier output would not be of this one."""
    if output.scores and scores:
        files.write_json(output.scores, scores)
    elif output.scores:
        output.scores.unlink(missing_ok=True)


def _answered(
    request: Request, looked: TableIn, model: Trained
) -> Iterator[tuple[list[Row], Classified]]:
    """Rows that follow each other, and what the model says of them: what is stored of a prediction
    that was stopped, then the rest, which is stored as it comes."""
    start, stop = _stretch(looked, request.shard)
    rows, number, done = looked.rows(start, stop), 0, 0
    parts = request.output.parts if looked.count is not None else None
    if parts:
        parts.begin(_made_from(request, looked, model) | {"rows": [start, stop]})
        for part in parts.stored():
            yield [*islice(rows, len(part))], part
            number, done = number + 1, done + len(part)
    if done:
        log.info("going on after %s documents that are predicted already", f"{done:,}")
    total = None if stop is None else stop - start
    progress = Progress("predicting", total, done, "doc")
    with closing(progress), spread(model.tokenizer):
        while chunk := [*islice(rows, WINDOW)]:
            # By itself, so that its numbers do not depend on where a prediction began.
            texts = [row.texts for row in chunk]
            (part,) = classify(model, texts, request.long, progress.advance, WINDOW)
            if parts:
                parts.store(number, part)
                number += 1
            yield chunk, part


def _stretch(looked: TableIn, shard: tuple[int, int]) -> tuple[int, int | None]:
    """The rows of a shard: from, and up to."""
    if looked.count is None:
        return 0, None
    index, count = shard
    return looked.count * index // count, looked.count * (index + 1) // count


def _made_from(request: Request, looked: TableIn, model: Trained) -> dict[str, Any]:
    """All that the model's results depend on; how they are written may change."""
    return {
        "model": model.digest,
        "labels": model.labels.names,
        "max_length": model.max_length,
        "long": request.long,
        "window": WINDOW,
    } | looked.facts()
