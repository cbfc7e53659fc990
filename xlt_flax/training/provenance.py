"""What config.json says of a run besides its config: what it started from, which data it reads.

Gathered once the model and the data are read, before the workdir is a run's, and compared with what
is there when the run goes on or is judged. Places may change; what lies there may not.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

import jax
from ml_collections import ConfigDict

from xlt_flax.data.corpus import Corpus
from xlt_flax.data.tokenization import tokenizer_digest
from xlt_flax.errors import UserError
from xlt_flax.stored_config import moved
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.stages import Start, require_recorded_model
from xlt_flax.workdir import StudyFolder, Workdir

log = logging.getLogger("xlt_flax")


def gather(
    config: ConfigDict, inputs: Inputs, start: Start, splits: Iterable[tuple[str, str]]
) -> dict:
    """What a new run's config.json holds: `device`, `labels`, `started_from` and `data`.

    Args:
      config: of the run.
      inputs: what it names.
      start: what the run starts from.
      splits: every (language, split) that it reads.

    Raises:
      UserError: the model or the data is not as it should be.
    """
    corpus, devices = inputs.corpus, jax.devices()
    return {
        "device": {
            "platform": devices[0].platform,
            "kind": devices[0].device_kind,
            "count": len(devices),
        },
        "labels": list(inputs.labels.names),
        "started_from": _started_from(config, inputs, start),
        "data": {
            "documents": {f"{name}/{part}": corpus.digest(name, part) for name, part in splits},
            "tokenizer": tokenizer_digest(inputs.base.tokenizer),
        },
    }


def check(workdir: Workdir, config: ConfigDict, inputs: Inputs, start: Start) -> None:
    """Refuses to go on with a run, or to judge it, on another model or other data than it had.

    What a run records is compared, digest by digest. Nothing is recorded by workdirs of format 1:
    where something was moved meanwhile, a warning says that it could not be compared.

    Args:
      workdir: of the run; of a new one, nothing is compared.
      config: of the run, with places that may be given anew.
      inputs: what it names.
      start: what the run started from.

    Raises:
      UserError: one line, which says what is another, and what to do.
    """
    if not workdir.is_run():
        return
    check_data(workdir, config, inputs)
    require_recorded_model(start, inputs.base, config.model)
    elsewhere = moved(workdir.read_config().to_dict(), config.to_dict())
    if elsewhere and not workdir.started_from():
        log.warning(
            "%s was begun by an older xlt_flax, which recorded no digests: whether %s %s the same "
            "as then is not known",
            workdir.path,
            " and ".join(f"config.{field}" for field in elsewhere),
            "are" if len(elsewhere) > 1 else "is",
        )


def check_labels(workdir: Workdir, inputs: Inputs, start: Start) -> None:
    """Refuses to start a run from one whose outputs stand for other labels, or for the same ones in
    another order; and to go on with a run, or to judge it, as if its outputs did.

    Args:
      workdir: of the run.
      inputs: what its config names.
      start: what it starts from.

    Raises:
      UserError: one line, which names a label.
    """
    if workdir.is_run():
        _require_labels(workdir, inputs, "begin in another --workdir")
    elif start.source:
        _require_labels(start.source, inputs, "start from another run")


def check_pooling(workdir: Workdir, config: ConfigDict, start: Start) -> None:
    """Refuses to start a run from one whose head reads documents by another pooling: its weights
    would fit, and mean nothing.

    Args:
      workdir: of the run; one that has begun is not asked.
      config: of the run.
      start: what it starts from.

    Raises:
      UserError: one line, which names both.
    """
    if workdir.is_run() or not start.source:
        return
    own, sources = config.model.pooling, start.source.read_config().model.pooling
    if own != sources:
        raise UserError(
            f"config.model.pooling is {own!r}, but {start.source.path} was trained with "
            f"{sources!r}, and its head with it: give {sources!r}, or start from another run"
        )


def check_sweep(folder: Path, config: ConfigDict, inputs: Inputs) -> None:
    """The same for all runs in a sweep's folder, before more are added to it.

    Args:
      folder: with a workdir for each run that has begun.
      config: what the sweep's runs have in common.
      inputs: what it names.

    Raises:
      UserError: one of them had another model or other data.
    """
    for run in StudyFolder(folder).runs():
        try:
            recorded = run.started_from()
        except UserError:  # which the run itself will say
            continue
        check_data(run, config, inputs)
        if "model" in recorded:
            start = Start(digest=recorded["digest"], run=run, revision=recorded["revision"])
            require_recorded_model(start, inputs.base, config.model)


def check_data(workdir: Workdir, config: ConfigDict, inputs: Inputs) -> None:
    """Refuses other documents, or another tokenizer, than a run's.

    Documents that are not here are not asked for.

    Raises:
      UserError: one line, which says what is another, and what to do.
    """
    recorded = workdir.data_digests()
    if not recorded:
        return
    if recorded["tokenizer"] != tokenizer_digest(inputs.base.tokenizer):
        raise UserError(
            f"config.model.name: the tokenizer of {config.model.name} is not the one that "
            f"{workdir.path} was begun with (tokenizers {workdir.versions().get('tokenizers')}): "
            "give that one, --config.model.name=PLACE, or another --workdir"
        )
    for name, digest in recorded["documents"].items():
        now = inputs.corpus.known_digest(*name.split("/"))
        if now not in (None, digest):
            raise UserError(_other_documents(workdir, inputs.corpus, config, name))


def _require_labels(workdir: Workdir, inputs: Inputs, or_else: str) -> None:
    trained, here = workdir.labels(), list(inputs.labels.names)
    if trained in ([], here):  # format 1 recorded none
        return
    raise UserError(
        f"config.data.dataset: {inputs.corpus.source.name} has {_differing(trained, here)} than "
        f"{workdir.path}, whose outputs go by their order: let the data name the same labels in "
        f"the same order, or {or_else}"
    )


def _differing(trained: list[str], here: list[str]) -> str:
    """How the labels of a data set differ from those that were trained on."""
    if missing := [label for label in trained if label not in here]:
        return f"other labels (no {missing[0]!r})"
    if new := [label for label in here if label not in trained]:
        return f"other labels ({new[0]!r} is new)"
    first = next(a for a, b in zip(here, trained, strict=True) if a != b)
    return f"its labels in another order ({first!r} comes sooner)"


def _other_documents(workdir: Workdir, corpus: Corpus, config: ConfigDict, name: str) -> str:
    field, value = ("files", "DATA") if config.data.files else ("data_dir", "DIR")
    return (
        f"config.data.{field}: the {name} documents of {corpus.source.name} in "
        f"{config.data[field]} are not those that {workdir.path} was begun with: say where those "
        f"are, --config.data.{field}={value}, or run it again in another --workdir"
    )


def _started_from(config: ConfigDict, inputs: Inputs, start: Start) -> dict:
    if start.source:
        return {"workdir": str(start.source.path), "step": start.step, "digest": start.digest}
    return {
        "model": config.model.name,
        "init": config.model.init,
        "revision": inputs.base.revision,
        "digest": inputs.base.digest(),
    }
