"""What a notebook calls of trained models; api has it too.

What is heavy is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_collections import ConfigDict

from xlt_flax.console import shown
from xlt_flax.data.long_documents import TRUNCATE
from xlt_flax.errors import UserError
from xlt_flax.overrides import given_anew
from xlt_flax.workdir import Workdir, is_workdir

if TYPE_CHECKING:
    from xlt_flax.evaluation.submission import SubmissionScores
    from xlt_flax.prediction.predict import Predicted
    from xlt_flax.prediction.trained import Trained


def export(
    workdir: str | PathLike[str],
    folder: str | PathLike[str],
    checkpoint: str = "best",
    calibrate: bool = False,
    msgpack: bool = False,
    places: Mapping[str, str | int] | None = None,
) -> None:
    """Writes a run's model as a folder that transformers opens, in PyTorch too.

    Args:
      workdir: of the run, finished or not.
      folder: that is made; it may be there if it is empty.
      checkpoint: "best", "latest", or a step.
      calibrate: divide the logits by a temperature that is fitted on the documents that validated
        the run, which are of the languages it was trained on.
      msgpack: write flax_model.msgpack as well.
      places: {field: value} of the config where something lies that was moved.

    Raises:
      UserError: there is no such checkpoint, something is in the folder, no class of transformers
        computes the model, or it needs what is not there.
    """
    target = Path(fspath(folder)).expanduser()
    with shown():
        run = Workdir(workdir)
        config = given_anew(run.read_config(), places or {})
        from xlt_flax.prediction import calibrate as calibration
        from xlt_flax.prediction.export import export_model, require_free
        from xlt_flax.prediction.model_card import card_of_run
        from xlt_flax.prediction.opening import open_whole

        require_free(target)
        model, notes, temperature = open_whole(run, checkpoint, config), [], 1.0
        if calibrate:
            fitted = calibration.calibrate(model, run, config)
            notes, temperature = fitted.notes(), fitted.temperature
        export_model(model, target, card_of_run(model, run, notes), temperature, msgpack)


def predict(
    model: str | PathLike[str],
    input: str | PathLike[str],
    output: str | PathLike[str],
    *,
    text: Sequence[str] = (),
    pair: bool | None = None,
    id_column: str = "",
    label_column: str = "",
    labels_separator: str | None = None,
    reading: Mapping[str, Any] | None = None,
    pipes: Sequence[str] = (),
    top_k: int | None = None,
    threshold: float | None = None,
    long: str | None = None,
    shard: tuple[int, int] = (0, 1),
    checkpoint: str = "best",
    places: Mapping[str, str | int] | None = None,
    begin: Callable[[ConfigDict | None], None] = lambda config: None,
) -> Predicted:
    """Predicts a file: its rows, in their order, with a label and the classes' probabilities.

    Killed, the same call goes on where it stopped.

    Args:
      model: a workdir, or the folder or hub id of a classifier.
      input: txt (a document a line), csv, tsv, jsonl or parquet, each also .gz; "-": stdin.
      output: jsonl, csv, tsv or parquet, the first three also .gz; "-": stdout.
      text: columns of the text, joined by a space; (): those that a run was trained with, or
        "text".
      pair: whether they are two texts; None: as the run was trained, or not.
      id_column: of ids; "": FILE:ROW.
      label_column: of labels that predictions are judged by; "": none.
      labels_separator: between several labels, in that column and in csv and tsv that are written;
        None: that of the files that a run was trained with, or ";".
      reading: of csv and tsv `delimiter`, `quote` ("": none), `columns` (of files that name none);
        `encoding`.
      pipes: the format of stdin and stdout, or of each.
      top_k: so many of the most probable classes in place of all.
      threshold: the label is "abstain" where no class is as probable.
      long: what becomes of texts that are longer than the model reads: "truncate" or "windows";
        None: as the model was trained, config.data.long of its run.
      shard: (index from 0, count): one of as many stretches of rows, to be put together in order;
        the first alone names the columns.
      checkpoint: of a workdir: "best", "latest" or a step.
      places: as of `evaluate`.
      begin: is called with a workdir's config when what needs no model was found good, before a
        device is used.

    Returns:
      How many there were, were cut, abstained, and the scores; printed, it is sentences.

    Raises:
      UserError: model, input, output or an option cannot be.
    """
    from xlt_flax.prediction import predict as predicting
    from xlt_flax.prediction import request
    from xlt_flax.prediction.answers import Asked
    from xlt_flax.prediction.table_out import table_out

    with shown():
        read_as, written_as = request.formats(pipes)
        file = request.input_file(fspath(input), read_as)
        config = _config_of(model, checkpoint, places)
        asked = predicting.Request(
            file,
            request.reading_asked(reading or {}),
            request.columns_asked(
                config, file, text, pair, id_column, label_column, labels_separator
            ),
            table_out(fspath(output), written_as),
            Asked(top_k, threshold),
            _long_of(config, long),
            shard,
        )
        return predicting.predict(asked, _opener(model, checkpoint, config, begin))


def submit(
    model: str | PathLike[str],
    target: str | PathLike[str],
    dump: str | PathLike[str],
    output: str | PathLike[str],
    system: str,
    month: str = "",
    *,
    text: str = "",
    long: str | None = None,
    shard: tuple[int, int] = (0, 1),
    checkpoint: str = "best",
    places: Mapping[str, str | int] | None = None,
    begin: Callable[[ConfigDict | None], None] = lambda config: None,
) -> Predicted:
    """Writes a submission to SHINRA: target lines, in their order, with the classes of a model.

    Killed, the same call goes on where it stopped. A page without a text in the dump has no class.

    Args:
      model: a workdir, or the folder or hub id of a classifier, whose classes are ids of the
        Extended Named Entity hierarchy.
      target: JSON lines of pages.
      dump: a CirrusSearch dump with their texts.
      output: a path that ends in .jsonl or .jsonl.gz.
      system: that the classes are said to be of.
      month: YYYYMM; "": this one.
      text: what of a page is read, "text", "title+text", or "title,text" as a pair; "": as a run
        was trained, else "text".
      long, shard, checkpoint, places, begin: as of `predict`.

    Raises:
      UserError: model, files or an option cannot be.
    """
    from xlt_flax.prediction import predict as predicting
    from xlt_flax.prediction.submission import submission_request

    with shown():
        config = _config_of(model, checkpoint, places)
        asked = submission_request(
            config,
            fspath(target),
            fspath(dump),
            fspath(output),
            system=system,
            month=month,
            text=text,
            long=_long_of(config, long),
            shard=shard,
        )
        return predicting.predict(asked, _opener(model, checkpoint, config, begin))


def _config_of(
    model: str | PathLike[str], checkpoint: str, places: Mapping[str, str | int] | None
) -> ConfigDict | None:
    """Of a run; None of a folder, which has none."""
    if is_workdir(model):
        return given_anew(Workdir(model).read_config(), places or {})
    if places or checkpoint != "best":
        raise UserError("--checkpoint and --config are of a run, --workdir: leave them out")
    return None


def _long_of(config: ConfigDict | None, asked: str | None) -> str:
    """What becomes of long texts: as it is asked for, else as the run was trained."""
    return asked or (config.data.long if config else TRUNCATE)


def _opener(
    model: str | PathLike[str],
    checkpoint: str,
    config: ConfigDict | None,
    begin: Callable[[ConfigDict | None], None],
) -> Callable[[], Trained]:
    def open_model() -> Trained:
        begin(config)
        from xlt_flax.prediction.opening import open_trained  # JAX and all that goes with it

        return open_trained(model, checkpoint, config)

    return open_model


def score_submission(
    submission: str | PathLike[str],
    answers: str | PathLike[str],
    classes: str | PathLike[str] | None = None,
) -> SubmissionScores:
    """Says how right a submission to SHINRA is, by the rule of its scorer.

    Args:
      submission, answers: JSON lines in the new or the old layout, or a development TSV; plain or
        packed by gzip or bzip2.
      classes: the class list, which a TSV needs; given, a class that it lacks is refused.

    Returns:
      Its `scores`: `precision`, `recall` and `f1`, each with `value`, `low` and `high`; printed,
      lines.

    Raises:
      UserError: a file is not as it should be; names file and line.
    """
    from xlt_flax.evaluation.submission import score_submission as score

    files = [Path(fspath(place)).expanduser() for place in (submission, answers)]
    return score(files[0], files[1], Path(fspath(classes)).expanduser() if classes else None)
