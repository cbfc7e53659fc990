"""What a workdir keeps of the model that its run began with, so that it needs no other to predict.

    base/config.json, tokenizer files   shape and tokenizer, as transformers has them
         word_embeddings-DIGEST.safetensors   the model's whole table; one file on disk for all runs
                                        of a folder that have the same (a hard link)
         earlier_stages.safetensors     the rows that stages before the run changed, if any
         run.json                       digests of both, and how many documents are trained on

A checkpoint has all else: its own rows of the word embedding and every other weight. Where all rows
are trained (`model.vocabulary=full`), checkpoints have them all, and there are no tables here.
"""

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.errors import UserError
from xlt_flax.modeling.base_model import BaseModel, open_base_model
from xlt_flax.modeling.digests import digest
from xlt_flax.modeling.saved import write_config, write_tokenizer
from xlt_flax.training.length import length_of
from xlt_flax.training.optimizer import decay_of_unused_rows, schedule_of
from xlt_flax.workdir import Workdir

_RUN, _EARLIER, _TABLE = "run.json", "earlier_stages", "word_embeddings"


def keep_base(
    workdir: Workdir,
    model: BaseModel,
    names: Sequence[str],
    documents: int,
    original: np.ndarray | None = None,
    table: np.ndarray | None = None,
) -> None:
    """Writes base/, whole or not at all; does nothing where it is there.

    Args:
      workdir: of a run that begins.
      model: that it, or the first of its stages, began with.
      names: of the labels.
      documents: that it trains on.
      original: float32[vocabulary, hidden], the model's word embedding; None: checkpoints have all.
      table: the same as the run begins with it; None: it is the model's.
    """
    if workdir.base.is_dir():
        return
    temporary = workdir.path / f".{workdir.base.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        write_config(temporary, model.shape, names)
        write_tokenizer(temporary, model.tokenizer)
        facts: dict[str, object] = {"documents": documents}
        if original is not None:
            facts[_TABLE] = _write_table(workdir, temporary, original)
        if original is not None and table is not None:
            facts[_EARLIER] = _write_changed(temporary, original, table)
        files.write_json(temporary / _RUN, facts)
        os.replace(temporary, workdir.base)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def open_kept(workdir: Workdir, config: ConfigDict) -> BaseModel:
    """The model of a workdir's base/, its shape and tokenizer; of weights it has none.

    Args:
      workdir: of a run that has one.
      config: of the run.

    Raises:
      UserError: it is not as it was written.
    """
    names = workdir.labels()
    return open_base_model(with_kept_base(workdir, config), len(names), labels=names)


def with_kept_base(workdir: Workdir, config: ConfigDict) -> ConfigDict:
    """A run's config that names its workdir's base/ as the model, if there is one; locked."""
    if not workdir.base.is_dir():
        return config
    kept = ConfigDict(config.to_dict())
    kept.model.name, kept.model.revision = str(workdir.base), ""
    return kept.lock()


def kept_digest(workdir: Workdir) -> str:
    """What of base/ predictions depend on besides its tokenizer: equal ones are the same."""
    facts = json.loads((workdir.base / _RUN).read_text("utf-8"))
    return f"{facts.get(_TABLE)} {facts.get(_EARLIER)} {facts['documents']}"


def kept_table(workdir: Workdir, config: ConfigDict, updates: int) -> np.ndarray:
    """float32[vocabulary, hidden]: the word embeddings as so many updates leave rows that have no
    gradient.

    Args:
      workdir: of a run whose checkpoints have not all rows.
      config: of the run.
      updates: of the checkpoint that is asked about.

    Raises:
      UserError: base/ is not as it was written.
    """
    facts = json.loads((workdir.base / _RUN).read_text("utf-8"))
    table = _read(workdir, _table_file(facts[_TABLE]), facts[_TABLE])["embedding"]
    if facts.get(_EARLIER):
        changed = _read(workdir, f"{_EARLIER}.safetensors", facts[_EARLIER])
        table[changed["ids"]] = changed["rows"]
    schedule = schedule_of(config.train, length_of(config, facts["documents"]))
    decay = decay_of_unused_rows(config.train, schedule, updates)
    return table if decay == 1 else (table * decay).astype(np.float32)


def _write_table(workdir: Workdir, folder: Path, table: np.ndarray) -> str:
    """Writes it, or names another run's file of the same; returns its digest."""
    tensors = {"embedding": np.ascontiguousarray(table, np.float32)}
    name = _table_file(checksum := digest(tensors))
    for other in workdir.path.parent.glob(f"*/{workdir.base.name}/{name}"):
        with suppress(OSError):  # a file system without hard links, or a file that is gone by now
            os.link(other, folder / name)
            return checksum
    _write(folder / name, tensors)
    return checksum


def _write_changed(folder: Path, original: np.ndarray, table: np.ndarray) -> str | None:
    """Writes the rows that are not the model's; returns their digest, or None if there are none."""
    ids = np.flatnonzero((original != table).any(axis=1)).astype(np.int32)
    if not len(ids):
        return None
    tensors = {"ids": ids, "rows": np.ascontiguousarray(table[ids], np.float32)}
    _write(folder / f"{_EARLIER}.safetensors", tensors)
    return digest(tensors)


def _table_file(checksum: str) -> str:
    return f"{_TABLE}-{checksum[:16]}.safetensors"


def _write(file: Path, tensors: dict[str, np.ndarray]) -> None:
    from safetensors.numpy import save_file

    with files.replaced(file) as temporary:
        save_file(tensors, temporary)


def _read(workdir: Workdir, name: str, checksum: str) -> dict[str, np.ndarray]:
    """
    Raises:
      UserError: the file is gone, or has changed.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    file = workdir.base / name
    try:
        tensors = load_file(file)
    except (FileNotFoundError, SafetensorError):
        tensors = {}
    if not tensors or digest(tensors) != checksum:
        raise UserError(
            f"{file} is not as it was written: remove {workdir.base} and say where the model is, "
            "--config.model.name=PLACE"
        )
    return tensors
